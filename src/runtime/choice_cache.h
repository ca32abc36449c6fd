// SPDX-License-Identifier: Apache-2.0
//
// What "auto" found, one small file for each network, size, options and machine.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"

namespace safelight {

// 64 bits of FNV-1a, as hexadecimal digits.
std::string HashText(const void* data, size_t bytes);

class ChoiceCache {
 public:
  // `folder`: empty means $XDG_CACHE_HOME/safelight, else ~/.cache/safelight; where neither is known nothing is kept.
  // `key`: all that the choice depends on, as text.
  ChoiceCache(const std::string& folder, std::string key);

  // The name kept for this key. nullopt where there is none; `why` then says what was wrong with a file, if any was.
  std::optional<std::string> Read(std::string* why) const;
  Status Write(const std::string& name) const;
  const std::string& path() const { return path_; }

 private:
  std::string TextFor(const std::string& name) const;

  std::string path_;
  const std::string key_;
};

}  // namespace safelight
