// SPDX-License-Identifier: Apache-2.0
//
// Runs of float32 to float16 and back: rounded to nearest even, infinite beyond 65504.
#pragma once

#include <cstdint>

namespace safelight::kernels {

void FromHalf(const uint16_t* from, int64_t count, float* to);
void ToHalf(const float* from, int64_t count, uint16_t* to);

// What float16 makes of numbers, summed up.
struct HalfLoss {
  int64_t beyond = 0;              // finite numbers that become infinite
  double squares = 0, errors = 0;  // of the numbers, and of what they are off by; those beyond do not count
};
void AddHalfLoss(const float* from, int64_t count, HalfLoss* loss);

}  // namespace safelight::kernels
