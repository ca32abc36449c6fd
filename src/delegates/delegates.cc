// SPDX-License-Identifier: Apache-2.0
#include "delegates/delegates.h"

#include <algorithm>

#include "delegates/external/external.h"

namespace safelight {

#define DELEGATE(name) extern const DelegateDef name##_delegate;
#include "delegates/delegates.def"
#undef DELEGATE

namespace {

#define DELEGATE(name) &name##_delegate,
constexpr const DelegateDef* kDelegates[] = {
#include "delegates/delegates.def"
};
#undef DELEGATE

std::string KnownNames() {
  std::string names = "cpu";
  for (const DelegateDef* def : AllDelegates()) names += Cat(", ", def->name);
  return names;
}

}  // namespace

std::span<const DelegateDef* const> AllDelegates() { return kDelegates; }

Result<DelegateRequest> ParseDelegateRequest(const std::string& text) {
  DelegateRequest request;
  size_t begin = 0;
  for (bool first = true; begin <= text.size(); first = false) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string field = text.substr(begin, end - begin);
    begin = end + 1;
    if (first) {
      request.name = field;
      continue;
    }
    const size_t colon = field.find(':');
    if (colon == std::string::npos || colon == 0) {
      return InvalidArgument("delegate '", text, "': option '", field, "' is not key:value");
    }
    request.options.emplace_back(field.substr(0, colon), field.substr(colon + 1));
  }
  if (request.name.empty()) return InvalidArgument("delegate '", text, "' has no name");
  return request;
}

Result<std::unique_ptr<Delegate>> OpenDelegate(const std::string& request, DelegateOptions options) {
  SL_ASSIGN(DelegateRequest parsed, ParseDelegateRequest(request));
  options.vendor = std::move(parsed.options);
  for (const DelegateDef* def : AllDelegates()) {
    if (def->name != parsed.name) continue;
    Result<std::unique_ptr<Delegate>> delegate = def->open(options);
    if (!delegate.ok()) return delegate.status().With("delegate " + parsed.name);
    return delegate;
  }
  if (IsLibraryPath(parsed.name)) {
    Result<std::unique_ptr<Delegate>> delegate = OpenExternalDelegate(parsed.name, options);
    if (!delegate.ok()) return delegate.status().With("delegate " + parsed.name);
    return delegate;
  }
  return NotFound("delegate '", parsed.name, "' is not known; there are ", KnownNames());
}

const std::string* FindOption(const DelegateOptions& options, const std::string& key) {
  for (const auto& [name, value] : options.vendor) {
    if (name == key) return &value;
  }
  return nullptr;
}

Status CheckOptions(const DelegateOptions& options, std::span<const char* const> known) {
  for (const auto& [name, value] : options.vendor) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const char* one : known) list += Cat(list.empty() ? "" : ", ", one);
    return InvalidArgument("option '", name, "' is not known; there ", known.size() == 1 ? "is " : "are ",
                           known.empty() ? "none" : list);
  }
  return {};
}

}  // namespace safelight
