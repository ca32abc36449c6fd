// SPDX-License-Identifier: Apache-2.0
#include "ops/support/resize_fixed.h"

#include <algorithm>
#include <cmath>

#include "kernels/int_pixels.h"
#include "ops/support/function_kernel.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

constexpr int64_t kOne = 1 << 10;

struct Corners {
  int32_t top_left, bottom_left, top_right, bottom_right;
};

template <typename T>
T BlendFixed(const Corners& c, const ResizeTap& row, const ResizeTap& column) {
  const int64_t y = static_cast<int64_t>(row.weight), x = static_cast<int64_t>(column.weight);
  const int64_t sum = c.top_left * (kOne - y) * (kOne - x) + c.bottom_left * y * (kOne - x) +
                      c.top_right * (kOne - y) * x + c.bottom_right * y * x;
  return static_cast<T>((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

template <typename T>
void Run(const std::vector<ResizeTap>& rows, const std::vector<ResizeTap>& columns, const KernelArgs& args) {
  const Window &in = args.inputs[0], &out = args.outputs[0];
  const Range* box = args.box.axis;
  for (int64_t n = box[0].begin; n < box[0].end; ++n) {
    for (int64_t y = box[1].begin; y < box[1].end; ++y) {
      for (int64_t x = box[2].begin; x < box[2].end; ++x) {
        const ResizeTap &row = rows[y], &column = columns[x];
        const T* top_left = in.Pixel<T>(n, row.low, column.low);
        const T* bottom_left = in.Pixel<T>(n, row.high, column.low);
        const T* top_right = in.Pixel<T>(n, row.low, column.high);
        const T* bottom_right = in.Pixel<T>(n, row.high, column.high);
        T* to = out.Pixel<T>(n, y, x);
        if constexpr (sizeof(T) == 1) {
          kernels::RunBlend({.corners = {top_left, bottom_left, top_right, bottom_right},
                             .y = row.weight,
                             .x = column.weight,
                             .channels = out.shape[3]},
                            to);
          continue;
        }
        for (int64_t c = 0; c < out.shape[3]; ++c) {
          to[c] = BlendFixed<T>({top_left[c], bottom_left[c], top_right[c], bottom_right[c]}, row, column);
        }
      }
    }
  }
}

}  // namespace

std::vector<ResizeTap> FixedTaps(int64_t in, int64_t out, const ResizeAttrs& attrs) {
  const bool corners = attrs.align_corners && out > 1;
  const int64_t from = corners ? in - 1 : in, to = corners ? out - 1 : out;
  const int64_t scale = (kOne * from + to / 2) / to;
  std::vector<ResizeTap> taps(static_cast<size_t>(out));
  for (int64_t y = 0; y < out; ++y) {
    const int64_t at = y * scale + (attrs.half_pixel_centers ? scale / 2 - kOne / 2 : 0);
    ResizeTap& tap = taps[static_cast<size_t>(y)];
    tap.low = std::clamp<int64_t>(at / kOne, 0, in - 1);
    tap.high = std::clamp<int64_t>((at + kOne - 1) / kOne, 0, in - 1);
    tap.weight = static_cast<float>(at - kOne * std::max<int64_t>(at / kOne, 0));
  }
  return taps;
}

ResizeTaps BilinearTapsOf(DType dtype) {
  return dtype == DType::kInt8 || dtype == DType::kInt16 ? FixedTaps : BilinearTaps;
}

Result<std::unique_ptr<Kernel>> PrepareQuantizedResize(const OpContext& context) {
  const ResizeTaps taps = BilinearTapsOf(context.input(0).dtype);
  const auto make = [&](auto run) -> std::unique_ptr<Kernel> {
    return MakeFunctionKernel([run, rows = TapsOfAxis(context, 1, taps), columns = TapsOfAxis(context, 2, taps)](
                                  const KernelArgs& args) { run(rows, columns, args); });
  };
  switch (context.input(0).dtype) {
    case DType::kInt8: return make(Run<int8_t>);
    case DType::kUInt8: return make(Run<uint8_t>);
    default: return make(Run<int16_t>);
  }
}

}  // namespace safelight
