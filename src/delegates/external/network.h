// SPDX-License-Identifier: Apache-2.0
//
// A network as the TFLite interface shows it, in plain numbers: what the host shows to a library, in this process or,
// packed into bytes, in another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace safelight {

// Numbers (type, op) are the interface's.
struct ExternalTensor {
  std::string name;
  int32_t type = 0;
  std::vector<int32_t> dims;
  std::vector<int32_t> signature;  // -1 where the file allows any size; empty: the file has none
  std::vector<float> scales;       // of the quantization; one, or one for each index of `axis`
  std::vector<int32_t> zero_points;
  int32_t axis = 0;
  std::span<const std::byte> constant = {};  // of somebody else's; without data: computed at run time
  uint64_t bytes = 0;
  bool dynamic = false;  // its size is known only after a run
};

struct ExternalNode {
  int32_t op = 0;
  std::string custom_name;  // of a custom op; else empty
  int32_t version = 1;
  std::vector<int32_t> inputs, outputs;  // tensors; -1 where an optional input is left out
  std::vector<std::byte> options;        // the op's structure; empty: none
};

struct ExternalNetwork {
  std::vector<ExternalTensor> tensors;
  std::vector<ExternalNode> nodes;
  std::vector<int32_t> inputs, outputs;
  int32_t threads = 1;           // recommended
  bool float16_allowed = false;  // for the arithmetic of float32 values
};

// Tensors are the graph's values, nodes its nodes, each in their order; the graph is inferred and must outlive the
// result. Ops that the format does not know, or whose options' structure is not known here, are shown as custom ops of
// their name, so that no library misreads them.
ExternalNetwork DescribeNetwork(const Graph& graph, int threads, bool float16_allowed);

// Which library, with which options. `network`: what of.
struct ExternalRequest {
  std::string path;
  std::vector<std::pair<std::string, std::string>> options;
  ExternalNetwork network;
};

// All of it in one piece. The constants come last, each on 64 bytes counted from the beginning.
std::vector<std::byte> PackRequest(const ExternalRequest& request);
// The constants stay in `bytes`. Errors: kCorruptData (it ends too early).
Result<ExternalRequest> UnpackRequest(std::span<const std::byte> bytes);

}  // namespace safelight
