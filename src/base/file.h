// SPDX-License-Identifier: Apache-2.0
//
// Files: mapped for reading, written whole or not at all.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace safelight {

// The bytes of a file, read-only. Never changes and never moves.
class MappedFile {
 public:
  // Errors: kNotFound, kIoError (a directory, no permission), kCorruptData (empty).
  static Result<std::shared_ptr<MappedFile>> Open(const std::string& path);
  // The same interface over a copy of `bytes`.
  static std::shared_ptr<MappedFile> FromCopy(std::span<const std::byte> bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }

  // Gives the memory of the pages read so far back to the system. They come back from the file when they are read.
  void ReleasePages() const;

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
  bool mapped_ = false;
  std::vector<std::max_align_t> copy_;
};

// Writes beside `path` first and renames when whole; on any failure what was there before is untouched.
Status WriteFileAtomically(const std::string& path, std::span<const std::byte> bytes);

}  // namespace safelight
