// SPDX-License-Identifier: Apache-2.0
//
// Nodes replaced by kernels: which can run in one go, and what the delegate is told of each such subset.
#include <algorithm>
#include <utility>

#include "delegates/external/guard.h"
#include "delegates/external/host_context.h"

namespace safelight {

// By node whether it is listed. Errors: a list that is none, nodes that are not there, listed twice or a kernel's.
Result<std::vector<bool>> HostContext::ReadNodes(const host::Ints* nodes) const {
  if (nodes == nullptr) return InvalidArgument("it gave null for a list of nodes");
  if (nodes->size < 0 || static_cast<size_t>(nodes->size) > nodes_.size()) {
    return InvalidArgument("it listed ", nodes->size, " nodes, there are ", nodes_.size());
  }
  std::vector<bool> listed(nodes_.size(), false), free(nodes_.size(), false);
  for (int32_t index : plan_) free[static_cast<size_t>(index)] = !nodes_[static_cast<size_t>(index)].is_kernel;
  for (int32_t index : ToVector(nodes)) {
    if (index < 0 || static_cast<size_t>(index) >= nodes_.size()) {
      return InvalidArgument("it listed node ", index, ", there are ", nodes_.size());
    }
    if (!free[static_cast<size_t>(index)]) {
      return InvalidArgument("it listed node ", index, ", which is replaced already");
    }
    listed[static_cast<size_t>(index)] = true;
  }
  return listed;
}

// Subsets of taken and other nodes by turns, each as long as what it needs is there.
std::vector<HostSubset> HostContext::Cut(const std::vector<bool>& taken) const {
  std::vector<int32_t> producer(tensors_.size(), -1);
  for (int32_t index : plan_) {
    for (int32_t tensor : ToVector(nodes_[static_cast<size_t>(index)].outputs.get())) {
      producer[static_cast<size_t>(tensor)] = index;
    }
  }
  std::vector<bool> done(nodes_.size(), false), inside(nodes_.size(), false);
  const auto ready = [&](int32_t index) {
    const std::vector<int32_t> inputs = ToVector(nodes_[static_cast<size_t>(index)].inputs.get());
    return std::all_of(inputs.begin(), inputs.end(), [&](int32_t tensor) {
      const int32_t from = tensor < 0 ? -1 : producer[static_cast<size_t>(tensor)];
      return from < 0 || done[static_cast<size_t>(from)];
    });
  };
  std::vector<HostSubset> subsets;
  size_t left = plan_.size();
  for (bool colour = !plan_.empty() && taken[static_cast<size_t>(plan_.front())]; left > 0; colour = !colour) {
    HostSubset subset{colour, {}, {}, {}};
    // The plan is an order in which nodes can run, so one sweep sees every node after what it reads.
    for (int32_t index : plan_) {
      if (done[static_cast<size_t>(index)] || taken[static_cast<size_t>(index)] != colour || !ready(index)) continue;
      done[static_cast<size_t>(index)] = true;
      --left;
      subset.nodes.push_back(index);
    }
    inside.assign(nodes_.size(), false);
    for (int32_t index : subset.nodes) inside[static_cast<size_t>(index)] = true;
    FindPorts(inside, &subset);
    if (!subset.nodes.empty()) subsets.push_back(std::move(subset));
  }
  return subsets;
}

void HostContext::FindPorts(const std::vector<bool>& inside, HostSubset* subset) const {
  std::vector<bool> made(tensors_.size(), false), read(tensors_.size(), false), wanted(tensors_.size(), false);
  for (int32_t output : outputs_) wanted[static_cast<size_t>(output)] = true;
  for (int32_t index : plan_) {
    const HostedNode& node = nodes_[static_cast<size_t>(index)];
    const bool ours = inside[static_cast<size_t>(index)];
    for (int32_t tensor : ToVector(node.inputs.get())) {
      if (tensor >= 0) (ours ? read : wanted)[static_cast<size_t>(tensor)] = true;
    }
    if (!ours) continue;
    for (int32_t tensor : ToVector(node.outputs.get())) made[static_cast<size_t>(tensor)] = true;
  }
  for (size_t tensor = 0; tensor < tensors_.size(); ++tensor) {
    if (read[tensor] && !made[tensor]) subset->inputs.push_back(static_cast<int32_t>(tensor));
    if (wanted[tensor] && made[tensor]) subset->outputs.push_back(static_cast<int32_t>(tensor));
  }
}

Status HostContext::Replace(const host::Registration& registration, const host::Ints* nodes, host::Delegate* delegate) {
  if (!preparing_) return InvalidArgument("it replaced nodes outside of its Prepare");
  if (delegate == nullptr) return InvalidArgument("it replaced nodes without saying which delegate it is");
  SL_ASSIGN(const std::vector<bool> taken, ReadNodes(nodes));
  std::vector<int32_t> plan;
  Status status;
  for (const HostSubset& subset : Cut(taken)) {
    if (!subset.taken) {
      plan.insert(plan.end(), subset.nodes.begin(), subset.nodes.end());
      continue;
    }
    for (int32_t index : subset.nodes) {
      if (static_cast<size_t>(index) < claims_.size()) claims_[static_cast<size_t>(index)] = subsets_;
    }
    ++subsets_;
    if (!make_kernels_) continue;
    if (status.ok()) status = MakeKernel(registration, subset, delegate);
    plan.push_back(static_cast<int32_t>(nodes_.size()) - 1);
  }
  if (make_kernels_ && status.ok()) plan_ = std::move(plan);
  return status;
}

Status HostContext::MakeKernel(const host::Registration& registration, const HostSubset& subset,
                               host::Delegate* delegate) {
  ExternalNode node;
  node.op = host::kDelegateOp;
  node.custom_name = "delegate";
  node.inputs = subset.inputs;
  node.outputs = subset.outputs;
  AddNode(node);
  HostedNode& hosted = nodes_.back();
  hosted.is_kernel = true;
  hosted.kernel = registration;
  for (const std::vector<int32_t>* list : {&subset.nodes, &subset.inputs, &subset.outputs}) {
    hosted.parts.push_back(MakeInts(*list));
  }
  hosted.params = {delegate, hosted.parts[0].get(), hosted.parts[1].get(), hosted.parts[2].get()};
  hosted.face.builtin_data = &hosted.params;
  hosted.face.delegate = delegate;
  for (int32_t output : subset.outputs) tensors_[output].delegate = delegate;
  if (registration.init == nullptr) return {};
  return GuardLibrary(
      [&] { hosted.face.user_data = registration.init(&face_, reinterpret_cast<const char*>(&hosted.params), 0); });
}

}  // namespace safelight
