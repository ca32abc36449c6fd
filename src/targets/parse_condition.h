// SPDX-License-Identifier: Apache-2.0
//
// Conditions of rules from JSON.
#pragma once

#include <string>
#include <vector>

#include "targets/condition.h"
#include "targets/json_place.h"

namespace safelight {

// `ops`: those that the condition is about; options are looked up in each of them, and must be the same in all.
Result<Condition> ParseCondition(const JsonPlace& json, const std::vector<std::string>& ops);

// "int8": a name of TypeOf.
Result<std::string> ParseType(const JsonPlace& json);

}  // namespace safelight
