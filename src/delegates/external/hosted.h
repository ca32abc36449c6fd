// SPDX-License-Identifier: Apache-2.0
//
// A library's delegate at work in this process: looking at a whole network, and running a part of one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "delegates/external/host_context.h"
#include "delegates/external/library.h"
#include "delegates/external/network.h"

namespace safelight {

// What the library is at, for whoever has to say where it stopped.
enum class ExternalPhase : int32_t { kLoad, kCreate, kPrepare, kKernels, kRun, kIdle, kEnd };
using PhaseMark = std::atomic<ExternalPhase>;
// "in its Prepare".
const char* PhaseName(ExternalPhase phase);

// By node of the request: the subset that the library would replace it in; -1: it would leave it to the host. `mark`
// may be null.
Result<std::vector<int32_t>> LookAtNetwork(const ExternalRequest& request, PhaseMark* mark);

class HostedKernels {
 public:
  // A delegate of its own for the request's network, all of which it must take. The network's constants must outlive
  // the result, `mark` as well (may be null).
  static Result<std::unique_ptr<HostedKernels>> Create(const ExternalRequest& request, PhaseMark* mark);
  ~HostedKernels();

  // Elements of the network's inputs and outputs, each of as many bytes as the tensor has.
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs);
  int64_t memory_bytes() const { return context_->memory_bytes(); }

 private:
  explicit HostedKernels(PhaseMark* mark) : mark_(mark) {}
  Status CheckOutputs(const ExternalNetwork& network);

  PhaseMark* const mark_;
  std::shared_ptr<const ExternalLibrary> library_;
  ExternalLibrary::Handle delegate_;  // outlives the context, whose kernels are its own
  std::unique_ptr<HostContext> context_;
  struct Port {
    int32_t tensor;
    size_t bytes;
  };
  std::vector<Port> inputs_, outputs_;
};

}  // namespace safelight
