// SPDX-License-Identifier: Apache-2.0
//
// What a delegate, a driver or a chip takes, read from a data file of targets/.
//
// The form of the file is described in docs/targets.md. It is checked strictly: an unknown key, a wrong type, an option
// that the op does not have or a sentence left out is an error that names the place.
#pragma once

#include <climits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "targets/condition.h"

namespace safelight {

// `require` must hold of every node where `when` holds, at levels [from, below); any of nothing never holds.
struct Rule {
  Condition require;
  std::optional<Condition> when;
  int from = INT_MIN, below = INT_MAX;
  bool otherwise_unknown = false;  // where it does not hold the answer is "unknown", not "no"
  std::string reason;              // a sentence without its full stop
  std::string instead;             // what to change; may be empty
};

// What is said of some ops. An op that several entries name must suit them all.
struct OpEntry {
  std::vector<std::string> ops;
  std::map<std::string, int> types;  // TypeOf a node that is taken -> the first level; empty: any
  int from = INT_MIN, below = INT_MAX;
  std::vector<Rule> rules;
};

struct Source {
  std::string title, where, date;
};

// One generation of a target.
struct Target {
  std::string name;        // "nnapi-29": how it is asked for
  std::string family;      // "nnapi": the name of the file's target
  std::string title;       // "NNAPI, feature level 3 (Android 10)"
  std::string level_name;  // "NNAPI level"; empty where there are no generations
  int level = 0;
  std::string date;  // of the facts
  std::vector<Source> sources;
  std::vector<std::string> not_found;  // what the sources do not tell
  std::string others_reason;           // of ops that no entry names
  bool others_unknown = false;         // the answer for them is "unknown", not "no"
  std::map<std::string, std::string> instead_of_op, instead_of_type;
  std::vector<OpEntry> ops;
  std::vector<Rule> every;     // of nodes of any op
  bool folds_float16 = false;  // DEQUANTIZE of a float16 constant is done away with before
  int max_partitions = 0;      // 0: no limit
  int min_nodes = 1;           // a smaller partition is left
  bool keeps_first = false;    // of more than max_partitions the first ones are kept, else those with most nodes
};

// The generations of a target's file, oldest first. `name` is that of the file, for sentences.
Result<std::vector<Target>> ParseTarget(std::string_view text, const std::string& name);

// Those built into the program, in the order of targets/targets.def.
const std::vector<Target>& BuiltinTargets();

// A built-in target by its name, or by that of its family ("nnapi": all its generations); "all"; or a path of a
// target's file. Unsupported names are kNotFound with the list of those that are known.
Result<std::vector<Target>> FindTargets(const std::string& name);

}  // namespace safelight
