// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_pool.h"

#include <algorithm>

#include "kernels/int_pixels.h"
#include "ops/support/function_kernel.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

// All channels of output pixel (n, y, x), in `sums`.
template <typename T, PoolKind kind>
void PoolPixelOf(const Sliding& s, const KernelArgs& args, int64_t n, int64_t y, int64_t x, const StoredRange& limits) {
  const Window &in = args.inputs[0], &out = args.outputs[0];
  const int64_t channels = out.shape[3];
  const Range ky_range = s.rows.ValidTaps(y), kx_range = s.columns.ValidTaps(x);
  int64_t* sums = reinterpret_cast<int64_t*>(args.scratch);
  std::fill_n(sums, channels, kind == PoolKind::kAverage ? 0 : std::numeric_limits<T>::min());
  for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
    for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx) {
      const T* from = in.Pixel<T>(n, s.rows.InputOf(y, ky), s.columns.InputOf(x, kx));
      for (int64_t c = 0; c < channels; ++c) {
        sums[c] = kind == PoolKind::kAverage ? sums[c] + from[c] : std::max<int64_t>(sums[c], from[c]);
      }
    }
  }
  const int64_t count = ky_range.size() * kx_range.size();
  T* to = out.Pixel<T>(n, y, x);
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t half = sums[c] > 0 ? count / 2 : -(count / 2);
    to[c] = static_cast<T>(limits(kind == PoolKind::kAverage ? (sums[c] + half) / count : sums[c]));
  }
}

// Windows of few enough pixels, in vectors.
template <typename T>
void PoolVectors(PoolKind kind, const Sliding& s, const KernelArgs& args, int64_t n, int64_t y, int64_t x,
                 const StoredRange& limits) {
  const Window &in = args.inputs[0], &out = args.outputs[0];
  const Range ky = s.rows.ValidTaps(y), kx = s.columns.ValidTaps(x);
  const T** rows = reinterpret_cast<const T**>(args.scratch);
  for (int64_t k = ky.begin; k < ky.end; ++k) {
    rows[k - ky.begin] = in.Pixel<T>(n, s.rows.InputOf(y, k), s.columns.InputOf(x, kx.begin));
  }
  kernels::RunIntPool(kind == PoolKind::kMax ? kernels::PoolKind::kMax : kernels::PoolKind::kAverage,
                      {.rows = rows,
                       .num_rows = ky.size(),
                       .taps = kx.size(),
                       .pixel_step = s.columns.dilation * in.strides[2],
                       .channels = out.shape[3],
                       .low = limits.low,
                       .high = limits.high},
                      out.Pixel<T>(n, y, x));
}

template <typename T, PoolKind kind>
std::unique_ptr<Kernel> MakeKernel(const Sliding& sliding, const StoredRange& limits, int64_t channels) {
  const int64_t most = sliding.rows.taps * sliding.columns.taps;
  const size_t scratch =
      std::max(static_cast<size_t>(channels) * sizeof(int64_t), static_cast<size_t>(sliding.rows.taps) * sizeof(void*));
  return MakeFunctionKernel(
      [=](const KernelArgs& args) {
        // A ring of columns may begin anew within a window.
        const bool vectors = most <= kernels::kMostPooled && args.inputs[0].row_axis != 2;
        const Range* box = args.box.axis;
        for (int64_t n = box[0].begin; n < box[0].end; ++n) {
          for (int64_t y = box[1].begin; y < box[1].end; ++y) {
            for (int64_t x = box[2].begin; x < box[2].end; ++x) {
              if (vectors && !sliding.rows.ValidTaps(y).empty() && !sliding.columns.ValidTaps(x).empty()) {
                PoolVectors<T>(kind, sliding, args, n, y, x, limits);
              } else {
                PoolPixelOf<T, kind>(sliding, args, n, y, x, limits);
              }
            }
          }
        }
      },
      scratch);
}

template <typename T>
std::unique_ptr<Kernel> MakeKernel(PoolKind kind, const Sliding& sliding, const StoredRange& limits, int64_t channels) {
  return kind == PoolKind::kAverage ? MakeKernel<T, PoolKind::kAverage>(sliding, limits, channels)
                                    : MakeKernel<T, PoolKind::kMax>(sliding, limits, channels);
}

}  // namespace

Result<std::unique_ptr<Kernel>> PrepareQuantizedPool(const OpContext& context, PoolKind kind, const Sliding& sliding) {
  const Value &in = context.input(0), &out = context.output(0);
  SL_ASSIGN(const Quantization from, QuantizationOf(in));
  SL_ASSIGN(const Quantization to, QuantizationOf(out));
  if (from.zero_point != to.zero_point || std::abs(from.scale - to.scale) > 1e-6f) {
    return InvalidArgument("'", in.name, "' and '", out.name,
                           "' have other scales or zero points; they must be the same");
  }
  SL_ASSIGN(const StoredRange limits, StoredLimits(context.attrs<SlidingAttrs>().clamp, out.dtype, to));
  switch (in.dtype) {
    case DType::kInt8: return MakeKernel<int8_t>(kind, sliding, limits, out.shape[3]);
    case DType::kUInt8: return MakeKernel<uint8_t>(kind, sliding, limits, out.shape[3]);
    default: return MakeKernel<int16_t>(kind, sliding, limits, out.shape[3]);
  }
}

}  // namespace safelight
