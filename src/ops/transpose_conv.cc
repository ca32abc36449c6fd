// SPDX-License-Identifier: Apache-2.0
//
// TRANSPOSE_CONV: the transpose of a strided convolution, gathered: output y sums the taps k with
// (y + pad - k) divisible by the stride. Inputs: output shape, weights [o][ky][kx][i], data, bias.
#include <algorithm>

#include "ops/support/clamped.h"
#include "ops/support/elementwise.h"
#include "ops/support/function_kernel.h"
#include "ops/support/int_fully_connected.h"
#include "ops/support/int_spread.h"
#include "ops/support/quantized.h"
#include "ops/support/spatial.h"
#include "ops/support/spatial_filters.h"

namespace safelight {
namespace {

struct Attrs : ClampedAs<Attrs> {
  Padding padding = Padding::kSame;
  int64_t stride_h = 1, stride_w = 1;
  bool narrow_sums = false;  // int16 without a bias
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<Attrs>();
  const int64_t padding = reader.Int(0, 0);
  if (padding != 0 && padding != 1) return InvalidArgument("padding ", padding, ", must be 0 (SAME) or 1 (VALID)");
  attrs->padding = padding == 0 ? Padding::kSame : Padding::kValid;
  attrs->stride_w = reader.Int(1, 0);
  attrs->stride_h = reader.Int(2, 0);
  if (attrs->stride_w < 1 || attrs->stride_h < 1 || attrs->stride_w > 4096 || attrs->stride_h > 4096) {
    return InvalidArgument("strides ", attrs->stride_h, " by ", attrs->stride_w, ", must be 1 to 4096");
  }
  SL_ASSIGN(attrs->clamp, ClampOfActivation(reader.Int(3, 0)));
  attrs->narrow_sums = reader.Int(4, 0) == kInt32Sums;
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

// The padding is that of the convolution from `out` to `in`.
Result<SpreadAxis> MakeSpreadAxis(int64_t in, int64_t out, int64_t taps, int64_t stride, Padding padding) {
  constexpr int64_t kMaxSize = INT32_MAX;
  if (out < 1 || out > kMaxSize) return InvalidArgument("output size ", out, ", must be 1 to ", kMaxSize);
  const int64_t expected = padding == Padding::kSame ? (out + stride - 1) / stride : (out - taps) / stride + 1;
  if (taps < 1 || (padding == Padding::kValid && out < taps) || expected != in) {
    return InvalidArgument("output size ", out, " does not come from input size ", in, " with filter ", taps,
                           " and stride ", stride);
  }
  const int64_t total = std::max<int64_t>((in - 1) * stride + taps - out, 0);
  return SpreadAxis{in, out, taps, stride, padding == Padding::kSame ? total / 2 : 0};
}

Result<Spread> MakeSpread(const Shape& in, const Shape& out, const Shape& filter, const Attrs& attrs) {
  Result<SpreadAxis> rows = MakeSpreadAxis(in[1], out[1], filter[1], attrs.stride_h, attrs.padding);
  if (!rows.ok()) return rows.status().With("height");
  Result<SpreadAxis> columns = MakeSpreadAxis(in[2], out[2], filter[2], attrs.stride_w, attrs.padding);
  if (!columns.ok()) return columns.status().With("width");
  return Spread{*rows, *columns};
}

Spread SpreadOf(const OpContext& context) {
  return *MakeSpread(context.input(2).shape, context.output(0).shape, context.input(1).shape, context.attrs<Attrs>());
}

// Sizes that only the run knows are planned for as the file declares them, and checked then (SizedKernel).
Result<std::vector<int64_t>> SizesOf(const OpContext& context) {
  const Value& given = context.input(0);
  const Shape& declared = context.output(0).shape;
  if (given.is_constant() || given.dtype != DType::kInt32 || given.shape != Shape{4} || declared.rank() != 4) {
    return context.ConstInts(0);
  }
  return std::vector<int64_t>(declared.dims().begin(), declared.dims().end());
}

Status CheckSizes(const int32_t* given, const Shape& planned) {
  for (int axis = 0; axis < 4; ++axis) {
    if (given[axis] == planned[axis]) continue;
    return InvalidArgument("output size ", given[axis], " along axis ", axis, " is asked for, the file declares ",
                           planned[axis]);
  }
  return {};
}

// Of a node whose sizes are computed.
class SizedKernel : public Kernel {
 public:
  explicit SizedKernel(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
  size_t scratch_bytes() const override { return kernel_->scratch_bytes(); }
  Status Run(const KernelArgs& args) const override {
    SL_TRY(CheckSizes(args.inputs[0].at<int32_t>(0), args.outputs[0].shape));
    return kernel_->Run(args);
  }

 private:
  const std::unique_ptr<Kernel> kernel_;
};

Status Infer(InferContext& context) {
  SL_TRY(CheckPicture(context, 1));
  SL_TRY(CheckPicture(context, 2));
  SL_ASSIGN(const std::vector<int64_t> sizes, SizesOf(context));
  const Shape &in = context.input(2).shape, &filter = context.input(1).shape;
  if (sizes.size() != 4) return InvalidArgument("output shape of ", sizes.size(), " numbers, must be 4");
  if (filter[3] != in[3] || in[3] < 1 || filter[0] < 1 || sizes[0] != in[0] || sizes[3] != filter[0]) {
    return InvalidArgument("input ", in.ToString(), ", filter ", filter.ToString(), " and output shape ",
                           Shape(sizes).ToString(), " do not fit together");
  }
  SL_TRY(CheckBias(context, 3, filter[0]));
  SL_TRY(MakeSpread(in, Shape(sizes), filter, context.attrs<Attrs>()).status());
  context.SetOutput(0, context.input(2).dtype, Shape(sizes));
  return {};
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Spread spread = SpreadOf(context);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[2] = out_axis == 0   ? AxisRule::Same(0, context.input(2).shape[0])
             : out_axis == 1 ? spread.rows.Rule(1)
                             : spread.columns.Rule(2);
  return rules;
}

Cost SpreadCost(const OpContext& context) {
  const Shape &in = context.input(2).shape, &filter = context.input(1).shape;
  Cost cost;
  cost.macs = in.elements() * filter[0] * filter[1] * filter[2];
  cost.weight_bytes = TensorBytes(context.input(1).dtype, filter);
  return cost;
}

// Height and width grow with the input's; what a convolution's padding adds stays.
Result<std::vector<int64_t>> Rescale(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> sizes, before.ConstInts(0));
  const Attrs& attrs = before.attrs<Attrs>();
  const Shape &old_in = before.input(2).shape, &new_in = after.input(2).shape;
  sizes[0] = new_in[0];
  sizes[1] += (new_in[1] - old_in[1]) * attrs.stride_h;
  sizes[2] += (new_in[2] - old_in[2]) * attrs.stride_w;
  return sizes;
}

IntSpread SumsOf(const OpContext& context) {
  const Attrs& attrs = context.attrs<Attrs>();
  return {SpreadOf(context), attrs.clamp, attrs.narrow_sums};
}

Status CheckTypes(const OpContext& context) {
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (!context.has_input(i) || context.input(i).dtype == DType::kFloat32) continue;
    return Unsupported("input ", i, " is ", DTypeName(context.input(i).dtype), "; ", DTypeName(context.input(i).dtype),
                       " arithmetic is not built yet");
  }
  return {};
}

// Plain loops over any windows: the reference, and the path of weights that are computed at run time.
void RunPlain(const Spread& s, const kernels::Clamp& clamp, const KernelArgs& args) {
  const Window &weights = args.inputs[1], &in = args.inputs[2], &out = args.outputs[0];
  const bool has_bias = args.inputs.size() > 3 && args.inputs[3].data != nullptr;
  const float* bias = has_bias ? args.inputs[3].at<float>(0) : nullptr;
  const auto pixel = [&](int64_t n, int64_t y, int64_t x, int64_t o) {
    float sum = bias != nullptr ? bias[o] : 0.0f;
    for (int64_t ky = 0; ky < s.rows.taps; ++ky) {
      for (int64_t kx = 0; kx < s.columns.taps; ++kx) {
        const int64_t in_y = s.rows.InputOf(y, ky), in_x = s.columns.InputOf(x, kx);
        if (in_y < 0 || in_x < 0) continue;
        const float* from = in.Pixel<float>(n, in_y, in_x);
        const float* w = weights.at<float>(weights.Offset(0, o) + weights.Offset(1, ky) + weights.Offset(2, kx));
        for (int64_t c = 0; c < in.shape[3]; ++c) sum += from[c] * w[c];
      }
    }
    return clamp(sum);
  };
  const Range* box = args.box.axis;
  for (int64_t n = box[0].begin; n < box[0].end; ++n) {
    for (int64_t y = box[1].begin; y < box[1].end; ++y) {
      for (int64_t x = box[2].begin; x < box[2].end; ++x) {
        for (int64_t o = box[3].begin; o < box[3].end; ++o) out.Pixel<float>(n, y, x)[o] = pixel(n, y, x, o);
      }
    }
  }
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (!context.input(0).is_constant()) {
    SL_TRY(CheckSizes(static_cast<const int32_t*>(inputs[0].data), outputs[0].shape));
  }
  if (IsQuantizedType(context.input(2).dtype)) {
    SL_ASSIGN(const auto kernel, PreparePlainIntSpread(context, SumsOf(context)));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckTypes(context));
  std::vector<Window> in;
  for (const ConstTensorView& view : inputs) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(SpreadOf(context), context.attrs<Attrs>().clamp, {in, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

class PlainKernel : public Kernel {
 public:
  explicit PlainKernel(const OpContext& context) : spread_(SpreadOf(context)), clamp_(context.attrs<Attrs>().clamp) {}
  Status Run(const KernelArgs& args) const override {
    RunPlain(spread_, clamp_, args);
    return {};
  }

 private:
  const Spread spread_;
  const kernels::Clamp clamp_;
};

class SpreadKernel : public Kernel {
 public:
  SpreadKernel(const OpContext& context, const PrepareOptions& options)
      : spread_(SpreadOf(context)), clamp_(context.attrs<Attrs>().clamp) {
    const Shape& filter = context.input(1).shape;
    size_ = {filter[3], filter[0], filter[1], filter[2]};
    packed_ = PackFilters(size_, 1, context.constant<float>(1),
                          context.has_input(3) ? context.constant<float>(3) : nullptr, options.pack_cache);
  }

  size_t scratch_bytes() const override {
    return static_cast<size_t>(size_.filter_h * size_.filter_w) * sizeof(kernels::ConvRun);
  }

  // Outputs a stride apart meet the same taps, one input further on.
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    const int64_t stride = spread_.columns.stride;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t phase = 0; phase < std::min(stride, box[2].size()); ++phase) {
          for (int64_t x = box[2].begin + phase; x < box[2].end;) {
            const int64_t rest = (box[2].end - x + stride - 1) / stride;
            const int64_t pixels = PixelsAlike(args, x, rest);
            RunPixels(args, n, y, x, pixels);
            x += pixels * stride;
          }
        }
      }
    }
    return {};
  }

