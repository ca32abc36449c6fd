// SPDX-License-Identifier: Apache-2.0
//
// Nodes of the host's graph as nodes of ours.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "tflite_abi/abi.h"

namespace safelight::host {

// A node as the host described it, in terms of its tensors.
struct HostNode {
  int index = 0;  // in the host's graph
  const OpDef* op = nullptr;
  std::shared_ptr<const OpAttrs> attrs;
  std::vector<int> inputs, outputs;  // tensors; kNone where an optional input is left out
};
// Reads node `index`. Only while the host prepares delegates. The error says why we do not run it.
Result<HostNode> DescribeNode(Context& context, int index);

// That we run this node alone, at the sizes that its tensors have now.
Status CheckNode(const Context& context, const HostNode& node);

// The graph of `nodes`, which are in running order, at the sizes that its inputs have now; constants stay where the
// host keeps them. The graph's inputs and outputs are those tensors that are no constants, in the order given.
Result<Graph> BuildGraph(const Context& context, const std::vector<HostNode>& nodes, const std::vector<int>& inputs,
                         const std::vector<int>& outputs);

bool IsConstant(const Tensor& tensor);
Result<DType> TypeOf(const Tensor& tensor);
Result<Shape> ShapeOf(const Tensor& tensor);

}  // namespace safelight::host
