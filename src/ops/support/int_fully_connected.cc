// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_fully_connected.h"

#include <algorithm>

#include "ops/support/int_matrix.h"
#include "ops/support/matrix_rows.h"

namespace safelight {
namespace {

Result<SumScaling> ScalingOf(const OpContext& context, const IntFullyConnected& options) {
  return SumScaling::Make(
      context, {.narrow = options.narrow_sums, .checks_bias = true, .real_scale = true, .weight_zero_point = true},
      options.clamp);
}

const Window* BiasOf(const KernelArgs& args) { return args.inputs.size() > 2 ? &args.inputs[2] : nullptr; }

// Weights that are computed at run time, one row of sums after another.
class PlainRowsKernel : public MatrixRowsKernel {
 public:
  PlainRowsKernel(const OpContext& context, SumScaling scaling, int leading, bool keeps_axes)
      : MatrixRowsKernel(context.input(1).shape[0], context.input(1).shape[1], leading, keeps_axes),
        scaling_(std::move(scaling)) {}

 protected:
  void Product(const KernelArgs& args, int64_t in, int64_t in_stride, int64_t out, int64_t out_stride,
               int64_t rows) const override {
    const Window &from = args.inputs[0], &weights = args.inputs[1], &to = args.outputs[0];
    for (int axis = std::max(leading_, 0); axis < from.shape.rank(); ++axis) in += from.Offset(axis, 0);
    out += to.Offset(to.shape.rank() - 1, 0);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t j = 0; j < n_; ++j) {
        int64_t sum = 0, i = j * k_;
        const auto add = [&](int64_t at) {
          sum += int64_t{StoredAt(from.dtype, from.data, at) - scaling_.zero_point()} *
                 (StoredAt(weights.dtype, weights.data, i++) - scaling_.weight_zero_point());
        };
        if (RowsLieInOnePiece(from)) {
          for (int64_t at = 0; at < k_; ++at) add(in + r * in_stride + at);
        } else {
          ForEachOfRow(from, in + r * in_stride, add);
        }
        StoreAt(to.dtype, to.data, out + r * out_stride + j, scaling_.Finish(sum, j, BiasOf(args)));
      }
    }
  }

 private:
  const SumScaling scaling_;
};

class RowsKernel : public MatrixRowsKernel {
 public:
  RowsKernel(const OpContext& context, SumScaling scaling, int leading, bool keeps_axes, const PrepareOptions& options)
      : MatrixRowsKernel(context.input(1).shape[0], context.input(1).shape[1], leading, keeps_axes),
        matrix_(std::move(scaling), context.input(0), context.input(1),
                context.has_input(2) ? &context.input(2) : nullptr, {1, 1, k_}, options.pack_cache),
        step_((k_ * matrix_.inputs().size() + 3) / 4 * 4),
        together_(std::clamp<int64_t>(kBytes / step_, 1, 24)) {}

  size_t scratch_bytes() const override { return RowBytes() + matrix_.scratch_bytes(together_); }

 protected:
  void Product(const KernelArgs& args, int64_t in, int64_t in_stride, int64_t out, int64_t out_stride,
               int64_t rows) const override {
    const Window &from = args.inputs[0], &to = args.outputs[0];
    for (int axis = std::max(leading_, 0); axis < from.shape.rank(); ++axis) in += from.Offset(axis, 0);
    out += to.Offset(to.shape.rank() - 1, 0);
    std::byte* const values = args.scratch;
    for (int64_t r = 0; r < rows; r += together_) {
      const int64_t count = std::min(together_, rows - r);
      for (int64_t i = 0; i < count; ++i) Copy(from, in + (r + i) * in_stride, values + i * step_);
      const kernels::IntRun run = matrix_.RunOf(0, values);
      matrix_.Run({.runs = &run,
                   .num_runs = 1,
                   .in_step = step_,
                   .pixels = count,
                   .to = out + r * out_stride,
                   .out_step = out_stride},
                  to, BiasOf(args), args.scratch + RowBytes());
    }
  }

 private:
  static constexpr int64_t kBytes = 24 << 10;  // of the nearest cache

  size_t RowBytes() const { return (static_cast<size_t>(together_ * step_) + 63) / 64 * 64; }

  void Copy(const Window& from, int64_t at, std::byte* to) const {
    const IntInputs& inputs = matrix_.inputs();
    if (RowsLieInOnePiece(from)) return inputs.Copy(from, at, k_, to);
    ForEachOfRow(from, at, [&](int64_t i) {
      inputs.Copy(from, i, 1, to);
      to += inputs.size();
    });
  }

  const IntMatrix matrix_;
  const int64_t step_, together_;  // bytes from row to row, rows at once
};

}  // namespace

Status IntFullyConnectedReference(const OpContext& context, const IntFullyConnected& options,
                                  std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  SL_ASSIGN(const SumScaling scaling, ScalingOf(context, options));
  const int64_t n = inputs[1].shape[0], k = inputs[1].shape[1], rows = inputs[0].shape.elements() / k;
  const auto bytes = [&](size_t i) { return static_cast<const std::byte*>(inputs[i].data); };
  Window bias;
  if (inputs.size() > 2) bias = WholeWindow(inputs[2].dtype, inputs[2].shape, const_cast<void*>(inputs[2].data));
  for (int64_t b = 0; b < rows; ++b) {
    for (int64_t j = 0; j < n; ++j) {
      int64_t sum = 0;
      for (int64_t i = 0; i < k; ++i) {
        sum += int64_t{StoredAt(inputs[0].dtype, bytes(0), b * k + i) - scaling.zero_point()} *
               (StoredAt(inputs[1].dtype, bytes(1), j * k + i) - scaling.weight_zero_point());
      }
      StoreAt(outputs[0].dtype, static_cast<std::byte*>(outputs[0].data), b * n + j, scaling.Finish(sum, j, &bias));
    }
  }
  return {};
}

Result<std::unique_ptr<Kernel>> PrepareIntFullyConnected(const OpContext& context, const IntFullyConnected& options,
                                                         int leading, bool keeps_axes, const PrepareOptions& prepare) {
  SL_ASSIGN(SumScaling scaling, ScalingOf(context, options));
  const bool constant = context.input(1).is_constant() && (!context.has_input(2) || context.input(2).is_constant());
  if (!constant || context.input(1).shape[0] == 0) {
    return std::unique_ptr<Kernel>(std::make_unique<PlainRowsKernel>(context, std::move(scaling), leading, keeps_axes));
  }
  return std::unique_ptr<Kernel>(
      std::make_unique<RowsKernel>(context, std::move(scaling), leading, keeps_axes, prepare));
}

}  // namespace safelight
