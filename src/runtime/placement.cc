// SPDX-License-Identifier: Apache-2.0
//
// Sessions with delegates: who is asked, and where every node runs.
#include "delegates/delegates.h"
#include "delegates/exclusions.h"
#include "engine/delegate_part.h"
#include "runtime/session_impl.h"

namespace safelight {
namespace {

// Those that could be opened; what the others said becomes notes.
Result<std::vector<std::shared_ptr<Delegate>>> OpenDelegates(const DelegateChoice& choice,
                                                             const DelegateOptions& options,
                                                             std::vector<std::string>* notes) {
  std::vector<std::shared_ptr<Delegate>> opened;
  for (const std::string& name : choice.names) {
    if (name == "cpu") break;
    Result<std::unique_ptr<Delegate>> delegate = OpenDelegate(name, options);
    if (delegate.ok()) {
      opened.push_back(std::move(*delegate));
    } else if (choice.require) {
      return delegate.status();
    } else {
      notes->push_back(delegate.status().message() + "; the CPU does its work");
    }
  }
  return opened;
}

}  // namespace

Status SessionImpl::GiveToDelegates(Graph& graph) {
  const DelegateChoice& choice = options_.delegates;
  const DelegateOptions options{.threads = pool_->size(),
                                .arithmetic = options_.arithmetic,
                                .precision = options_.precision,
                                .preference = choice.preference,
                                .memory_limit_bytes = options_.memory_limit_bytes,
                                .cache_folder = choice.cache_folder};
  SL_ASSIGN(const auto delegates, OpenDelegates(choice, options, &notes_));
  std::vector<Exclusions> lists;
  for (const std::string& path : choice.exclusions) {
    SL_ASSIGN(Exclusions list, Exclusions::Read(path));
    lists.push_back(std::move(list));
  }
  PartitionOptions partition{
      .min_nodes = choice.min_part_nodes, .max_parts = choice.max_parts, .require = choice.require};
  partition.excluded = [&lists](const DelegateInfo& delegate, const Graph& whole, const Node& node) {
    std::optional<std::string> reason;
    for (const Exclusions& list : lists) {
      if (!reason) reason = list.Find(delegate, whole, node);
    }
    return reason;
  };
  SL_ASSIGN(partition_, PartitionGraph(graph, delegates, partition));
  for (const auto& part : partition_.parts) part->SetPool(pool_.get(), options_.arithmetic);
  notes_.insert(notes_.end(), partition_.notes.begin(), partition_.notes.end());
  return {};
}

std::vector<NodePlacement> SessionImpl::Placement() const {
  std::vector<NodePlacement> nodes;
  if (options_.delegates.names.empty()) {
    for (const NodeInfo& info : DescribeNodes(model_.impl()->own_size)) {
      nodes.push_back({.file_nodes = info.file_nodes, .op = info.op, .name = info.name});
    }
    return nodes;
  }
  nodes = partition_.nodes;
  for (NodePlacement& node : nodes) {
    if (node.part >= 0) node.failure = partition_.parts[node.part]->failure();
  }
  return nodes;
}

std::vector<DelegateListing> ListDelegates() {
  std::vector<DelegateListing> list;
  for (const DelegateDef* def : AllDelegates()) {
    DelegateListing entry{def->name, def->summary, {}, {}, {}};
    const Result<std::unique_ptr<Delegate>> delegate = def->open({});
    if (delegate.ok()) {
      entry.version = (*delegate)->info().version;
      entry.devices = (*delegate)->info().devices;
    } else {
      entry.why_not = delegate.status().message();
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace safelight
