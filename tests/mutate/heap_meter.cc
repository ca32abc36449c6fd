// SPDX-License-Identifier: Apache-2.0
#include "heap_meter.h"

#include <atomic>
#include <cstdint>

extern "C" {
// Of the sanitizers' common interface; absent from other builds.
__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, size_t),
                                                                    void (*free_hook)(const volatile void*));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void* block);
}

namespace safelight {
namespace {

std::atomic<int64_t> held_bytes = 0, peak_bytes = 0, zero_bytes = 0;

void OnTake(const volatile void*, size_t size_bytes) {
  const int64_t held = held_bytes.fetch_add(static_cast<int64_t>(size_bytes)) + static_cast<int64_t>(size_bytes);
  int64_t peak = peak_bytes.load();
  while (held > peak && !peak_bytes.compare_exchange_weak(peak, held)) {
  }
}

void OnGive(const volatile void* block) {
  if (block != nullptr) held_bytes.fetch_sub(static_cast<int64_t>(__sanitizer_get_allocated_size(block)));
}

}  // namespace

bool StartHeapMeter() {
  if (__sanitizer_install_malloc_and_free_hooks == nullptr || __sanitizer_get_allocated_size == nullptr) return false;
  static const bool started = __sanitizer_install_malloc_and_free_hooks(OnTake, OnGive) != 0;
  return started;
}

void ResetHeapPeak() {
  zero_bytes = held_bytes.load();
  peak_bytes = held_bytes.load();
}

size_t HeapPeakBytes() { return static_cast<size_t>(peak_bytes - zero_bytes); }

}  // namespace safelight
