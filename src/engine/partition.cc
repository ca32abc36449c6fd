// SPDX-License-Identifier: Apache-2.0
#include "engine/partition.h"

#include <algorithm>

#include "engine/delegate_part.h"
#include "graph/infer.h"
#include "graph/op_def.h"
#include "graph/passes/passes.h"

namespace safelight {
namespace {

struct Batch {
  bool taken = false;
  std::vector<NodeId> nodes;  // in an order in which they can run
};

// The nodes in batches of taken and untaken ones by turns, each as long as what it needs is there: the fewest batches
// for what comes first. No batch waits for a later one, so each can become a single node.
std::vector<Batch> MakeBatches(const Graph& graph, const std::vector<bool>& taken, bool first) {
  std::vector<int> waiting(graph.nodes.size(), 0);
  std::vector<std::vector<NodeId>> readers(graph.nodes.size());
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    for (ValueId input : graph.nodes[id].inputs) {
      if (input == kNone || graph.values[input].producer == kNone) continue;
      ++waiting[id];
      readers[graph.values[input].producer].push_back(static_cast<NodeId>(id));
    }
  }
  std::vector<bool> done(graph.nodes.size(), false);
  std::vector<Batch> batches;
  size_t left = graph.nodes.size();
  for (bool colour = first; left > 0; colour = !colour) {
    Batch batch{colour, {}};
    // Nodes stand in an order in which they can run, so one sweep sees every node after what it reads.
    for (size_t id = 0; id < graph.nodes.size(); ++id) {
      if (done[id] || taken[id] != colour || waiting[id] > 0) continue;
      done[id] = true;
      --left;
      batch.nodes.push_back(static_cast<NodeId>(id));
      for (NodeId reader : readers[id]) --waiting[reader];
    }
    if (!batch.nodes.empty()) batches.push_back(std::move(batch));
  }
  return batches;
}

int CountTaken(const std::vector<Batch>& batches) {
  return static_cast<int>(std::count_if(batches.begin(), batches.end(), [](const Batch& b) { return b.taken; }));
}

int64_t MacsOf(const Graph& graph, const Batch& batch) {
  int64_t macs = 0;
  for (NodeId id : batch.nodes) {
    const Node& node = graph.nodes[id];
    if (node.op->cost != nullptr) macs += node.op->cost(OpContext(graph, node)).macs;
  }
  return macs;
}

class Partitioner {
 public:
  Partitioner(Graph& graph, const PartitionOptions& options) : graph_(graph), options_(options) {
    for (size_t id = 0; id < graph.nodes.size(); ++id) {
      const Node& node = graph.nodes[id];
      const std::string name = node.outputs.empty() ? "" : graph.values[node.outputs[0]].name;
      result_.nodes.push_back({.file_nodes = node.file_nodes, .op = node.op->name, .name = name});
      origin_.push_back(static_cast<int>(id));
    }
  }

  Status Give(const std::shared_ptr<Delegate>& delegate) {
    if (const Status looked = delegate->Look(graph_); !looked.ok()) return TakesNothing(*delegate, looked);
    std::vector<bool> taken(graph_.nodes.size(), false);
    for (size_t id = 0; id < graph_.nodes.size(); ++id) taken[id] = Ask(*delegate, static_cast<NodeId>(id));
    std::vector<Batch> batches = MakeBatches(graph_, taken, true);
    if (std::vector<Batch> other = MakeBatches(graph_, taken, false); CountTaken(other) < CountTaken(batches)) {
      batches = std::move(other);
    }
    const std::string name = delegate->info().name;
    DropSmall(name, &batches);
    DropBeyondMost(name, &batches);
    return Replace(*delegate, batches);
  }

  Result<Partition> Finish() {
    SL_TRY(VerifyStructure(graph_).With("after the partition"));
    return std::move(result_);
  }

 private:
  bool Ask(const Delegate& delegate, NodeId id) {
    if (origin_[id] == kNone) return false;  // another delegate's
    const Node& node = graph_.nodes[id];
    Verdict verdict = Verdict::Yes();
    if (node.file_nodes.empty()) {
      verdict = Verdict::No("not a node of the file");
    } else if (HasDynamicShape(graph_, node)) {
      verdict = Verdict::No("the size of its output is known only after the run");
    } else {
      verdict = delegate.Supports(graph_, node);
    }
    if (verdict.taken && options_.excluded) {
      if (const auto reason = options_.excluded(delegate.info(), graph_, node)) verdict = Verdict::No(*reason);
    }
    if (!verdict.taken) Refuse(delegate.info().name, id, verdict.reason);
    return verdict.taken;
  }

