// SPDX-License-Identifier: Apache-2.0
//
// Facts about the machine: caches and memory, as the operating system tells them; instructions that Highway does not
// ask for.
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

enum class Instructions { kAvx512Vnni, kAvxVnni, kArmDot };
// The CPU has them. That the system keeps the registers they use is for others to ask.
bool HasInstructions(Instructions which);

}  // namespace safelight
