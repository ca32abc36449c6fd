// SPDX-License-Identifier: Apache-2.0
//
// Memory on 64-byte boundaries: a cache line, and the widest vector of today.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>

namespace safelight {

inline constexpr size_t kAlignment = 64;

constexpr size_t AlignUp(size_t size_bytes, size_t alignment = kAlignment) {
  return (size_bytes + alignment - 1) / alignment * alignment;
}

// An owned block of zeroed memory, aligned to kAlignment, with 64 readable bytes after
// its end so that a vector load of the last element stays inside.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size_bytes);
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
  }
  ~AlignedBuffer() { std::free(data_); }

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace safelight
