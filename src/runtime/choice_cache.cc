// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice_cache.h"

#include <cstdlib>
#include <filesystem>
#include <span>
#include <utility>

#include "base/file.h"

namespace safelight {
namespace {

constexpr const char* kFirstLine = "safelight auto 1\n";

std::string DefaultFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::string(cache) + "/safelight";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return std::string(home) + "/.cache/safelight";
  }
  return "";
}

}  // namespace

std::string HashText(const void* data, size_t bytes) {
  uint64_t hash = 14695981039346656037u;
  const auto* at = static_cast<const unsigned char*>(data);
  for (size_t i = 0; i < bytes; ++i) hash = (hash ^ at[i]) * 1099511628211u;
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[hash >> shift & 15];
  return text;
}

ChoiceCache::ChoiceCache(const std::string& folder, std::string key) : key_(std::move(key)) {
  const std::string where = folder.empty() ? DefaultFolder() : folder;
  if (!where.empty()) path_ = where + "/auto-" + HashText(key_.data(), key_.size()) + ".txt";
}

// The whole key stands in the file, and a hash of everything at its end: half a file, or one of another key with the
// same hash, is not taken.
std::string ChoiceCache::TextFor(const std::string& name) const {
  const std::string body = kFirstLine + key_ + "winner " + name + "\n";
  return body + "end " + HashText(body.data(), body.size()) + "\n";
}

std::optional<std::string> ChoiceCache::Read(std::string* why) const {
  if (path_.empty()) return std::nullopt;
  const auto file = MappedFile::Open(path_);
  if (!file.ok()) {
    if (file.status().code() != StatusCode::kNotFound) *why = file.status().message();
    return std::nullopt;
  }
  const auto bytes = (*file)->bytes();
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t at = text.rfind("\nwinner ");
  const size_t end = at == std::string::npos ? at : text.find('\n', at + 1);
  if (end != std::string::npos) {
    const std::string name = text.substr(at + 8, end - at - 8);
    if (text == TextFor(name)) return name;
  }
  *why = path_ + ": damaged, or of another version";
  return std::nullopt;
}

Status ChoiceCache::Write(const std::string& name) const {
  if (path_.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  const std::string text = TextFor(name);
  return WriteFileAtomically(path_, std::as_bytes(std::span<const char>(text)));
}

}  // namespace safelight
