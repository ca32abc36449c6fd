// SPDX-License-Identifier: Apache-2.0
//
// Packed weights, made once and shared by all sessions of a model.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/memory.h"

namespace safelight {

class PackCache {
 public:
  // Names a constant that lives as long as this cache. Only such are cached: another's address may be given to
  // other weights once it is freed.
  void AddSource(const void* source, int64_t size_bytes) {
    sources_[static_cast<const std::byte*>(source)] = size_bytes;
  }

  // The block packed under (source, layout), made by `make` on the first call. `source` is the
  // constant's address in the file, `layout` names the packing with all it depends on.
  std::shared_ptr<const AlignedBuffer> Get(const void* source, const std::string& layout,
                                           const std::function<AlignedBuffer()>& make) {
    std::lock_guard lock(mutex_);
    if (!LivesOn(source)) return std::make_shared<const AlignedBuffer>(make());
    auto& slot = blocks_[{source, layout}];
    if (slot == nullptr) slot = std::make_shared<const AlignedBuffer>(make());
    return slot;
  }
  size_t size_bytes() const {
    std::lock_guard lock(mutex_);
    size_t total = 0;
    for (const auto& [key, block] : blocks_) total += block->size_bytes();
    return total;
  }

 private:
  // Inside a named constant: grouped weights are packed part by part.
  bool LivesOn(const void* source) const {
    const std::byte* at = static_cast<const std::byte*>(source);
    auto next = sources_.upper_bound(at);
    if (next == sources_.begin()) return false;
    --next;
    return at - next->first < next->second;
  }

  mutable std::mutex mutex_;
  std::map<const std::byte*, int64_t> sources_;  // first byte -> size in bytes
  std::map<std::pair<const void*, std::string>, std::shared_ptr<const AlignedBuffer>> blocks_;
};

}  // namespace safelight
