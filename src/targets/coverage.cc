// SPDX-License-Identifier: Apache-2.0
#include "targets/coverage.h"

#include <algorithm>
#include <numeric>

#include "formats/tflite/loose_network.h"
#include "targets/partitions.h"

namespace safelight {

struct CheckedFile::Parts {
  LooseNetwork network;
  std::vector<bool> dynamic;        // by value
  std::vector<ValueId> float16_of;  // by value: the float16 constant that it is DEQUANTIZEd from; kNone

  const Value& value(ValueId id) const { return network.graph.values[static_cast<size_t>(id)]; }
  bool IsFolded(const LooseNode& node) const {
    return !node.outputs.empty() && float16_of[static_cast<size_t>(node.outputs[0])] != kNone;
  }
  NodeView View(const LooseNode& node, bool folds) const {
    NodeView view;
    view.op = node.op;
    view.version = node.options->version();
    view.options = node.options.get();
    for (ValueId id : node.inputs) {
      if (id != kNone && folds && float16_of[static_cast<size_t>(id)] != kNone)
        id = float16_of[static_cast<size_t>(id)];
      view.inputs.push_back(ViewOfValue(id));
    }
    for (ValueId id : node.outputs) view.outputs.push_back(ViewOfValue(id));
    return view;
  }
  ValueView ViewOfValue(ValueId id) const {
    if (id == kNone) return {};
    return {&value(id), value(id).is_constant() && !network.computed[static_cast<size_t>(id)],
            dynamic[static_cast<size_t>(id)]};
  }
};

namespace {

using Parts = CheckedFile::Parts;

void FindDynamic(Parts* parts) {
  parts->dynamic.assign(parts->network.graph.values.size(), false);
  for (const LooseNode& node : parts->network.nodes) {
    bool dynamic = node.dynamic;
    for (ValueId id : node.inputs) dynamic = dynamic || (id != kNone && parts->dynamic[static_cast<size_t>(id)]);
    for (ValueId id : node.outputs) parts->dynamic[static_cast<size_t>(id)] = dynamic;
  }
}

void FindFloat16(Parts* parts) {
  parts->float16_of.assign(parts->network.graph.values.size(), kNone);
  for (const LooseNode& node : parts->network.nodes) {
    if (node.op != "DEQUANTIZE" || node.inputs.size() != 1 || node.outputs.size() != 1 || node.inputs[0] == kNone) {
      continue;
    }
    const Value& from = parts->value(node.inputs[0]);
    if (from.is_constant() && from.dtype == DType::kFloat16) {
      parts->float16_of[static_cast<size_t>(node.outputs[0])] = node.inputs[0];
    }
  }
}

// The partitions that the target keeps, by position in `taken`.
std::vector<bool> KeptOf(const Target& target, const std::vector<NodePartition>& taken) {
  std::vector<size_t> order(taken.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (!target.keeps_first) {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return taken[a].nodes.size() > taken[b].nodes.size(); });
  }
  std::vector<bool> kept(taken.size(), false);
  int count = 0;
  for (size_t i : order) {
    if (static_cast<int>(taken[i].nodes.size()) < target.min_nodes) continue;
    if (target.max_partitions > 0 && count == target.max_partitions) break;
    kept[i] = true;
    ++count;
  }
  return kept;
}

Reason LimitReason(const Target& target, const NodePartition& partition, size_t partitions) {
  if (static_cast<int>(partition.nodes.size()) < target.min_nodes) {
    return {Cat("it suits, but stands alone: the target leaves parts of fewer than ", target.min_nodes, " nodes"), ""};
  }
  const std::string which = target.keeps_first ? "first" : "largest";
  return {Cat("it suits, but the network falls into ", partitions, " parts and the target keeps ",
              target.max_partitions == 1 ? "only the " + which : Cat("the ", which, ' ', target.max_partitions)),
          "change the nodes that are not taken, so that the parts join"};
}

void AssignPartitions(const Target& target, const Parts& parts, Coverage* coverage) {
  std::vector<PartitionNode> nodes;
  std::vector<size_t> position;  // in coverage->nodes
  for (size_t n = 0; n < coverage->nodes.size(); ++n) {
    if (coverage->nodes[n].folded) continue;
    PartitionNode node;
    node.taken = coverage->nodes[n].verdict.taken == Truth::kYes;
    node.outputs = parts.network.nodes[n].outputs;
    for (ValueId id : parts.network.nodes[n].inputs) {
      const bool folded = id != kNone && target.folds_float16 && parts.float16_of[static_cast<size_t>(id)] != kNone;
      if (!folded) node.inputs.push_back(id);
    }
    nodes.push_back(std::move(node));
    position.push_back(n);
  }
  std::vector<NodePartition> taken = CutIntoPartitions(nodes, parts.network.graph.values.size());
  taken.erase(std::remove_if(taken.begin(), taken.end(), [](const NodePartition& part) { return !part.taken; }),
              taken.end());
  const std::vector<bool> kept = KeptOf(target, taken);
  for (size_t i = 0; i < taken.size(); ++i) {
    PartitionCoverage part;
    for (int n : taken[i].nodes) {
      NodeCoverage& node = coverage->nodes[position[static_cast<size_t>(n)]];
      part.nodes.push_back(node.number);
      part.macs += node.macs;
      if (kept[i]) {
        node.partition = static_cast<int>(coverage->partitions.size());
      } else {
        node.limited = true;
        node.verdict.taken = Truth::kNo;
        node.verdict.reasons = {LimitReason(target, taken[i], taken.size())};
      }
    }
    if (kept[i]) {
      coverage->partitions.push_back(std::move(part));
    } else {
      ++coverage->left_partitions;
    }
  }
  // Nodes in a circle run nowhere.
  for (NodeCoverage& node : coverage->nodes) {
    if (node.folded || node.verdict.taken != Truth::kYes || node.partition >= 0) continue;
    node.verdict = {Truth::kNo, {{"its inputs wait for each other", ""}}};
  }
}

void Count(Coverage* coverage) {
  for (const NodeCoverage& node : coverage->nodes) {
    if (node.folded) continue;
    ++coverage->node_count;
    coverage->macs += node.macs;
    if (node.verdict.taken == Truth::kYes) {
      ++coverage->nodes_taken;
      coverage->macs_taken += node.macs;
    } else if (node.verdict.taken == Truth::kUnknown) {
      ++coverage->nodes_unknown;
      coverage->macs_unknown += node.macs;
    }
  }
}

void AddNotes(const Parts& parts, Coverage* coverage) {
  const auto folded = std::count_if(coverage->nodes.begin(), coverage->nodes.end(),
                                    [](const NodeCoverage& node) { return node.folded; });
  if (folded > 0) {
    coverage->notes.push_back(Cat(folded, " DEQUANTIZE of float16 constants are done before and counted nowhere"));
  }
  if (parts.network.subgraph_count > 1) {
    coverage->notes.push_back(Cat("only the first of ", parts.network.subgraph_count, " subgraphs is looked at"));
  }
  for (size_t n = 0; n < parts.network.nodes.size(); ++n) {
    const LooseNode& node = parts.network.nodes[n];
    if (!node.not_understood.empty()) {
      coverage->notes.push_back(
          Cat("node ", n, ' ', node.op, ": its multiply-adds are not known: ", node.not_understood));
    }
  }
}

}  // namespace

