// SPDX-License-Identifier: Apache-2.0
//
// The most multiply-adds a core does: registers only, nothing read or written. The yardstick of the benchmarks,
// on the same SIMD target that the kernels take.
#pragma once

#include <cstdint>
#include <string>

namespace safelight::kernels {

// Does at least `iterations` rounds of independent multiply-adds; returns how many floating-point operations
// (two for each multiply-add). `sink` keeps the compiler from leaving them out.
double RunFmaLoop(int64_t iterations, float* sink);

// GFLOP/s of `threads` threads together, running for about `seconds` of wall time.
double MeasureFmaPeak(int threads, double seconds);

// Seconds of the processor that this thread has used: unlike wall time, not stretched by other processes.
double ThreadSeconds();

// The SIMD target in use, as Highway names it: "AVX2".
std::string SimdTarget();

}  // namespace safelight::kernels
