// SPDX-License-Identifier: Apache-2.0
//
// Times the works beside the kernels, one thread, with Google Benchmark. `of_peak` is the share of the FMA peak of this
// core, measured right before and after.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "kernels/fma_peak_bench.h"
#include "kernels/kernel_work.h"

namespace safelight::kernels {
namespace {

// GFLOP/s of one core doing nothing but multiply-adds for a moment.
double FmaPeakNow() {
  constexpr int64_t kIterations = 1 << 21;  // some milliseconds
  float sink[3] = {0.75f, 0.5f, 0.0f};
  const double start = ThreadSeconds();
  const double operations = RunFmaLoop(kIterations, sink);
  return 1e-9 * operations / (ThreadSeconds() - start);
}

// Runs the work for as long as the library asks.
void Measure(benchmark::State& state, const KernelWork& work) {
  const double peak_before = FmaPeakNow();
  const double start = ThreadSeconds();
  for (auto _ : state) {
    work.once();
    benchmark::ClobberMemory();
  }
  const double rate = 2e-9 * work.macs * static_cast<double>(state.iterations()) / (ThreadSeconds() - start);
  state.counters["GFLOP/s"] = rate;
  state.counters["of_peak"] = rate / std::max(peak_before, FmaPeakNow());
}

}  // namespace
}  // namespace safelight::kernels

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const auto works = safelight::kernels::KernelFamily::All();
  for (const auto& work : works) {
    benchmark::RegisterBenchmark(work.name.c_str(),
                                 [&work](benchmark::State& state) { safelight::kernels::Measure(state, work); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
