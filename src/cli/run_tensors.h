// SPDX-License-Identifier: Apache-2.0
//
// `safelight run` without pictures: .npy tensors as they are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "safelight/model.h"
#include "safelight/session.h"

namespace safelight {

// The port of that name, or of that name in the file's metadata, or of that number.
Result<int> FindPort(const std::vector<Port>& ports, const std::string& name, const char* side);

// "out=in" (names or numbers) as bindings of the model's ports.
Result<std::vector<StateBinding>> ParseStates(const Model& model, const std::vector<std::string>& pairs);

// What goes in and out: `first` is the first input that `inputs` does not name, `output` takes output 0.
struct TensorFiles {
  std::string first, output;
  std::map<std::string, std::string> inputs, outputs;  // by name
};
Status RunTensors(const Model& model, const TensorFiles& files, SessionOptions options);

}  // namespace safelight
