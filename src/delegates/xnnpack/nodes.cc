// SPDX-License-Identifier: Apache-2.0
#include "delegates/xnnpack/nodes.h"

#include <algorithm>
#include <array>
#include <limits>

namespace safelight::xnnpack {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Limits {
  float low = -kInfinity, high = kInfinity;
};

// TFLite's ActivationFunctionType.
Limits LimitsOf(int64_t activation) {
  switch (activation) {
    case 1: return {0, kInfinity};
    case 2: return {-1, 1};
    case 3: return {0, 6};
    default: return {};
  }
}

Verdict CheckActivation(const NodeView& node, int slot) {
  if (node.Int(slot) > 3) return Verdict::No("activation ", node.Int(slot));
  return Verdict::Yes();
}

Verdict CheckConstant(const NodeView& node, int input, const char* what) {
  if (node.context.has_input(input) && !node.context.input(input).is_constant()) {
    return Verdict::No(what, " that are no constant");
  }
  return Verdict::Yes();
}

#define SL_CHECK(verdict)                             \
  do {                                                \
    if (Verdict v_ = (verdict); !v_.taken) return v_; \
  } while (false)

Verdict CheckFilter(const NodeView& node, int filter, int bias) {
  SL_CHECK(CheckConstant(node, filter, "weights"));
  SL_CHECK(CheckConstant(node, bias, "biases"));
  const DType data = node.output() == kNone ? DType::kFloat32 : node.context.output(0).dtype;
  const DType weights = node.context.input(filter).dtype;
  if (weights != data) return Verdict::No(DTypeName(weights), " weights with ", DTypeName(data), " values");
  if (data != DType::kFloat32 && !node.context.has_input(bias)) return Verdict::Yes();
  if (data != DType::kFloat32 && node.context.input(bias).dtype != DType::kInt32)
    return Verdict::No("biases not int32");
  return Verdict::Yes();
}

// Slots of CONV_2D and DEPTHWISE_CONV_2D: 0 padding (SAME, VALID), 1 and 2 strides along columns and rows.
uint32_t PaddingFlags(const NodeView& node) { return node.Int(0) == 0 ? XNN_FLAG_TENSORFLOW_SAME_PADDING : 0; }

// The suite of ops shows other results than TFLite's where a stride leaves pixels out.
Verdict CheckStrides(const NodeView& node) {
  const Shape& filter = node.context.input(1).shape;
  if (node.Int(2, 1) > filter[1] || node.Int(1, 1) > filter[2]) return Verdict::No("strides beyond the window");
  return Verdict::Yes();
}

Verdict CheckConv(const NodeView& node) {
  SL_CHECK(CheckActivation(node, 3));
  SL_CHECK(CheckStrides(node));
  const int64_t groups = node.context.input(0).shape[3] / node.context.input(1).shape[3];
  if (groups != 1 && node.context.input(1).shape[0] % groups != 0) return Verdict::No("groups of unequal size");
  return CheckFilter(node, 1, 2);
}

xnn_status DefineConv(Builder& builder, const NodeView& node) {
  const Shape &in = node.context.input(0).shape, &filter = node.context.input(1).shape;
  const Limits limits = LimitsOf(node.Int(3));
  const auto groups = static_cast<uint32_t>(in[3] / filter[3]);
  const auto u = [&](int slot) { return static_cast<uint32_t>(node.Int(slot, 1)); };
  return builder.library.xnn_define_convolution_2d(
      builder.subgraph, 0, 0, 0, 0, static_cast<uint32_t>(filter[1]), static_cast<uint32_t>(filter[2]), u(2), u(1),
      u(5), u(4), groups, static_cast<size_t>(filter[3]), static_cast<size_t>(filter[0]) / groups, limits.low,
      limits.high, builder.Id(node.input(0)), builder.Id(node.input(1)), builder.Id(node.input(2)),
      builder.Id(node.output()), PaddingFlags(node));
}

Verdict CheckDepthwise(const NodeView& node) {
  SL_CHECK(CheckActivation(node, 4));
  SL_CHECK(CheckStrides(node));
  return CheckFilter(node, 1, 2);
}

xnn_status DefineDepthwise(Builder& builder, const NodeView& node) {
  const Shape &in = node.context.input(0).shape, &filter = node.context.input(1).shape;
  const Limits limits = LimitsOf(node.Int(4));
  const auto u = [&](int slot) { return static_cast<uint32_t>(node.Int(slot, 1)); };
  return builder.library.xnn_define_depthwise_convolution_2d(
      builder.subgraph, 0, 0, 0, 0, static_cast<uint32_t>(filter[1]), static_cast<uint32_t>(filter[2]), u(2), u(1),
      u(6), u(5), static_cast<uint32_t>(filter[3] / in[3]), static_cast<size_t>(in[3]), limits.low, limits.high,
      builder.Id(node.input(0)), builder.Id(node.input(1)), builder.Id(node.input(2)), builder.Id(node.output()),
      PaddingFlags(node));
}

// Inputs of TRANSPOSE_CONV: 0 the output's shape, 1 weights, 2 data, 3 biases.
Verdict CheckTransposeConv(const NodeView& node) {
  SL_CHECK(CheckActivation(node, 3));
  SL_CHECK(CheckConstant(node, 0, "output sizes"));
  return CheckFilter(node, 1, 3);
}

struct Deconvolution {
  uint32_t before = 0, after = 0, adjustment = 0;
};
// TFLite's padding of a transposed convolution: what the whole result has more than the output, the smaller half first.
Deconvolution PadsOf(int64_t in, int64_t out, int64_t taps, int64_t stride) {
  const int64_t whole = (in - 1) * stride + taps;
  const auto more = static_cast<uint32_t>(std::max<int64_t>(whole - out, 0));
  return {more / 2, more - more / 2, static_cast<uint32_t>(std::max<int64_t>(out - whole, 0))};
}

xnn_status DefineTransposeConv(Builder& builder, const NodeView& node) {
  const Shape &in = node.context.input(2).shape, &filter = node.context.input(1).shape;
  const Shape& out = node.context.output(0).shape;
  const Limits limits = LimitsOf(node.Int(3));
  const int64_t stride_w = node.Int(1, 1), stride_h = node.Int(2, 1);
  const Deconvolution rows = PadsOf(in[1], out[1], filter[1], stride_h);
  const Deconvolution columns = PadsOf(in[2], out[2], filter[2], stride_w);
  return builder.library.xnn_define_deconvolution_2d(
      builder.subgraph, rows.before, columns.after, rows.after, columns.before, rows.adjustment, columns.adjustment,
      static_cast<uint32_t>(filter[1]), static_cast<uint32_t>(filter[2]), static_cast<uint32_t>(stride_h),
      static_cast<uint32_t>(stride_w), 1, 1, 1, static_cast<size_t>(filter[3]), static_cast<size_t>(filter[0]),
      limits.low, limits.high, builder.Id(node.input(2)), builder.Id(node.input(1)), builder.Id(node.input(3)),
      builder.Id(node.output()), 0);
}

Verdict CheckFullyConnected(const NodeView& node) {
  SL_CHECK(CheckActivation(node, 0));
  if (node.Int(1) != 0) return Verdict::No("shuffled weights");
  SL_CHECK(CheckFilter(node, 1, 2));
  const Shape& in = node.context.input(0).shape;
  if (in.rank() == 0 || in[in.rank() - 1] != node.context.input(1).shape[1]) {
    return Verdict::No("rows of ", in.ToString(), " that run across its last axis");
  }
  return Verdict::Yes();
}

xnn_status DefineFullyConnected(Builder& builder, const NodeView& node) {
  const Limits limits = LimitsOf(node.Int(0));
  const bool same_rank = node.context.input(0).shape.rank() == node.context.output(0).shape.rank();
  return builder.library.xnn_define_fully_connected(
      builder.subgraph, limits.low, limits.high, builder.Id(node.input(0)), builder.Id(node.input(1)),
      builder.Id(node.input(2)), builder.Id(node.output()), same_rank ? 0 : XNN_FLAG_TENSORFLOW_RESHAPE_2D);
}

// Slots of pools: 0 padding, 1 and 2 strides, 3 and 4 the window along columns and rows, 5 the activation.
Verdict CheckPool(const NodeView& node) {
  SL_CHECK(CheckActivation(node, 5));
  if (node.Int(3, 1) * node.Int(4, 1) == 1) return Verdict::No("a window of one element");
  return Verdict::Yes();
}
Verdict CheckAveragePool(const NodeView& node) {
  SL_CHECK(CheckPool(node));
  if (node.Int(1, 1) > node.Int(3, 1) || node.Int(2, 1) > node.Int(4, 1))
    return Verdict::No("strides beyond the window");
  return Verdict::Yes();
}

xnn_status DefineAveragePool(Builder& builder, const NodeView& node) {
  const Limits limits = LimitsOf(node.Int(5));
  const auto u = [&](int slot) { return static_cast<uint32_t>(node.Int(slot, 1)); };
  return builder.library.xnn_define_average_pooling_2d(builder.subgraph, 0, 0, 0, 0, u(4), u(3), u(2), u(1), limits.low,
                                                       limits.high, builder.Id(node.input(0)),
                                                       builder.Id(node.output()), PaddingFlags(node));
}

xnn_status DefineMaxPool(Builder& builder, const NodeView& node) {
  const Limits limits = LimitsOf(node.Int(5));
  const auto u = [&](int slot) { return static_cast<uint32_t>(node.Int(slot, 1)); };
  return builder.library.xnn_define_max_pooling_2d(builder.subgraph, 0, 0, 0, 0, u(4), u(3), u(2), u(1), 1, 1,
                                                   limits.low, limits.high, builder.Id(node.input(0)),
                                                   builder.Id(node.output()), PaddingFlags(node));
}

Verdict CheckMean(const NodeView& node) {
  if (node.context.input(0).shape.rank() != 4 || node.Int(0) == 0) {
    return Verdict::No("only means of a picture's rows and columns that keep the rank");
  }
  const Result<std::vector<int64_t>> axes = node.context.ConstInts(1);
  std::vector<int64_t> sorted = axes.ok() ? *axes : std::vector<int64_t>();
  for (int64_t& axis : sorted) axis = axis < 0 ? axis + 4 : axis;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != std::vector<int64_t>{1, 2}) return Verdict::No("means of axes other than rows and columns");
  return Verdict::Yes();
}

