// SPDX-License-Identifier: Apache-2.0
//
// CONV_2D: out[y][x][o] = act(bias[o] + sum in[y * s - p + ky * d][...][i] * w[o][ky][kx][i]).
// Grouped where the input has a multiple of the filter's channels.
#include <cstring>

#include "graph/pack_cache.h"
#include "kernels/conv.h"
#include "ops/support/spatial.h"

namespace safelight {
namespace {

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  return ReadSliding(reader, {.padding = 0, .stride_w = 1, .stride_h = 2, .activation = 3, .dilation_w = 4,
                              .dilation_h = 5, .filter_w = -1, .filter_h = -1, .multiplier = -1});
}

// Of a node that passed Infer.
Sliding SlidingOf(const OpContext& context) {
  const Shape& filter = context.input(1).shape;
  return *MakeSliding(context.input(0).shape, filter[1], filter[2], context.attrs<SlidingAttrs>());
}

Status Infer(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  SL_TRY(CheckPicture(context, 1));
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape;
  if (filter[0] < 1 || filter[3] < 1 || in[3] % filter[3] != 0 || filter[0] % (in[3] / filter[3]) != 0 || in[3] < 1) {
    return InvalidArgument("input of ", in[3], " channels, filter of shape ", filter.ToString());
  }
  SL_TRY(CheckBias(context, 2, filter[0]));
  SL_ASSIGN(const Sliding sliding, MakeSliding(in, filter[1], filter[2], context.attrs<SlidingAttrs>()));
  context.SetOutput(0, context.input(0).dtype, {in[0], sliding.rows.out, sliding.columns.out, filter[0]});
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Sliding sliding = SlidingOf(context);
  const AxisRule data = out_axis == 0   ? AxisRule::Same(0, context.input(0).shape[0])
                        : out_axis == 1 ? sliding.rows.Rule(1)
                                        : sliding.columns.Rule(2);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = data;
  return rules;
}

Cost ConvCost(const OpContext& context) {
  const Shape &out = context.output(0).shape, &filter = context.input(1).shape;
  Cost cost;
  cost.macs = out.elements() * filter[1] * filter[2] * filter[3];
  cost.weight_bytes = TensorBytes(context.input(1).dtype, filter);
  return cost;
}

// Plain loops over any windows: the reference, and the path of weights that are computed at run time.
void RunPlain(const OpContext& context, const KernelArgs& args) {
  const SlidingAttrs& attrs = context.attrs<SlidingAttrs>();
  const Sliding s = SlidingOf(context);
  const Window &in = args.inputs[0], &weights = args.inputs[1], &out = args.outputs[0];
  const float* bias = args.inputs.size() > 2 ? args.inputs[2].at<float>(0) : nullptr;
  const Shape& filter = weights.shape;
  const int64_t group_out = filter[0] / (in.shape[3] / filter[3]);
  const Range* box = args.box.axis;
  for (int64_t n = box[0].begin; n < box[0].end; ++n) {
    for (int64_t y = box[1].begin; y < box[1].end; ++y) {
      for (int64_t x = box[2].begin; x < box[2].end; ++x) {
        const Range ky_range = s.rows.ValidTaps(y), kx_range = s.columns.ValidTaps(x);
        for (int64_t o = box[3].begin; o < box[3].end; ++o) {
          float sum = bias != nullptr && args.inputs[2].data != nullptr ? bias[o] : 0.0f;
          for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
            for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx) {
              const float* pixel = in.Pixel<float>(n, y * s.rows.stride - s.rows.pad + ky * s.rows.dilation,
                                                   x * s.columns.stride - s.columns.pad + kx * s.columns.dilation);
              const float* w = weights.at<float>(weights.Offset(0, o) + weights.Offset(1, ky) + weights.Offset(2, kx));
              for (int64_t i = 0; i < filter[3]; ++i) sum += pixel[o / group_out * filter[3] + i] * w[i];
            }
          }
          out.Pixel<float>(n, y, x)[o] = std::min(attrs.clamp.high, std::max(attrs.clamp.low, sum));
        }
      }
    }
  }
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  SL_TRY(CheckFloat(context));
  std::vector<Window> in;
  for (const ConstTensorView& view : inputs) in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(context, {in, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

class PlainKernel : public Kernel {
 public:
  explicit PlainKernel(const OpContext& context) : graph_(context.graph()), node_(context.node()) {}
  Status Run(const KernelArgs& args) const override {
    RunPlain(OpContext(graph_, node_), args);
    return {};
  }

 private:
  const Graph& graph_;
  const Node& node_;
};

class ConvKernel : public Kernel {
 public:
  ConvKernel(const OpContext& context, const PrepareOptions& options)
      : sliding_(SlidingOf(context)), clamp_(context.attrs<SlidingAttrs>().clamp) {
    const Shape& filter = context.input(1).shape;
    groups_ = context.input(0).shape[3] / filter[3];
    size_ = {filter[3], filter[0] / groups_, filter[1], filter[2]};
    const float* weights = context.constant<float>(1);
    const float* bias = context.has_input(2) ? context.constant<float>(2) : nullptr;
    const auto pack = [&] {
      const size_t group_bytes = kernels::ConvPackedBytes(size_);
      AlignedBuffer buffer(group_bytes * static_cast<size_t>(groups_));
      const int64_t group_weights = filter.elements() / groups_;
      for (int64_t g = 0; g < groups_; ++g) {
        kernels::PackConv(size_, weights + g * group_weights, bias == nullptr ? nullptr : bias + g * size_.out_channels,
                          reinterpret_cast<float*>(buffer.data() + static_cast<size_t>(g) * group_bytes));
      }
      return buffer;
    };
    // The bias is part of the block, so its address is part of the key.
    const std::string layout = Cat("conv ", kernels::ConvBlockChannels(), " groups ", groups_, " bias ",
                                   static_cast<const void*>(bias), " ", filter.ToString());
    packed_ = options.pack_cache != nullptr ? options.pack_cache->Get(weights, layout, pack)
                                            : std::make_shared<const AlignedBuffer>(pack());
  }

  size_t scratch_bytes() const override {
    return static_cast<size_t>(size_.filter_h * size_.filter_w) * (sizeof(float*) + sizeof(int32_t));
  }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    // Signals of height 1 stream along x: neighbouring pixels then lie in a ring, not side by side.
    const bool ring_along_x = args.inputs[0].row_axis == 2 || args.outputs[0].row_axis == 2;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        if (!ring_along_x) {
          RunRow(args, n, y);
          continue;
        }
        for (int64_t x = box[2].begin; x < box[2].end; ++x) RunPixel(args, n, y, x);
      }
    }
    return {};
  }

 private:
  const float* Packed(int64_t group) const {
    return reinterpret_cast<const float*>(packed_->data() + static_cast<size_t>(group) * kernels::ConvPackedBytes(size_));
  }

  // One pixel by the addresses of its taps; the same order of sums, so the same bits, as in a row.
  void RunPixel(const KernelArgs& args, int64_t n, int64_t y, int64_t x) const {
    const SlidingAxis &rows = sliding_.rows, &columns = sliding_.columns;
    const float** taps = reinterpret_cast<const float**>(args.scratch);
    int32_t* index = reinterpret_cast<int32_t*>(taps + size_.filter_h * size_.filter_w);
    const Range ky_range = rows.ValidTaps(y), kx_range = columns.ValidTaps(x);
    for (int64_t g = 0; g < groups_; ++g) {
      int64_t count = 0;
      for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
        for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx, ++count) {
          taps[count] = args.inputs[0].Pixel<float>(n, y * rows.stride - rows.pad + ky * rows.dilation,
                                                    x * columns.stride - columns.pad + kx * columns.dilation) +
                        g * size_.in_channels;
          index[count] = static_cast<int32_t>(ky * size_.filter_w + kx);
        }
      }
      kernels::RunConvTaps(size_, Packed(g), taps, index, count, clamp_.low, clamp_.high,
                           args.outputs[0].Pixel<float>(n, y, x) + g * size_.out_channels);
    }
  }

  void RunRow(const KernelArgs& args, int64_t n, int64_t y) const {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const SlidingAxis &rows = sliding_.rows, &columns = sliding_.columns;
    const float** taps = reinterpret_cast<const float**>(args.scratch);
    const int64_t col_begin = in.col_axis == 2 ? in.col_begin : 0;
    const Range interior = columns.Interior();
    kernels::ConvRow row{.rows = taps,
                         .in_col_begin = col_begin,
                         .in_width = columns.in,
                         .in_pixel_stride = in.strides[2],
                         .stride = columns.stride,
                         .dilation = columns.dilation,
                         .pad = columns.pad,
                         .interior_begin = interior.begin,
                         .interior_end = interior.end,
                         .out_pixel_stride = out.strides[2],
                         .x_begin = args.box.axis[2].begin,
                         .x_end = args.box.axis[2].end,
                         .low = clamp_.low,
                         .high = clamp_.high};
    for (int64_t g = 0; g < groups_; ++g) {
      for (int64_t ky = 0; ky < size_.filter_h; ++ky) {
        const int64_t in_y = y * rows.stride - rows.pad + ky * rows.dilation;
        const bool inside = in_y >= 0 && in_y < rows.in;
        taps[ky] = inside ? in.Pixel<float>(n, in_y, col_begin) + g * size_.in_channels : nullptr;
      }
      row.out = out.Pixel<float>(n, y, row.x_begin) + g * size_.out_channels;
      kernels::RunConvRow(size_, Packed(g), row);
    }
  }

  const Sliding sliding_;
  const kernels::Clamp clamp_;
  int64_t groups_ = 1;
  kernels::ConvSize size_;
  std::shared_ptr<const AlignedBuffer> packed_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  SL_TRY(CheckFloat(context));
  const bool constant = context.input(1).is_constant() && (!context.has_input(2) || context.input(2).is_constant());
  if (!constant) return std::unique_ptr<Kernel>(std::make_unique<PlainKernel>(context));
  return std::unique_ptr<Kernel>(std::make_unique<ConvKernel>(context, options));
}

}  // namespace

extern const OpDef conv_2d_op;
const OpDef conv_2d_op{
    .name = "CONV_2D",
    .tflite_code = 3,
    .min_inputs = 2,
    .max_inputs = 3,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .cost = ConvCost,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
