// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "graph/pack_cache.h"
#include "kernels/int_product.h"
#include "ops/support/dynamic.h"
#include "ops/support/int_sums.h"
#include "ops/support/matrix_rows.h"

namespace safelight {
namespace {

kernels::DynamicResults ResultsOf(const std::vector<float>& scales, const kernels::Clamp& clamp, const float* bias,
                                  float step) {
  return {
      .scales = scales.data(), .scale = step, .scales_first = true, .bias = bias, .low = clamp.low, .high = clamp.high};
}

// Each row has a range of its own, so nothing waits for other rows.
class RowsKernel : public MatrixRowsKernel {
 public:
  RowsKernel(const OpContext& context, const DynamicFullyConnected& options, int leading, bool keeps_axes,
             const PrepareOptions& prepare)
      : MatrixRowsKernel(context.input(1).shape[0], context.input(1).shape[1], leading, keeps_axes),
        options_(options),
        scales_(DynamicScales(context.input(1), n_)),
        pairs_((k_ + 1) / 2),
        padded_(kernels::PaddedChannels(n_)),
        together_(std::clamp<int64_t>(kBytes / 4 / pairs_, 1, 24)),
        packed_(Packed(context.input(1), prepare)) {}

  size_t scratch_bytes() const override {
    return RowBytes() + static_cast<size_t>(together_ * padded_) * sizeof(int32_t) +
           static_cast<size_t>(k_ + together_) * sizeof(float);
  }

 protected:
  void Product(const KernelArgs& args, int64_t in, int64_t in_stride, int64_t out, int64_t out_stride,
               int64_t rows) const override {
    const Window &from = args.inputs[0], &to = args.outputs[0];
    const float* bias = args.inputs.size() > 2 ? reinterpret_cast<const float*>(args.inputs[2].data) : nullptr;
    for (int axis = std::max(leading_, 0); axis < from.shape.rank(); ++axis) in += from.Offset(axis, 0);
    out += to.Offset(to.shape.rank() - 1, 0);
    auto* const values = reinterpret_cast<int16_t*>(args.scratch);
    auto* const sums = reinterpret_cast<int32_t*>(args.scratch + RowBytes());
    auto* const steps = reinterpret_cast<float*>(sums + together_ * padded_);
    for (int64_t r = 0; r < rows; r += together_) {
      const int64_t count = std::min(together_, rows - r);
      for (int64_t i = 0; i < count; ++i) {
        steps[i] = Quantize(from, in + (r + i) * in_stride, steps + together_, values + i * 2 * pairs_);
      }
      const kernels::IntRun run{values, 0, pairs_};
      kernels::PairProduct().run(n_, pairs_, packed_->data(),
                                 {.runs = &run, .num_runs = 1, .in_step = 4 * pairs_, .pixels = count, .sums = sums});
      for (int64_t i = 0; i < count; ++i) {
        kernels::FinishDynamic(sums + i * padded_, n_, ResultsOf(scales_, options_.clamp, bias, steps[i]),
                               to.at<float>(out + (r + i) * out_stride));
      }
    }
  }

 private:
  static constexpr int64_t kBytes = 24 << 10;  // of the nearest cache

  size_t RowBytes() const { return (static_cast<size_t>(together_ * pairs_) * 4 + 63) / 64 * 64; }

  // The row at `at`, to `values`; the step of its range. `row` holds a row that does not lie in one piece.
  float Quantize(const Window& from, int64_t at, float* row, int16_t* values) const {
    const float* in = from.at<float>(at);
    if (!RowsLieInOnePiece(from)) {
      float* next = row;
      ForEachOfRow(from, at, [&](int64_t i) { *next++ = *from.at<float>(i); });
      in = row;
    }
    float low = 0, high = 0;
    kernels::FindRange(in, k_, &low, &high);
    const DynamicRange range = MakeDynamicRange(low, high, options_.symmetric);
    values[2 * pairs_ - 1] = 0;
    kernels::QuantizeDynamic(in, k_, range.values, values);
    return range.step;
  }

  std::shared_ptr<const AlignedBuffer> Packed(const Value& weights, const PrepareOptions& options) const {
    const auto make = [&] {
      AlignedBuffer buffer(kernels::IntPackedBytes(n_, pairs_));
      std::vector<int16_t> rows(static_cast<size_t>(n_ * pairs_ * 2), 0);
      for (int64_t i = 0; i < n_ * k_; ++i) {
        rows[static_cast<size_t>(i / k_ * pairs_ * 2 + i % k_)] =
            static_cast<int16_t>(StoredAt(weights.dtype, weights.constant, i));
      }
      kernels::PackInt(kernels::PairProduct().values, n_, pairs_, rows.data(), buffer.data());
      return buffer;
    };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(weights.constant, Cat("dynamic rows ", n_, "x", k_, " ", DTypeName(weights.dtype)),
                                   make);
  }

  const DynamicFullyConnected options_;
  const std::vector<float> scales_;
  const int64_t pairs_, padded_, together_;
  const std::shared_ptr<const AlignedBuffer> packed_;
};

Status Check(const OpContext& context) {
  SL_TRY(CheckDynamicWeights(context.input(1), 0));
  return CheckDynamicBias(context, 2);
}

}  // namespace

Status DynamicFullyConnectedReference(const OpContext& context, const DynamicFullyConnected& options,
                                      std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  SL_TRY(Check(context));
  const int64_t n = inputs[1].shape[0], k = inputs[1].shape[1], rows = inputs[0].shape.elements() / k;
  const std::vector<float> scales = DynamicScales(context.input(1), n);
  const float* bias = inputs.size() > 2 ? static_cast<const float*>(inputs[2].data) : nullptr;
  std::vector<int16_t> values(static_cast<size_t>(k));
  std::vector<int32_t> sums(static_cast<size_t>(n));
  for (int64_t b = 0; b < rows; ++b) {
    const float* row = static_cast<const float*>(inputs[0].data) + b * k;
    const auto [low, high] = std::minmax_element(row, row + k);
    const DynamicRange range = MakeDynamicRange(*low, *high, options.symmetric);
    kernels::QuantizeDynamic(row, k, range.values, values.data());
    for (int64_t j = 0; j < n; ++j) {
      uint32_t sum = 0;  // modulo 2^32
      for (int64_t i = 0; i < k; ++i) {
        sum +=
            static_cast<uint32_t>(values[static_cast<size_t>(i)] *
                                  StoredAt(inputs[1].dtype, static_cast<const std::byte*>(inputs[1].data), j * k + i));
      }
      sums[static_cast<size_t>(j)] = static_cast<int32_t>(sum);
    }
    kernels::FinishDynamic(sums.data(), n, ResultsOf(scales, options.clamp, bias, range.step),
                           static_cast<float*>(outputs[0].data) + b * n);
  }
  return {};
}

Result<std::unique_ptr<Kernel>> PrepareDynamicFullyConnected(const OpContext& context,
                                                             const DynamicFullyConnected& options, int leading,
                                                             bool keeps_axes, const PrepareOptions& prepare) {
  SL_TRY(Check(context));
  return std::unique_ptr<Kernel>(std::make_unique<RowsKernel>(context, options, leading, keeps_axes, prepare));
}

}  // namespace safelight