xnn_status DefineMean(Builder& builder, const NodeView& node) {
  return builder.library.xnn_define_global_average_pooling_2d(builder.subgraph, -kInfinity, kInfinity,
                                                              builder.Id(node.input(0)), builder.Id(node.output()), 0);
}

Verdict CheckBinary(const NodeView& node) { return CheckActivation(node, 0); }

template <auto function>
xnn_status DefineBinary(Builder& builder, const NodeView& node) {
  const Limits limits = LimitsOf(node.Int(0));
  return (builder.library.*function)(builder.subgraph, limits.low, limits.high, builder.Id(node.input(0)),
                                     builder.Id(node.input(1)), builder.Id(node.output()), 0);
}
template <auto function>
xnn_status DefinePair(Builder& builder, const NodeView& node) {
  return (builder.library.*function)(builder.subgraph, builder.Id(node.input(0)), builder.Id(node.input(1)),
                                     builder.Id(node.output()), 0);
}
template <auto function>
xnn_status DefineUnary(Builder& builder, const NodeView& node) {
  return (builder.library.*function)(builder.subgraph, builder.Id(node.input(0)), builder.Id(node.output()), 0);
}
template <int activation>
xnn_status DefineLimits(Builder& builder, const NodeView& node) {
  const Limits limits = LimitsOf(activation);
  return builder.library.xnn_define_clamp(builder.subgraph, limits.low, limits.high, builder.Id(node.input(0)),
                                          builder.Id(node.output()), 0);
}
xnn_status DefineZeroToOne(Builder& builder, const NodeView& node) {
  return builder.library.xnn_define_clamp(builder.subgraph, 0, 1, builder.Id(node.input(0)), builder.Id(node.output()),
                                          0);
}
xnn_status DefineElu(Builder& builder, const NodeView& node) {
  return builder.library.xnn_define_elu(builder.subgraph, 1, builder.Id(node.input(0)), builder.Id(node.output()), 0);
}
xnn_status DefineLeakyRelu(Builder& builder, const NodeView& node) {
  return builder.library.xnn_define_leaky_relu(builder.subgraph, node.Float(0, 0), builder.Id(node.input(0)),
                                               builder.Id(node.output()), 0);
}

