// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <cstring>
#include <new>

namespace safelight {

AlignedBuffer::AlignedBuffer(size_t size_bytes) : size_bytes_(size_bytes) {
  const size_t whole = AlignUp(size_bytes) + kAlignment;
  data_ = static_cast<std::byte*>(std::aligned_alloc(kAlignment, whole));
  // Sizes are bounded by the planner before this point, so running dry is the system's end, not an input's.
  if (data_ == nullptr) std::abort();
  std::memset(data_, 0, whole);
}

}  // namespace safelight
