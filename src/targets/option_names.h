// SPDX-License-Identifier: Apache-2.0
//
// Options of ops by name, as the rules of targets say them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/op_def.h"

namespace safelight {

// What the numbers of an option mean.
enum class OptionKind { kInt, kBool, kFloat, kPadding, kActivation, kMirror, kWeightsFormat, kType };

struct OptionName {
  std::string_view name;
  int slot;
  OptionKind kind;
  double fallback;  // where the file leaves it out
};

// Null where the op has no option of this name.
const OptionName* FindOption(std::string_view op, std::string_view name);
// The names of the op's options, for sentences.
std::string OptionsOf(std::string_view op);

// The number that a word stands for: "same" of kPadding is 0. Nothing where the kind has no such word.
std::optional<double> NumberOf(OptionKind kind, std::string_view word);

double ReadOption(const AttrReader& options, const OptionName& option);

}  // namespace safelight
