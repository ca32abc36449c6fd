// SPDX-License-Identifier: Apache-2.0
#include "base/cpu.h"

#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace safelight {
namespace {

void Ask([[maybe_unused]] int name, int64_t* size) {
  const long told = sysconf(name);
  if (told > 0) *size = told;
}

CacheSizes ReadCaches() {
  CacheSizes sizes;
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  Ask(_SC_LEVEL1_DCACHE_SIZE, &sizes.l1_bytes);
  Ask(_SC_LEVEL2_CACHE_SIZE, &sizes.l2_bytes);
  Ask(_SC_LEVEL3_CACHE_SIZE, &sizes.l3_bytes);
#endif
  return sizes;
}

}  // namespace

const CacheSizes& Caches() {
  static const CacheSizes sizes = ReadCaches();
  return sizes;
}

int64_t PhysicalMemory() { return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE); }

bool HasInstructions([[maybe_unused]] Instructions which) {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  switch (which) {
    case Instructions::kAvx512Vnni: return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c >> 11 & 1) != 0;
    case Instructions::kAvxVnni: return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
    default: return false;
  }
#elif defined(__aarch64__)
  constexpr unsigned long kDotProduct = 1ul << 20;  // HWCAP_ASIMDDP
  return which == Instructions::kArmDot && (getauxval(AT_HWCAP) & kDotProduct) != 0;
#else
  return false;
#endif
}

}  // namespace safelight