  Status TakesNothing(const Delegate& delegate, const Status& why) {
    const std::string& name = delegate.info().name;
    if (options_.require) return why.With("delegate " + name);
    result_.notes.push_back(Cat("delegate ", name, ": ", why.message(), "; the CPU does its work"));
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (origin_[id] != kNone) Refuse(name, static_cast<NodeId>(id), why.message());
    }
    return {};
  }

  void Refuse(const std::string& delegate, NodeId id, const std::string& reason) {
    result_.nodes[origin_[id]].why_not.emplace_back(delegate, reason);
  }

  void GiveUp(const std::string& delegate, Batch* batch, const std::string& reason) {
    batch->taken = false;
    for (NodeId id : batch->nodes) Refuse(delegate, id, reason);
  }

  void DropSmall(const std::string& delegate, std::vector<Batch>* batches) {
    for (Batch& batch : *batches) {
      if (!batch.taken || static_cast<int>(batch.nodes.size()) >= options_.min_nodes) continue;
      GiveUp(delegate, &batch,
             Cat("its part would have ", batch.nodes.size(), " nodes, at least ", options_.min_nodes, " asked for"));
    }
  }

  void DropBeyondMost(const std::string& delegate, std::vector<Batch>* batches) {
    if (options_.max_parts <= 0) return;
    std::vector<std::pair<int64_t, Batch*>> parts;
    for (Batch& batch : *batches) {
      if (batch.taken) parts.emplace_back(MacsOf(graph_, batch), &batch);
    }
    std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (size_t i = static_cast<size_t>(options_.max_parts); i < parts.size(); ++i) {
      GiveUp(
          delegate, parts[i].second,
          Cat("of ", parts.size(), " parts only the ", options_.max_parts, " with the most arithmetic are given away"));
    }
  }

  Status Replace(Delegate& delegate, std::vector<Batch>& batches) {
    const std::string& name = delegate.info().name;
    std::vector<std::shared_ptr<DelegatePart>> compiled(batches.size());
    bool any = false;
    for (size_t b = 0; b < batches.size(); ++b) {
      if (!batches[b].taken) continue;
      SL_ASSIGN(compiled[b], Compile(delegate, &batches[b]));
      any = any || compiled[b] != nullptr;
    }
    if (!any) {
      const std::string none = Cat("delegate ", name, " runs no node");
      if (options_.require) return Unsupported(none, WhyNone(name));
      result_.notes.push_back(none);
      return {};
    }
    Rebuild(batches, compiled);
    return {};
  }

  // The first reason it gave.
  std::string WhyNone(const std::string& delegate) const {
    for (const NodePlacement& node : result_.nodes) {
      for (const auto& [who, reason] : node.why_not) {
        if (who == delegate) return Cat("; ", node.op, " '", node.name, "': ", reason);
      }
    }
    return "";
  }

  Result<std::shared_ptr<DelegatePart>> Compile(Delegate& delegate, Batch* batch) {
    const std::string& name = delegate.info().name;
    std::vector<NodeId> ids = batch->nodes;
    std::sort(ids.begin(), ids.end());
    auto part = std::make_shared<const Graph>(ExtractPart(graph_, ids));
    Result<std::unique_ptr<CompiledPart>> compiled = delegate.Compile(part);
    if (!compiled.ok()) {
      const std::string sentence =
          Cat("delegate ", name, " did not compile ", NodeLabel(graph_, graph_.nodes[ids.front()]), " and ",
              ids.size() - 1, " more: ", compiled.status().message());
      if (options_.require) return Status(compiled.status().code(), sentence);
      result_.notes.push_back(sentence + "; the CPU runs them");
      GiveUp(name, batch, "did not compile: " + compiled.status().message());
      return std::shared_ptr<DelegatePart>();
    }
    auto made = std::make_shared<DelegatePart>(name, std::move(part), std::move(*compiled), options_.require);
    for (const std::string& note : made->notes()) result_.notes.push_back(Cat("delegate ", name, ": ", note));
    for (NodeId id : ids) {
      result_.nodes[origin_[id]].delegate = name;
      result_.nodes[origin_[id]].part = static_cast<int>(result_.parts.size());
    }
    result_.parts.push_back(made);
    return made;
  }