Result<CheckedFile> CheckedFile::Open(const std::shared_ptr<const MappedFile>& file) {
  auto parts = std::make_shared<Parts>();
  SL_ASSIGN(parts->network, ReadLoosely(file));
  FindDynamic(parts.get());
  FindFloat16(parts.get());
  CheckedFile checked;
  checked.parts_ = std::move(parts);
  return checked;
}

Coverage CheckedFile::Check(const Target& target) const {
  Coverage coverage;
  coverage.target = target.name;
  const std::vector<LooseNode>& nodes = parts_->network.nodes;
  for (size_t n = 0; n < nodes.size(); ++n) {
    NodeCoverage node;
    node.number = static_cast<int>(n);
    node.op = nodes[n].op;
    node.macs = nodes[n].macs;
    node.known = nodes[n].known != nullptr;
    node.folded = target.folds_float16 && parts_->IsFolded(nodes[n]);
    if (!nodes[n].outputs.empty()) node.output = parts_->value(nodes[n].outputs[0]).name;
    const NodeView view = parts_->View(nodes[n], target.folds_float16);
    node.type = TypeOf(view);
    if (!node.folded) node.verdict = Judge(target, view);
    coverage.nodes.push_back(std::move(node));
  }
  AssignPartitions(target, *parts_, &coverage);
  Count(&coverage);
  AddNotes(*parts_, &coverage);
  return coverage;
}

}  // namespace safelight
