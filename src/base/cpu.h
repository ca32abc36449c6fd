// SPDX-License-Identifier: Apache-2.0
//
// Facts about the machine: caches and memory, as the operating system tells them.
#pragma once

#include <cstdint>

namespace safelight {

struct CacheSizes {
  int64_t l1_bytes = 32 << 10;   // data, of one core
  int64_t l2_bytes = 512 << 10;  // of one core
  int64_t l3_bytes = 0;          // shared; 0: none
};
// Read once. What the system does not tell keeps the value above.
const CacheSizes& Caches();

// All memory of the machine.
int64_t PhysicalMemory();

}  // namespace safelight
