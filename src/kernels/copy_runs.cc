// SPDX-License-Identifier: Apache-2.0
#include "kernels/copy_runs.h"

#include <cstring>

namespace safelight::kernels {
namespace {

// A call of memcpy pays from here on; below, a few vectors inline are faster.
constexpr size_t kLongRun = 256;

// Runs of a size known to the compiler.
template <size_t bytes>
void CopyFixed(const std::byte* from, int64_t from_step, std::byte* to, int64_t to_step, int64_t count) {
  for (; count > 0; --count, from += from_step, to += to_step) std::memcpy(to, from, bytes);
}

// 16 bytes at a time, the last overlapping the ones before.
void CopyVectors(const std::byte* from, int64_t from_step, std::byte* to, int64_t to_step, size_t bytes,
                 int64_t count) {
  for (; count > 0; --count, from += from_step, to += to_step) {
    for (size_t i = 0; i + 16 <= bytes; i += 16) std::memcpy(to + i, from + i, 16);
    std::memcpy(to + bytes - 16, from + bytes - 16, 16);
  }
}

}  // namespace

void CopyRuns(const std::byte* from, int64_t from_step, std::byte* to, int64_t to_step, size_t bytes, int64_t count) {
  const int64_t size = static_cast<int64_t>(bytes);
  if (from_step == size && to_step == size) {
    std::memcpy(to, from, bytes * static_cast<size_t>(count));
    return;
  }
  switch (bytes) {
    case 1: return CopyFixed<1>(from, from_step, to, to_step, count);
    case 2: return CopyFixed<2>(from, from_step, to, to_step, count);
    case 4: return CopyFixed<4>(from, from_step, to, to_step, count);
    case 8: return CopyFixed<8>(from, from_step, to, to_step, count);
    case 12: return CopyFixed<12>(from, from_step, to, to_step, count);
    case 16: return CopyFixed<16>(from, from_step, to, to_step, count);
    case 24: return CopyFixed<24>(from, from_step, to, to_step, count);
    case 32: return CopyFixed<32>(from, from_step, to, to_step, count);
    case 36: return CopyFixed<36>(from, from_step, to, to_step, count);
    case 48: return CopyFixed<48>(from, from_step, to, to_step, count);
    case 64: return CopyFixed<64>(from, from_step, to, to_step, count);
    case 128: return CopyFixed<128>(from, from_step, to, to_step, count);
    default: break;
  }
  if (bytes > 16 && bytes < kLongRun) return CopyVectors(from, from_step, to, to_step, bytes, count);
  for (; count > 0; --count, from += from_step, to += to_step) std::memcpy(to, from, bytes);
}

}  // namespace safelight::kernels
