// SPDX-License-Identifier: Apache-2.0
//
// Convolutions, pools and resizes.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "delegates/opencl/nodes.h"
#include "ops/support/resize_axis.h"
#include "ops/support/spatial.h"

namespace safelight::opencl {
namespace {

int32_t Int(int64_t number) { return static_cast<int32_t>(number); }

template <typename T>
Constant MakeConstant(std::string declaration, const std::vector<T>& numbers) {
  Constant constant{std::move(declaration), std::vector<std::byte>(numbers.size() * sizeof(T))};
  std::memcpy(constant.bytes.data(), numbers.data(), constant.bytes.size());
  return constant;
}

// As values are stored.
Result<Constant> MakeWeights(const std::vector<float>& weights, bool half) {
  if (!half) return MakeConstant("__global const STORED* weights", weights);
  std::vector<uint16_t> halves;
  halves.reserve(weights.size());
  for (float weight : weights) {
    if (std::abs(weight) > 65504.0f) return Unsupported("weight ", weight, " is beyond float16");
    halves.push_back(FloatToHalf(weight));
  }
  return MakeConstant("__global const STORED* weights", halves);
}

// Always float32: they are few, and added to sums.
Constant MakeBias(const NodeView& node, int input, int64_t channels) {
  std::vector<float> bias(static_cast<size_t>((channels + 3) / 4 * 4), 0.0f);
  if (node.context.has_input(input)) {
    std::copy_n(node.context.constant<float>(input), channels, bias.begin());
  }
  return MakeConstant("__global const float4* bias", bias);
}

// Filters [output][ky][kx][i] as [slice of outputs][ky][kx][i of whole slices] of four outputs each.
std::vector<float> SliceFilters(const float* weights, const Shape& filter) {
  const int64_t outputs = filter[0], taps = filter[1] * filter[2], inputs = filter[3];
  const int64_t padded = (inputs + 3) / 4 * 4;
  std::vector<float> sliced(static_cast<size_t>((outputs + 3) / 4 * taps * padded * 4), 0.0f);
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t t = 0; t < taps; ++t) {
      for (int64_t i = 0; i < inputs; ++i) {
        sliced[static_cast<size_t>((((o / 4) * taps + t) * padded + i) * 4 + o % 4)] =
            weights[(o * taps + t) * inputs + i];
      }
    }
  }
  return sliced;
}

Verdict CheckFilter(const NodeView& node, int weights, int bias) {
  for (const auto& [input, what] : {std::pair{weights, "weights"}, {bias, "biases"}}) {
    if (!node.context.has_input(input)) continue;
    const Value& value = node.context.input(input);
    if (!value.is_constant()) return Verdict::No(what, " that are no constant");
    if (value.dtype != DType::kFloat32) return Verdict::No(DTypeName(value.dtype), " ", what);
  }
  return Verdict::Yes();
}
Verdict CheckConv(const NodeView& node) { return CheckFilter(node, 1, 2); }

void SetLimits(const kernels::Clamp& clamp, Head* head) {
  head->limited = !std::isinf(clamp.low) || !std::isinf(clamp.high);
  head->limits = {clamp.low, clamp.high};
}

// Tokens, numbers and limits of a sliding window of the given size.
void SetWindow(const NodeView& node, int64_t filter_h, int64_t filter_w, Head* head) {
  const auto& attrs = node.context.attrs<SlidingAttrs>();
  const Sliding s = *MakeSliding(node.context.input(0).shape, filter_h, filter_w, attrs);
  head->tokens.emplace_back("FILTER_H", Cat(filter_h));
  head->tokens.emplace_back("FILTER_W", Cat(filter_w));
  head->inputs = {node.input(0)};
  head->numbers = {{Int(s.rows.stride), Int(s.columns.stride), Int(s.rows.pad), Int(s.columns.pad)},
                   {Int(s.rows.dilation), Int(s.columns.dilation), Int(s.rows.in), Int(s.columns.in)}};
  SetLimits(attrs.clamp, head);
}

Result<Head> ConvHead(const NodeView& node, int) {
  const Shape &in = node.context.input(0).shape, &filter = node.context.input(1).shape;
  const int64_t groups = in[3] / filter[3], out = filter[0] / groups;
  const bool sliced = groups == 1 || (filter[3] % 4 == 0 && out % 4 == 0);
  Head head{.kernel = sliced ? "convolution" : "convolution_any_group"};
  SetWindow(node, filter[1], filter[2], &head);
  const float* weights = node.context.constant<float>(1);
  if (sliced) {
    head.pixels = 4;
    head.numbers.push_back({Int((filter[3] + 3) / 4), Int((out + 3) / 4), 0, 0});
    SL_ASSIGN(Constant constant, MakeWeights(SliceFilters(weights, filter), node.half_values));
    head.constants.push_back(std::move(constant));
  } else {
    head.numbers.push_back({Int(filter[3]), Int(out), 0, 0});
    SL_ASSIGN(Constant constant, MakeWeights({weights, weights + filter.elements()}, node.half_values));
    head.constants.push_back(std::move(constant));
  }
  head.constants.push_back(MakeBias(node, 2, filter[0]));
  return head;
}

