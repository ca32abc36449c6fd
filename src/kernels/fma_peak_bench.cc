// SPDX-License-Identifier: Apache-2.0
#include "kernels/fma_peak_bench.h"

#include <time.h>

#include <chrono>
#include <thread>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/fma_peak_bench.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve sums: more than two units times the longest latency of a multiply-add, and within sixteen registers.
constexpr int kSums = 12;

double FmaLoop(int64_t iterations, float* sink) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<hn::ScalableTag<float>>;
  // sum = sum * 0.75 + y tends to 4 y: neither grows nor becomes denormal. Read from memory so that it is not folded.
  const V factor = hn::Set(d, sink[0]), y = hn::Set(d, sink[1]);
  V sum[kSums];
#pragma GCC unroll 12
  for (int i = 0; i < kSums; ++i) sum[i] = hn::Set(d, static_cast<float>(i));
  for (int64_t n = 0; n < iterations; ++n) {
#pragma GCC unroll 12
    for (int i = 0; i < kSums; ++i) sum[i] = hn::MulAdd(sum[i], factor, y);
  }
  V total = hn::Zero(d);
#pragma GCC unroll 12
  for (int i = 0; i < kSums; ++i) total = hn::Add(total, sum[i]);
  sink[2] = hn::GetLane(hn::SumOfLanes(d, total));
  return 2.0 * kSums * static_cast<double>(hn::Lanes(d)) * static_cast<double>(iterations);
}

const char* TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(FmaLoop);
HWY_EXPORT(TargetName);

double RunFmaLoop(int64_t iterations, float* sink) { return HWY_DYNAMIC_DISPATCH(FmaLoop)(iterations, sink); }

double MeasureFmaPeak(int threads, double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rates(static_cast<size_t>(threads));
  const auto measure = [seconds](double* rate) {
    float sink[3] = {0.75f, 0.5f, 0.0f};
    const Clock::time_point start = Clock::now();
    double operations = 0, elapsed = 0;
    while (elapsed < seconds) {
      operations += RunFmaLoop(1 << 18, sink);
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    }
    *rate = operations / elapsed / 1e9;
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(measure, &rates[static_cast<size_t>(i)]);
  measure(&rates[0]);
  for (std::thread& thread : others) thread.join();
  double total = 0;
  for (const double rate : rates) total += rate;
  return total;
}

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string SimdTarget() { return HWY_DYNAMIC_DISPATCH(TargetName)(); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
