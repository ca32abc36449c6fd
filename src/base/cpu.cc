// SPDX-License-Identifier: Apache-2.0
#include "base/cpu.h"

#include <unistd.h>

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

}  // namespace safelight
