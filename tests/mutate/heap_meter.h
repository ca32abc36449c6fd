// SPDX-License-Identifier: Apache-2.0
//
// How much memory was taken at most, as far as a sanitizer counts it; a build without one measures nothing.
#pragma once

#include <cstddef>

namespace safelight {

// True when this build counts. The first call starts the count.
bool StartHeapMeter();
// Takes the present state as zero.
void ResetHeapPeak();
// The most that was held at once since ResetHeapPeak.
size_t HeapPeakBytes();

}  // namespace safelight