Verdict CheckLeakyRelu(const NodeView& node) {
  const float slope = node.Float(0, 0);
  if (!(slope > 0)) return Verdict::No("a slope of ", slope, ", must be above 0");
  return Verdict::Yes();
}

Verdict CheckPrelu(const NodeView& node) {
  SL_CHECK(CheckConstant(node, 1, "slopes"));
  const Shape& slope = node.context.input(1).shape;
  const Shape& in = node.context.input(0).shape;
  if (slope.rank() == 0 || in.rank() == 0) return Verdict::No("values without axes");
  if (slope.elements() != slope[slope.rank() - 1] || slope.elements() != in[in.rank() - 1]) {
    return Verdict::No("slopes that are not one a channel");
  }
  return Verdict::Yes();
}

Verdict CheckSoftmax(const NodeView& node) {
  if (node.Float(0, 1) != 1) return Verdict::No("beta ", node.Float(0, 1), ", only 1");
  return Verdict::Yes();
}

Verdict CheckPad(const NodeView& node) { return CheckConstant(node, 1, "amounts of padding"); }

xnn_status DefinePad(Builder& builder, const NodeView& node) {
  const std::vector<int64_t> amounts = *node.context.ConstInts(1);
  std::array<size_t, XNN_MAX_TENSOR_DIMS> before{}, after{};
  for (size_t i = 0; i < amounts.size() / 2; ++i) {
    before[i] = static_cast<size_t>(amounts[2 * i]);
    after[i] = static_cast<size_t>(amounts[2 * i + 1]);
  }
  return builder.library.xnn_define_static_constant_pad(builder.subgraph, before.data(), after.data(), 0,
                                                        builder.Id(node.input(0)), builder.Id(node.output()), 0);
}

