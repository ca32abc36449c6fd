// SPDX-License-Identifier: Apache-2.0
//
// What a delegate is: an engine that takes some nodes of a graph, says why it does not take the others, compiles parts
// of the graph and runs them. One file or folder each under src/delegates, one line in delegates.def.
//
// The CPU engine is not one of them: it takes every node, what no delegate took and what one failed at.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "safelight/session.h"
#include "safelight/tensor.h"

namespace safelight {

// Whether a node is taken, and if not, why: a clause like "dilation 2, only 1".
struct Verdict {
  bool taken = true;
  std::string reason = {};
  static Verdict Yes() { return {}; }
  template <typename... Parts>
  static Verdict No(const Parts&... parts) {
    return {false, Cat(parts...)};
  }
};

struct DelegateInfo {
  std::string name;     // as in SessionOptions::delegates, without options
  std::string version;  // of the library and the driver: what decides the results
  std::vector<DelegateDevice> devices;
  std::vector<DType> types;  // of values that it computes with
};

struct DelegateOptions {
  int threads = 1;
  Arithmetic arithmetic = Arithmetic::kByType;
  Precision precision = Precision::kFloat32;
  Preference preference = Preference::kFastSingleAnswer;
  int64_t memory_limit_bytes = 0;                                // 0: none
  std::string cache_folder = {};                                 // for compiled programs; empty: none are kept
  std::vector<std::pair<std::string, std::string>> vendor = {};  // "key:value" of the delegate's own
};

// A part of a graph, ready to run. Used by one thread at a time.
class CompiledPart {
 public:
  virtual ~CompiledPart() = default;
  // Row-major elements, in the order of the part's inputs and outputs, at the types and shapes it was compiled for.
  // After an error the outputs are undefined, and it is not called again unless may_retry() says that it can.
  virtual Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) = 0;
  // After an error of Run: the next one may succeed.
  virtual bool may_retry() const { return false; }
  // Memory that it holds, as far as it knows.
  virtual int64_t memory_bytes() const { return 0; }
  // What the user should know of how it runs, a sentence each.
  virtual std::vector<std::string> notes() const { return {}; }
};

class Delegate {
 public:
  virtual ~Delegate() = default;
  virtual const DelegateInfo& info() const = 0;
  // For engines that answer only for a whole graph: called once for each, before Supports is asked about its nodes,
  // where they lie. An error: it takes none of them.
  virtual Status Look(const Graph&) { return {}; }
  // `node` is one of `graph`, which is inferred at the size to run. Looks at the node alone, or at what Look found.
  virtual Verdict Supports(const Graph& graph, const Node& node) const = 0;
  // `part`: nodes that Supports took, as a graph of their own; its constants stay where they are as long as it lives.
  // The CompiledPart may outlive the Delegate. An error leaves the nodes to the CPU.
  virtual Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph> part) = 0;
};

// An entry of the list. `open` fails with a sentence where the library or a device is missing.
struct DelegateDef {
  const char* name;
  const char* summary;
  Result<std::unique_ptr<Delegate>> (*open)(const DelegateOptions& options);
};

}  // namespace safelight