 private:
  // How many outputs from x on, a stride apart, have the same taps inside the input.
  int64_t PixelsAlike(const KernelArgs& args, int64_t x, int64_t rest) const {
    if (args.inputs[2].row_axis == 2 || args.outputs[0].row_axis == 2) return 1;
    const SpreadAxis& columns = spread_.columns;
    int64_t pixels = rest;
    for (int64_t kx = (x + columns.pad) % columns.stride; kx < columns.taps; kx += columns.stride) {
      const int64_t in_x = (x + columns.pad - kx) / columns.stride;
      if (in_x < 0) pixels = std::min(pixels, -in_x);
      if (in_x >= 0 && in_x < columns.in) pixels = std::min(pixels, columns.in - in_x);
    }
    return pixels;
  }

  void RunPixels(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t pixels) const {
    const Window &in = args.inputs[2], &out = args.outputs[0];
    kernels::ConvRun* const runs = reinterpret_cast<kernels::ConvRun*>(args.scratch);
    int64_t count = 0;
    for (int64_t ky = 0; ky < size_.filter_h; ++ky) {
      const int64_t in_y = spread_.rows.InputOf(y, ky);
      if (in_y < 0) continue;
      for (int64_t kx = 0; kx < size_.filter_w; ++kx) {
        const int64_t in_x = spread_.columns.InputOf(x, kx);
        if (in_x < 0) continue;
        runs[count++] = {in.Pixel<float>(n, in_y, in_x), (ky * size_.filter_w + kx) * size_.in_channels,
                         size_.in_channels};
      }
    }
    kernels::RunConv(size_, reinterpret_cast<const float*>(packed_[0]->data()),
                     {.runs = runs,
                      .num_runs = count,
                      .in_step = in.strides[2],
                      .out = out.Pixel<float>(n, y, x),
                      .out_step = spread_.columns.stride * out.strides[2],
                      .pixels = pixels,
                      .low = clamp_.low,
                      .high = clamp_.high});
  }

