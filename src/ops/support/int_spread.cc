// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_spread.h"

#include "ops/support/function_kernel.h"
#include "ops/support/int_matrix.h"

namespace safelight {
namespace {

Result<SumScaling> ScalingOf(const OpContext& context, const IntSpread& of) {
  return SumScaling::Make(context, {.data = 2, .weights = 1, .bias = 3, .narrow = of.narrow_sums}, of.clamp);
}

// Plain loops over any windows.
void RunPlainInt(const Spread& s, const SumScaling& scaling, const KernelArgs& args) {
  const Window &weights = args.inputs[1], &in = args.inputs[2], &out = args.outputs[0];
  const Shape& filter = weights.shape;
  const auto pixel = [&](int64_t n, int64_t y, int64_t x, int64_t o) {
    int64_t sum = 0;
    for (int64_t ky = 0; ky < s.rows.taps; ++ky) {
      for (int64_t kx = 0; kx < s.columns.taps; ++kx) {
        const int64_t in_y = s.rows.InputOf(y, ky), in_x = s.columns.InputOf(x, kx);
        if (in_y < 0 || in_x < 0) continue;
        const int64_t from = in.Offset(0, n) + in.Offset(1, in_y) + in.Offset(2, in_x);
        const int64_t w = ((o * filter[1] + ky) * filter[2] + kx) * filter[3];
        for (int64_t c = 0; c < filter[3]; ++c) {
          sum += int64_t{StoredAt(in.dtype, in.data, from + c) - scaling.zero_point()} *
                 (StoredAt(weights.dtype, weights.data, w + c) - scaling.weight_zero_point());
        }
      }
    }
    return scaling.Finish(sum, o, args.inputs.size() > 3 ? &args.inputs[3] : nullptr);
  };
  StoreEach(out, args.box, pixel);
}

// The taps of a pixel are widened and summed.
class IntSpreadKernel : public Kernel {
 public:
  IntSpreadKernel(const OpContext& context, const Spread& spread, SumScaling scaling, const PrepareOptions& options)
      : spread_(spread),
        channels_(context.input(2).shape[3]),
        taps_(spread_.rows.taps * spread_.columns.taps),
        matrix_(std::move(scaling), context.input(2), context.input(1),
                context.has_input(3) ? &context.input(3) : nullptr,
                {.groups = 1, .runs = taps_, .length = channels_, .skips = true}, options.pack_cache) {}

  size_t scratch_bytes() const override {
    return static_cast<size_t>(taps_ + 1) * (sizeof(kernels::IntRun) + static_cast<size_t>(channels_ + 3) * 2) + 64 +
           matrix_.scratch_bytes(1);
  }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) RunPixel(args, n, y, x);
      }
    }
    return {};
  }

 private:
  void RunPixel(const KernelArgs& args, int64_t n, int64_t y, int64_t x) const {
    const Window &in = args.inputs[2], &out = args.outputs[0];
    // The sums first: they need the alignment.
    auto* runs = reinterpret_cast<kernels::IntRun*>(args.scratch + (matrix_.scratch_bytes(1) + 63) / 64 * 64);
    std::byte* values = reinterpret_cast<std::byte*>(runs + taps_);
    const int64_t tap_bytes = (channels_ * matrix_.inputs().size() + 3) / 4 * 4;
    int64_t count = 0;
    for (int64_t tap = 0; tap < taps_; ++tap) {
      const int64_t in_y = spread_.rows.InputOf(y, tap / spread_.columns.taps);
      const int64_t in_x = spread_.columns.InputOf(x, tap % spread_.columns.taps);
      if (in_y < 0 || in_x < 0) continue;
      runs[count++] = matrix_.RunOf(tap, values);
      matrix_.inputs().Copy(in, in.Offset(0, n) + in.Offset(1, in_y) + in.Offset(2, in_x), channels_, values);
      values += tap_bytes;
    }
    matrix_.Run(
        {.runs = runs, .num_runs = count, .pixels = 1, .to = out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x)},
        out, args.inputs.size() > 3 ? &args.inputs[3] : nullptr, args.scratch);
  }

  const Spread spread_;
  const int64_t channels_, taps_;
  const IntMatrix matrix_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> PreparePlainIntSpread(const OpContext& context, const IntSpread& of) {
  SL_ASSIGN(SumScaling scaling, ScalingOf(context, of));
  return MakeFunctionKernel(
      [s = of.spread, scaling = std::move(scaling)](const KernelArgs& args) { RunPlainInt(s, scaling, args); });
}

Result<std::unique_ptr<Kernel>> PrepareIntSpread(const OpContext& context, const IntSpread& of,
                                                 const PrepareOptions& options) {
  SL_ASSIGN(SumScaling scaling, ScalingOf(context, of));
  return std::unique_ptr<Kernel>(std::make_unique<IntSpreadKernel>(context, of.spread, std::move(scaling), options));
}

}  // namespace safelight
