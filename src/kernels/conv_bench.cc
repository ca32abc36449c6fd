// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution 3x3, stride 1, on a strip of rows in the cache, as conv_2d lists its pixels: in and out channels.
#include <limits>

#include "kernels/conv.h"
#include "kernels/kernel_bench.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 96, kTaps = 3;

void Conv3x3(benchmark::State& state) {
  const ConvSize size{state.range(0), state.range(1), kTaps, kTaps};
  const int64_t in_row = (kColumns + kTaps - 1) * size.in_channels;
  const std::vector<float> in = FilledFloats(static_cast<size_t>((kRows + kTaps - 1) * in_row));
  const std::vector<float> weights =
      FilledFloats(static_cast<size_t>(size.out_channels * kTaps * kTaps * size.in_channels));
  std::vector<float> packed(ConvPackedBytes(size) / sizeof(float));
  PackConv(size, weights.data(), nullptr, packed.data());
  std::vector<float> out(static_cast<size_t>(kRows * kColumns * size.out_channels));
  const double macs = static_cast<double>(kRows * kColumns * kTaps * kTaps * size.in_channels * size.out_channels);
  MeasureMacs(state, macs, [&] {
    for (int64_t y = 0; y < kRows; ++y) {
      // The taps of one kernel row are neighbours in memory: three runs.
      ConvRun runs[kTaps];
      for (int64_t ky = 0; ky < kTaps; ++ky)
        runs[ky] = {in.data() + (y + ky) * in_row, ky * kTaps * size.in_channels, kTaps * size.in_channels};
      RunConv(size, packed.data(),
              {.runs = runs,
               .num_runs = kTaps,
               .in_step = size.in_channels,
               .out = out.data() + y * kColumns * size.out_channels,
               .out_step = size.out_channels,
               .pixels = kColumns,
               .low = 0.0f,
               .high = std::numeric_limits<float>::infinity()});
    }
  });
}
BENCHMARK(Conv3x3)
    ->ArgNames({"in", "out"})
    ->Args({3, 16})
    ->Args({3, 28})
    ->Args({3, 32})
    ->Args({3, 64})
    ->Args({16, 16})
    ->Args({28, 28})
    ->Args({32, 32})
    ->Args({48, 48})
    ->Args({64, 64})
    ->Args({28, 27})
    ->Args({16, 3})
    ->Args({32, 3})
    ->Args({64, 3});

}  // namespace
}  // namespace safelight::kernels