  const Spread spread_;
  const kernels::Clamp clamp_;
  kernels::ConvSize size_;
  PackedFilters packed_;
};

Result<std::unique_ptr<Kernel>> PrepareSpread(const OpContext& context, const PrepareOptions& options) {
  const bool constant = context.input(1).is_constant() && (!context.has_input(3) || context.input(3).is_constant());
  if (IsQuantizedType(context.input(2).dtype)) {
    return constant ? PrepareIntSpread(context, SumsOf(context), options)
                    : PreparePlainIntSpread(context, SumsOf(context));
  }
  SL_TRY(CheckTypes(context));
  if (!constant) return std::unique_ptr<Kernel>(std::make_unique<PlainKernel>(context));
  return std::unique_ptr<Kernel>(std::make_unique<SpreadKernel>(context, options));
}

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  SL_ASSIGN(std::unique_ptr<Kernel> kernel, PrepareSpread(context, options));
  if (context.input(0).is_constant()) return kernel;
  return std::unique_ptr<Kernel>(std::make_unique<SizedKernel>(std::move(kernel)));
}

}  // namespace

extern const OpDef transpose_conv_op;
const OpDef transpose_conv_op{
    .name = "TRANSPOSE_CONV",
    .tflite_code = 67,
    .min_inputs = 3,
    .max_inputs = 4,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .cost = SpreadCost,
    .reference = Reference,
    .prepare = Prepare,
    .shape_inputs = 1,
    .rescale = Rescale,
    .size_follows_join = true,
};

}  // namespace safelight
