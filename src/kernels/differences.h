// SPDX-License-Identifier: Apache-2.0
//
// Sums of differences between two runs of samples. Exact for integers; about a cycle per vector.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

struct DifferenceSums {
  uint64_t absolute = 0;  // of |a - b|
  uint64_t squared = 0;   // of (a - b)^2
};

// count below 2^32.
DifferenceSums SumDifferences(const uint8_t* a, const uint8_t* b, size_t count);

}  // namespace safelight::kernels
