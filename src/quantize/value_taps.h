// SPDX-License-Identifier: Apache-2.0
//
// The values of a network kept whole while it runs, as many at a time as fit a budget.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "runtime/session_impl.h"
#include "tensor/tensor.h"

namespace safelight {

struct TappedValue {
  int file_tensor = kNone;
  std::string name, op;  // op: that makes it; empty for inputs
  int node = -1;         // of the file
  DType dtype = DType::kFloat32;
  Shape shape;
  QuantParams quant;
};
// The values of the file that can be looked at, in the order in which they are made.
std::vector<TappedValue> ListValues(const Graph& graph);

// Outputs of a graph that come after its own: a node of `op` on `inputs`. The graph stays inferred.
Status AddTapOutput(Graph* graph, const OpDef& op, std::shared_ptr<const OpAttrs> attrs, std::vector<ValueId> inputs,
                    const std::string& name);

class ValueTaps {
 public:
  static constexpr int64_t kBudgetBytes = int64_t{256} << 20;

  // Looks at `values` from number `first` on; of `most` values at most.
  ValueTaps(const std::vector<TappedValue>& values, size_t first, size_t most)
      : values_(values), first_(first), most_(most) {}
  GraphEdit Taps();
  // How many the session at hand looks at; at least one. Known once the session is planned.
  size_t count() const { return captured_.size(); }
  // The real numbers of value first + i; null where the network at this size computes it no more.
  const Tensor* captured(size_t i) const { return captured_[i].get(); }

 private:
  const std::vector<TappedValue>& values_;
  const size_t first_, most_;
  std::vector<std::shared_ptr<Tensor>> captured_;
};

}  // namespace safelight