Result<Head> DepthwiseHead(const NodeView& node, int) {
  const Shape &in = node.context.input(0).shape, &filter = node.context.input(1).shape;
  const int64_t taps = filter[1] * filter[2], channels = filter[3], padded = (channels + 3) / 4 * 4;
  Head head{.kernel = "depthwise"};
  SetWindow(node, filter[1], filter[2], &head);
  head.tokens.emplace_back("MULTIPLIED", channels == in[3] ? "0" : "1");
  head.numbers.push_back({Int(channels / in[3]), Int(in[3]), 0, 0});
  std::vector<float> weights(static_cast<size_t>(taps * padded), 0.0f);
  for (int64_t t = 0; t < taps; ++t) {
    std::copy_n(node.context.constant<float>(1) + t * channels, channels, weights.begin() + t * padded);
  }
  SL_ASSIGN(Constant constant, MakeWeights(weights, node.half_values));
  head.constants = {std::move(constant), MakeBias(node, 2, channels)};
  return head;
}

// Inputs of TRANSPOSE_CONV: 0 the output's shape, 1 weights, 2 data, 3 biases.
Verdict CheckTransposed(const NodeView& node) {
  if (!node.context.input(0).is_constant()) return Verdict::No("output sizes that are no constant");
  if (node.context.node().file_options == nullptr) return Verdict::No("a node without the file's options");
  return CheckFilter(node, 1, 3);
}

// TFLite's activations: 1 RELU, 2 RELU_N1_TO_1, 3 RELU6; others do not pass the reader.
Result<kernels::Clamp> ClampOfOption(int64_t activation) {
  constexpr kernels::Clamp kClamps[] = {{}, {.low = 0}, {.low = -1, .high = 1}, {.low = 0, .high = 6}};
  if (activation < 0 || activation > 3) return Unsupported("activation ", activation);
  return kClamps[activation];
}

Result<Head> TransposedHead(const NodeView& node, int) {
  const Shape &filter = node.context.input(1).shape, &in = node.context.input(2).shape;
  const Shape& out = node.context.output(0).shape;
  const AttrReader& options = *node.context.node().file_options;
  const bool same = options.Int(0, 0) == 0;
  const int64_t stride_w = options.Int(1, 1), stride_h = options.Int(2, 1);
  // What the whole result has more than the output, the smaller half before it.
  const auto pad = [&](int axis, int64_t stride) {
    return same ? std::max<int64_t>((in[axis] - 1) * stride + filter[axis] - out[axis], 0) / 2 : 0;
  };
  Head head{.kernel = "transposed", .inputs = {node.input(2)}};
  head.tokens = {{"FILTER_H", Cat(filter[1])}, {"FILTER_W", Cat(filter[2])}};
  head.numbers = {{Int(stride_h), Int(stride_w), Int(pad(1, stride_h)), Int(pad(2, stride_w))},
                  {0, 0, Int(in[1]), Int(in[2])},
                  {Int((in[3] + 3) / 4), 0, 0, 0}};
  SL_ASSIGN(Constant weights, MakeWeights(SliceFilters(node.context.constant<float>(1), filter), node.half_values));
  head.constants = {std::move(weights), MakeBias(node, 3, filter[0])};
  SL_ASSIGN(const kernels::Clamp clamp, ClampOfOption(options.Int(3, 0)));
  SetLimits(clamp, &head);
  return head;
}

template <bool average>
Result<Head> PoolHead(const NodeView& node, int) {
  const auto& attrs = node.context.attrs<SlidingAttrs>();
  Head head{.kernel = "pool"};
  SetWindow(node, attrs.filter_h, attrs.filter_w, &head);
  head.tokens.emplace_back("AVERAGE", average ? "1" : "0");
  head.numbers[1][0] = Int(attrs.filter_h);
  head.numbers[1][1] = Int(attrs.filter_w);
  return head;
}

Constant MakeTaps(const char* declaration, const std::vector<ResizeTap>& taps) {
  std::vector<int32_t> numbers;
  for (const ResizeTap& tap : taps) {
    int32_t weight = 0;
    std::memcpy(&weight, &tap.weight, sizeof(weight));
    numbers.insert(numbers.end(), {Int(tap.low), Int(tap.high), weight, 0});
  }
  return MakeConstant(declaration, numbers);
}

template <ResizeTaps taps>
Result<Head> ResizeHead(const NodeView& node, int) {
  Head head{.kernel = taps == &BilinearTaps ? "resize_bilinear" : "resize_nearest", .inputs = {node.input(0)}};
  head.constants = {MakeTaps("__global const int4* rows", TapsOfAxis(node.context, 1, taps)),
                    MakeTaps("__global const int4* columns", TapsOfAxis(node.context, 2, taps))};
  return head;
}

}  // namespace

const std::vector<NodeRule> kWindowRules = {
    {"CONV_2D", CheckConv, ConvHead, nullptr},
    {"DEPTHWISE_CONV_2D", CheckConv, DepthwiseHead, nullptr},
    {"TRANSPOSE_CONV", CheckTransposed, TransposedHead, nullptr},
    {"AVERAGE_POOL_2D", nullptr, PoolHead<true>, nullptr},
    {"MAX_POOL_2D", nullptr, PoolHead<false>, nullptr},
    {"RESIZE_BILINEAR", nullptr, ResizeHead<BilinearTaps>, nullptr},
    {"RESIZE_NEAREST_NEIGHBOR", nullptr, ResizeHead<NearestTaps>, nullptr},
};

}  // namespace safelight::opencl
