// SPDX-License-Identifier: Apache-2.0
//
// Packed weights, made once and shared by all sessions of a model.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/memory.h"

namespace safelight {

class PackCache {
 public:
  // Names a constant that lives as long as this cache. Only such are cached: another's address may be given to
  // other weights once it is freed.
  void AddSource(const void* source) { sources_.insert(source); }

  // The block packed under (source, layout), made by `make` on the first call. `source` is the
  // constant's address in the file, `layout` names the packing with all it depends on.
  std::shared_ptr<const AlignedBuffer> Get(const void* source, const std::string& layout,
                                           const std::function<AlignedBuffer()>& make) {
    std::lock_guard lock(mutex_);
    if (!sources_.contains(source)) return std::make_shared<const AlignedBuffer>(make());
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
  mutable std::mutex mutex_;
  std::set<const void*> sources_;
  std::map<std::pair<const void*, std::string>, std::shared_ptr<const AlignedBuffer>> blocks_;
};

}  // namespace safelight