xnn_status DefineReshape(Builder& builder, const NodeView& node) {
  const Shape& out = node.context.output(0).shape;
  std::array<size_t, XNN_MAX_TENSOR_DIMS> dims{};
  for (int i = 0; i < out.rank(); ++i) dims[static_cast<size_t>(i)] = static_cast<size_t>(out[i]);
  return builder.library.xnn_define_static_reshape(builder.subgraph, static_cast<size_t>(out.rank()), dims.data(),
                                                   builder.Id(node.input(0)), builder.Id(node.output()), 0);
}

// Slots of RESIZE_BILINEAR: 2 align_corners, 3 half_pixel_centers.
Verdict CheckResize(const NodeView& node) {
  if (node.Int(2) != 0 && node.Int(3) != 0) return Verdict::No("align_corners with half_pixel_centers");
  const Shape& out = node.context.output(0).shape;
  if (node.Int(2) != 0 && (out[1] == 1 || out[2] == 1)) return Verdict::No("align_corners with a single row or column");
  return Verdict::Yes();
}

xnn_status DefineResize(Builder& builder, const NodeView& node) {
  const Shape& out = node.context.output(0).shape;
  uint32_t flags = XNN_FLAG_TENSORFLOW_LEGACY_MODE;
  if (node.Int(2) != 0) flags = XNN_FLAG_ALIGN_CORNERS;
  if (node.Int(3) != 0) flags = 0;
  return builder.library.xnn_define_static_resize_bilinear_2d(builder.subgraph, static_cast<size_t>(out[1]),
                                                              static_cast<size_t>(out[2]), builder.Id(node.input(0)),
                                                              builder.Id(node.output()), flags);
}

