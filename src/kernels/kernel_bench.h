// SPDX-License-Identifier: Apache-2.0
//
// What the micro-benchmarks beside the kernels share: filled memory, and counters that say what share of the FMA peak,
// measured right before and after, a kernel reaches. One thread; data that stays in the second-level cache.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/fma_peak_bench.h"

namespace safelight::kernels {

// Numbers of both signs, none of them denormal, the same every time.
inline std::vector<float> FilledFloats(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

// GFLOP/s of one core doing nothing but multiply-adds for a moment.
inline double FmaPeakNow() {
  constexpr int64_t kIterations = 1 << 21;  // some milliseconds
  float sink[3] = {0.75f, 0.5f, 0.0f};
  const double start = ThreadSeconds();
  const double operations = RunFmaLoop(kIterations, sink);
  return 1e-9 * operations / (ThreadSeconds() - start);
}

// Runs `once` for as long as the library asks. `macs`: multiply-adds of one call, counted as direct convolution.
template <class Once>
void MeasureMacs(benchmark::State& state, double macs, const Once& once) {
  const double peak_before = FmaPeakNow();
  const double start = ThreadSeconds();
  for (auto _ : state) {
    once();
    benchmark::ClobberMemory();
  }
  const double rate = 2e-9 * macs * static_cast<double>(state.iterations()) / (ThreadSeconds() - start);
  state.counters["GFLOP/s"] = rate;
  state.counters["of_peak"] = rate / std::max(peak_before, FmaPeakNow());
}

}  // namespace safelight::kernels
