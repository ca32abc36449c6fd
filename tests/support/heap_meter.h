// SPDX-License-Identifier: Apache-2.0
//
// How often and how much memory was taken from the heap, by anything in the process. Counts in builds with a
// sanitizer (through its hooks) and with glibc (whose malloc it stands before).
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight {

// True when this build counts. The first call starts the count.
bool StartHeapMeter();
// Takes the present state as zero.
void ResetHeapPeak();
// The most that was held at once since ResetHeapPeak.
size_t HeapPeakBytes();
// How many blocks were taken so far.
int64_t HeapBlocksTaken();

}  // namespace safelight
