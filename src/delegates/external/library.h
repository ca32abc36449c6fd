// SPDX-License-Identifier: Apache-2.0
//
// The file of a TFLite external delegate: looked at, loaded, and a delegate made of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tflite_abi/abi.h"

namespace safelight {

// That a file could be loaded here, from its first bytes, without running anything of it. A name without '/' is the
// loader's to find, and not looked at. Errors: kNotFound; kUnsupported: no shared library, or for another machine.
Status CheckLibraryFile(const std::string& path);

// What tells one build of a library from another, of its file alone: its size and a checksum of its bytes. Empty for a
// name without '/'.
std::string LibraryVersion(const std::string& path);

using ExternalOptions = std::vector<std::pair<std::string, std::string>>;

// As many as a TFLite host hands over.
inline constexpr size_t kMostExternalOptions = 256;

// Never unloaded: vendors' libraries leave threads and handlers behind.
class ExternalLibrary {
 public:
  // Runs what the library does when it is loaded. Errors: CheckLibraryFile's; the loader's own sentence; a missing
  // entry point.
  static Result<std::shared_ptr<const ExternalLibrary>> Open(const std::string& path);

  struct Destroy {
    host::DestroyDelegate destroy = nullptr;
    void operator()(host::Delegate* delegate) const;
  };
  using Handle = std::unique_ptr<host::Delegate, Destroy>;
  // Errors: what the library said; a delegate of the opaque kind; too many options.
  Result<Handle> Create(const ExternalOptions& options) const;

 private:
  host::CreateDelegate create_ = nullptr;
  host::DestroyDelegate destroy_ = nullptr;
};

// One line of what a library said: without line breaks and control characters, cut off where it is long.
std::string CleanMessage(const char* text);

}  // namespace safelight
