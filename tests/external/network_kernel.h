// SPDX-License-Identifier: Apache-2.0
//
// What the delegates written for tests compute with: a few float32 ops, read from a TFLite host's structs, run plainly
// one after another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tflite_abi/abi.h"

namespace safelight::host {

// That the kernel runs this op.
bool KernelRuns(const WideRegistration& registration, const Context& context, const Node& node);
// The op's name as used in options; "" for others.
const char* KernelOpName(int32_t builtin_code);

// A subset of the host's nodes.
class NetworkKernel {
 public:
  // Copies what it needs of the nodes; null, after a report, when the host does not show them.
  static std::unique_ptr<NetworkKernel> Create(Context* context, const DelegateParams& params);
  // Runs on the memory that the host's inputs have now. What is not the host's to see stays here.
  Code Run(Context* context);
  const std::vector<int32_t>& outputs() const { return outputs_; }
  // What Run made of output `i`.
  const std::vector<float>& made(size_t i) const { return values_[static_cast<size_t>(outputs_[i])]; }

 private:
  struct Step {
    int32_t op;
    std::vector<int32_t> inputs;
    int32_t output;
    const void* options;
  };
  const float* Elements(Context* context, int32_t tensor) const;
  void RunConv(Context* context, const Step& step);
  void RunConcatenation(Context* context, const Step& step);
  void RunBinary(Context* context, const Step& step);
  void RunDepthToSpace(Context* context, const Step& step);

  std::vector<Step> steps_;
  std::vector<int32_t> outputs_;
  std::vector<std::vector<float>> values_;  // by tensor
};

}  // namespace safelight::host
