// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution 3x3, stride 1, on a strip of rows in the cache: channels.
#include <limits>

#include "kernels/depthwise.h"
#include "kernels/kernel_bench.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 96, kTaps = 3;

void Depthwise3x3(benchmark::State& state) {
  const int64_t channels = state.range(0), in_row = (kColumns + kTaps - 1) * channels;
  const std::vector<float> in = FilledFloats(static_cast<size_t>((kRows + kTaps - 1) * in_row));
  const std::vector<float> weights = FilledFloats(static_cast<size_t>(kTaps * kTaps * channels));
  std::vector<float> out(static_cast<size_t>(kRows * kColumns * channels));
  const double macs = static_cast<double>(kRows * kColumns * kTaps * kTaps * channels);
  MeasureMacs(state, macs, [&] {
    for (int64_t y = 0; y < kRows; ++y) {
      DepthwiseRow rows[kTaps];
      for (int64_t k = 0; k < kTaps; ++k)
        rows[k] = {in.data() + (y + k) * in_row, weights.data() + k * kTaps * channels};
      RunDepthwise({.rows = rows,
                    .num_rows = kTaps,
                    .taps = kTaps,
                    .tap_step = channels,
                    .weight_step = channels,
                    .in_step = channels,
                    .channels = channels,
                    .out = out.data() + y * kColumns * channels,
                    .out_step = channels,
                    .pixels = kColumns,
                    .low = -std::numeric_limits<float>::infinity(),
                    .high = std::numeric_limits<float>::infinity()});
    }
  });
}
BENCHMARK(Depthwise3x3)->ArgName("channels")->Arg(3)->Arg(16)->Arg(28)->Arg(32)->Arg(64);

}  // namespace
}  // namespace safelight::kernels
