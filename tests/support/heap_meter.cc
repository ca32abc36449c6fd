// SPDX-License-Identifier: Apache-2.0
#include "heap_meter.h"

#include <malloc.h>

#include <atomic>
#include <cerrno>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SL_METER_BY_SANITIZER 1
#endif
#endif
#if defined(SL_METER_BY_SANITIZER) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SL_METER_BY_SANITIZER 1
#elif defined(__GLIBC__)
#define SL_METER_BY_GLIBC 1
#endif

extern "C" {
#ifdef SL_METER_BY_SANITIZER
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, size_t),
                                              void (*free_hook)(const volatile void*));
size_t __sanitizer_get_allocated_size(const volatile void* block);
#endif
#ifdef SL_METER_BY_GLIBC
void* __libc_malloc(size_t size_bytes);
void* __libc_calloc(size_t count, size_t size_bytes);
void* __libc_realloc(void* block, size_t size_bytes);
void* __libc_memalign(size_t alignment, size_t size_bytes);
void __libc_free(void* block);
#endif
}

namespace safelight {
namespace {

std::atomic<int64_t> held_bytes = 0, peak_bytes = 0, zero_bytes = 0, blocks = 0;

void OnTake(const volatile void*, size_t size_bytes) {
  blocks.fetch_add(1);
  const int64_t held = held_bytes.fetch_add(static_cast<int64_t>(size_bytes)) + static_cast<int64_t>(size_bytes);
  int64_t peak = peak_bytes.load();
  while (held > peak && !peak_bytes.compare_exchange_weak(peak, held)) {
  }
}

#ifdef SL_METER_BY_SANITIZER
void OnGive(const volatile void* block) {
  if (block != nullptr) held_bytes.fetch_sub(static_cast<int64_t>(__sanitizer_get_allocated_size(block)));
}
#endif

#ifdef SL_METER_BY_GLIBC
void OnGive(void* block) {
  if (block != nullptr) held_bytes.fetch_sub(static_cast<int64_t>(malloc_usable_size(block)));
}
void* Taken(void* block) {
  if (block != nullptr) OnTake(block, malloc_usable_size(block));
  return block;
}
#endif

}  // namespace

bool StartHeapMeter() {
#if defined(SL_METER_BY_SANITIZER)
  static const bool started = __sanitizer_install_malloc_and_free_hooks(OnTake, OnGive) != 0;
  return started;
#elif defined(SL_METER_BY_GLIBC)
  return true;
#else
  return false;
#endif
}

void ResetHeapPeak() {
  zero_bytes = held_bytes.load();
  peak_bytes = held_bytes.load();
}

size_t HeapPeakBytes() { return static_cast<size_t>(peak_bytes - zero_bytes); }
int64_t HeapBlocksTaken() { return blocks; }

}  // namespace safelight

#ifdef SL_METER_BY_GLIBC
// All of malloc's family, so that what one gives another may take back.
extern "C" {
void* malloc(size_t size_bytes) { return safelight::Taken(__libc_malloc(size_bytes)); }
void* calloc(size_t count, size_t size_bytes) { return safelight::Taken(__libc_calloc(count, size_bytes)); }
void* realloc(void* block, size_t size_bytes) {
  safelight::OnGive(block);
  void* moved = __libc_realloc(block, size_bytes);
  if (moved == nullptr && size_bytes > 0) return nullptr;
  return safelight::Taken(moved);
}
void* memalign(size_t alignment, size_t size_bytes) { return safelight::Taken(__libc_memalign(alignment, size_bytes)); }
void* aligned_alloc(size_t alignment, size_t size_bytes) { return memalign(alignment, size_bytes); }
int posix_memalign(void** block, size_t alignment, size_t size_bytes) {
  void* taken = memalign(alignment, size_bytes);
  if (taken == nullptr) return ENOMEM;
  *block = taken;
  return 0;
}
void free(void* block) {
  safelight::OnGive(block);
  __libc_free(block);
}
}
#endif