  void Rebuild(const std::vector<Batch>& batches, const std::vector<std::shared_ptr<DelegatePart>>& compiled) {
    std::vector<Node> nodes;
    std::vector<int> origin;
    for (size_t b = 0; b < batches.size(); ++b) {
      if (compiled[b] != nullptr) {
        nodes.push_back(NodeFor(batches[b], compiled[b]));
        origin.push_back(kNone);
        continue;
      }
      for (NodeId id : batches[b].nodes) {
        nodes.push_back(std::move(graph_.nodes[id]));
        origin.push_back(origin_[id]);
      }
    }
    graph_.nodes = std::move(nodes);
    origin_ = std::move(origin);
    graph_.LinkProducers();
  }

  Node NodeFor(const Batch& batch, const std::shared_ptr<DelegatePart>& part) {
    std::vector<NodeId> ids = batch.nodes;
    std::sort(ids.begin(), ids.end());
    auto attrs = std::make_shared<DelegatePartAttrs>();
    attrs->part = part;
    Node node{&delegate_op, attrs, {}, {}, {}};
    FindPorts(graph_, ids, &node.inputs, &node.outputs);
    for (NodeId id : ids) {
      const std::vector<int>& files = graph_.nodes[id].file_nodes;
      node.file_nodes.insert(node.file_nodes.end(), files.begin(), files.end());
    }
    return node;
  }

 private:
  Graph& graph_;
  const PartitionOptions& options_;
  Partition result_;
  std::vector<int> origin_;  // by node: its place in result_.nodes; kNone: a part
};

}  // namespace

void FindPorts(const Graph& graph, const std::vector<NodeId>& ids, std::vector<ValueId>* inputs,
               std::vector<ValueId>* outputs) {
  std::vector<bool> inside(graph.nodes.size(), false), listed(graph.values.size(), false);
  for (NodeId id : ids) inside[id] = true;
  std::vector<bool> read_outside(graph.values.size(), false);
  for (ValueId output : graph.outputs) read_outside[output] = true;
  for (size_t id = 0; id < graph.nodes.size(); ++id) {
    if (inside[id]) continue;
    for (ValueId input : graph.nodes[id].inputs) {
      if (input != kNone) read_outside[input] = true;
    }
  }
  for (NodeId id : ids) {
    for (ValueId input : graph.nodes[id].inputs) {
      if (input == kNone || listed[input] || graph.values[input].is_constant()) continue;
      const NodeId producer = graph.values[input].producer;
      if (producer != kNone && inside[producer]) continue;
      listed[input] = true;
      inputs->push_back(input);
    }
    for (ValueId output : graph.nodes[id].outputs) {
      if (read_outside[output]) outputs->push_back(output);
    }
  }
}

Graph ExtractPart(const Graph& graph, const std::vector<NodeId>& ids) {
  Graph part;
  part.storage = graph.storage;
  std::vector<ValueId> to(graph.values.size(), kNone);
  const auto copy = [&](ValueId id) {
    if (id == kNone) return kNone;
    if (to[id] == kNone) {
      Value value = graph.values[id];
      value.producer = kNone;
      to[id] = part.AddValue(std::move(value));
    }
    return to[id];
  };
  for (NodeId id : ids) {
    Node node = graph.nodes[id];
    for (ValueId& input : node.inputs) input = copy(input);
    for (ValueId& output : node.outputs) output = copy(output);
    part.AddNode(std::move(node));
  }
  std::vector<ValueId> inputs, outputs;
  FindPorts(graph, ids, &inputs, &outputs);
  for (ValueId input : inputs) part.inputs.push_back(to[input]);
  for (ValueId output : outputs) part.outputs.push_back(to[output]);
  return part;
}

Result<Partition> PartitionGraph(Graph& graph, const std::vector<std::shared_ptr<Delegate>>& delegates,
                                 const PartitionOptions& options) {
  SL_TRY(FoldConstants(graph));
  SL_TRY(RemoveDeadNodes(graph));
  Partitioner partitioner(graph, options);
  for (const std::shared_ptr<Delegate>& delegate : delegates) SL_TRY(partitioner.Give(delegate));
  return partitioner.Finish();
}

}  // namespace safelight
