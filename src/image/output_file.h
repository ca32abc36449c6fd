// SPDX-License-Identifier: Apache-2.0
//
// A file that appears under its name only when it is whole.
//
// Bytes go to a file of another name in the same folder; Commit renames it. Without a Commit, or
// when anything failed, it is removed and what stood under the name before stays. Symbolic links are
// followed; a name that is a device (/dev/null) is written in place. An existing file's permissions
// are kept.
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

#include "safelight/status.h"

namespace safelight {

class OutputFile {
 public:
  OutputFile() = default;
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Errors: kNotFound (no such folder), kIoError.
  Status Open(const std::string& path);
  // After the first failure all further writes fail with the same sentence.
  Status Write(std::span<const std::byte> bytes);
  Status Commit();
  // Where the bytes go until Commit, for writers that open files by name. It ends in the target's
  // extension.
  const std::string& temporary_path() const { return temporary_path_; }

 private:
  Status Fail(const char* what, int error_number);

  std::FILE* file_ = nullptr;
  std::string target_path_;
  std::string temporary_path_;
  bool in_place_ = false;
  Status status_;
};

// The sentence for an errno value: "no space is left on the device".
std::string ErrnoText(int error_number);

}  // namespace safelight
