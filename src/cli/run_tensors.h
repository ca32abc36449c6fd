// SPDX-License-Identifier: Apache-2.0
//
// What `safelight run` needs besides pictures: .npy tensors, name=file pairs, lists of files.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "safelight/model.h"
#include "safelight/npy.h"
#include "safelight/session.h"

namespace safelight {

// "name=file" pairs by name; the error quotes the one without '='.
Result<std::map<std::string, std::string>> ParsePairs(const std::vector<std::string>& pairs, const char* option);

// "out=in" (names or numbers) as bindings of the model's ports.
Result<std::vector<StateBinding>> ParseStates(const Model& model, const std::vector<std::string>& pairs);

// Files, folders and quoted globs as a sorted list of files. Errors: kNotFound names what matches nothing.
Result<std::vector<std::string>> ExpandInputs(const std::vector<std::string>& inputs);

// Runs the model on .npy files as they are: `first` is input 0 unless `inputs` names it, the others come from `inputs`;
// output 0 goes to `out` unless `outputs` names files.
Status RunTensors(const Model& model, const std::string& first, const std::string& out,
                  const std::map<std::string, std::string>& inputs, const std::map<std::string, std::string>& outputs,
                  SessionOptions options);

}  // namespace safelight
