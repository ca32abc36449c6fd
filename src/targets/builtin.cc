// SPDX-License-Identifier: Apache-2.0
//
// The target files that are part of the program.
#include <sys/stat.h>

#include <span>

#include "base/file.h"
#include "targets/target.h"

namespace safelight {

// Texts of targets/*.json, made by cmake/embed_text.cmake.
#define TARGET(name) extern const char name##_target_text[];
#include "../targets/targets.def"
#undef TARGET

namespace {

struct Text {
  const char* name;
  const char* text;
};
#define TARGET(name) {#name, name##_target_text},
constexpr Text kTexts[] = {
#include "../targets/targets.def"
};
#undef TARGET

// A file that does not parse would have failed the tests; it is left out here.
std::vector<Target> ParseAll() {
  std::vector<Target> all;
  for (const Text& text : kTexts) {
    Result<std::vector<Target>> targets = ParseTarget(text.text, text.name);
    if (!targets.ok()) continue;
    for (Target& target : *targets) all.push_back(std::move(target));
  }
  return all;
}

bool IsFile(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

const std::vector<Target>& BuiltinTargets() {
  static const std::vector<Target> kTargets = ParseAll();
  return kTargets;
}

Result<std::vector<Target>> FindTargets(const std::string& name) {
  if (name == "all") return BuiltinTargets();
  std::vector<Target> found;
  for (const Target& target : BuiltinTargets()) {
    if (target.name == name) return std::vector<Target>{target};
    if (target.family == name) found.push_back(target);
  }
  if (!found.empty()) return found;
  if (IsFile(name)) {
    SL_ASSIGN(const std::shared_ptr<MappedFile> file, MappedFile::Open(name));
    const std::span<const std::byte> bytes = file->bytes();
    return ParseTarget({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name);
  }
  std::string known;
  for (const Target& target : BuiltinTargets()) known += (known.empty() ? "" : ", ") + target.name;
  return NotFound("target '", name, "' is neither known nor a file; known are: all, ", known);
}

}  // namespace safelight