xnn_status DefineDepthToSpace(Builder& builder, const NodeView& node) {
  return builder.library.xnn_define_depth_to_space(builder.subgraph, builder.Id(node.input(0)),
                                                   builder.Id(node.output()), static_cast<uint32_t>(node.Int(0, 1)), 0);
}

constexpr NodeRule kRules[] = {
    {"CONV_2D", "fq", CheckConv, DefineConv},
    {"DEPTHWISE_CONV_2D", "fq", CheckDepthwise, DefineDepthwise},
    {"TRANSPOSE_CONV", "f", CheckTransposeConv, DefineTransposeConv},
    {"FULLY_CONNECTED", "fq", CheckFullyConnected, DefineFullyConnected},
    {"AVERAGE_POOL_2D", "f", CheckAveragePool, DefineAveragePool},
    {"MAX_POOL_2D", "f", CheckPool, DefineMaxPool},
    {"MEAN", "f", CheckMean, DefineMean},
    {"ADD", "fq", CheckBinary, DefineBinary<&Library::xnn_define_add2>},
    {"SUB", "fq", CheckBinary, DefineBinary<&Library::xnn_define_subtract>},
    {"MUL", "fq", CheckBinary, DefineBinary<&Library::xnn_define_multiply2>},
    {"DIV", "f", CheckBinary, DefineBinary<&Library::xnn_define_divide>},
    {"MAXIMUM", "f", nullptr, DefinePair<&Library::xnn_define_maximum2>},
    {"MINIMUM", "f", nullptr, DefinePair<&Library::xnn_define_minimum2>},
    {"SQUARED_DIFFERENCE", "f", nullptr, DefinePair<&Library::xnn_define_squared_difference>},
    {"PRELU", "f", CheckPrelu, DefinePair<&Library::xnn_define_prelu>},
    {"ABS", "f", nullptr, DefineUnary<&Library::xnn_define_abs>},
    {"CEIL", "f", nullptr, DefineUnary<&Library::xnn_define_ceiling>},
    {"FLOOR", "f", nullptr, DefineUnary<&Library::xnn_define_floor>},
    {"ROUND", "f", nullptr, DefineUnary<&Library::xnn_define_bankers_rounding>},
    {"HARD_SWISH", "f", nullptr, DefineUnary<&Library::xnn_define_hardswish>},
    {"NEG", "f", nullptr, DefineUnary<&Library::xnn_define_negate>},
    {"LOGISTIC", "f", nullptr, DefineUnary<&Library::xnn_define_sigmoid>},
    {"SOFTMAX", "f", CheckSoftmax, DefineUnary<&Library::xnn_define_softmax>},
    {"SQUARE", "f", nullptr, DefineUnary<&Library::xnn_define_square>},
    {"SQRT", "f", nullptr, DefineUnary<&Library::xnn_define_square_root>},
    {"ELU", "f", nullptr, DefineElu},
    {"LEAKY_RELU", "f", CheckLeakyRelu, DefineLeakyRelu},
    {"RELU", "f", nullptr, DefineLimits<1>},
    {"RELU_N1_TO_1", "f", nullptr, DefineLimits<2>},
    {"RELU6", "f", nullptr, DefineLimits<3>},
    {"RELU_0_TO_1", "f", nullptr, DefineZeroToOne},
    {"PAD", "fq", CheckPad, DefinePad},
    {"RESHAPE", "fq", nullptr, DefineReshape},
    {"RESIZE_BILINEAR", "f", CheckResize, DefineResize},
    {"DEPTH_TO_SPACE", "f", nullptr, DefineDepthToSpace},
    {"QUANTIZE", "f", nullptr, DefineUnary<&Library::xnn_define_convert>},
    {"DEQUANTIZE", "q", nullptr, DefineUnary<&Library::xnn_define_convert>},
};

#undef SL_CHECK

}  // namespace

const NodeRule* FindRule(const OpDef& op) {
  const auto* rule = std::find_if(std::begin(kRules), std::end(kRules),
                                  [&](const NodeRule& one) { return std::string_view(one.op) == op.name; });
  return rule == std::end(kRules) ? nullptr : rule;
}

}  // namespace safelight::xnnpack
