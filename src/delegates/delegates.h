// SPDX-License-Identifier: Apache-2.0
//
// The list of delegates, and how one is asked for: "name" or "name,key:value,key:value".
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/delegate.h"

namespace safelight {

// A request taken apart. `name` is of the list, or the path of a shared library (it has a '/' or ends in ".so").
struct DelegateRequest {
  std::string name;
  std::vector<std::pair<std::string, std::string>> options;
};
// Errors: an empty name, an option without a key.
Result<DelegateRequest> ParseDelegateRequest(const std::string& text);

// All of delegates.def, in its order.
std::span<const DelegateDef* const> AllDelegates();

// Errors: kNotFound (no such delegate; names those there are), and what the delegate itself says.
Result<std::unique_ptr<Delegate>> OpenDelegate(const std::string& request, DelegateOptions options);

// The value of `key` among options, or null.
const std::string* FindOption(const DelegateOptions& options, const std::string& key);

// An error naming the first option that is not one of `known`.
Status CheckOptions(const DelegateOptions& options, std::span<const char* const> known);

}  // namespace safelight
