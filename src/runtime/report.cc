// SPDX-License-Identifier: Apache-2.0
//
// A session's plan as a listing: rules in words, rings, memory.
#include <algorithm>

#include "engine/receptive.h"
#include "graph/resize.h"
#include "runtime/session_impl.h"

namespace safelight {
namespace {

std::string RowsInWords(const Plan& plan, NodeId id) {
  const Node& node = plan.graph.nodes[id];
  if (plan.axes.values[node.outputs[0]].row == kNone) return "all at once";
  std::string text;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValueId input = node.inputs[i];
    if (input == kNone || plan.graph.values[input].is_constant()) continue;
    if (!text.empty()) text += ", ";
    text += plan.axes.edges[id][i].row.ToString();
  }
  return text.empty() ? "nothing" : text;
}

ValueReport DescribeValue(const Plan& plan, NodeId id, ValueId output) {
  const Value& value = plan.graph.values[output];
  const ValueStorage& storage = plan.storage[output];
  ValueReport report;
  report.name = value.name;
  report.shape = value.shape;
  report.node = id;
  if (const ValueId host = plan.parts[output].host; host != kNone) {
    report.part_of = plan.graph.values[host].name;
    report.ring_rows = plan.storage[host].ring_rows;
    report.ring_columns = plan.storage[host].ring_columns;
    return report;
  }
  report.whole = storage.kind != ValueStorage::kRing;
  report.ring_rows = storage.ring_rows;
  report.ring_columns = storage.ring_columns;
  report.size_bytes =
      storage.kind == ValueStorage::kOutput ? TensorBytes(value.dtype, value.shape) : storage.size_bytes;
  return report;
}

FieldReport FieldOf(const Graph& graph, const AxisPlan& axes, bool columns) {
  const ReachResult result = FindReach(graph, axes, columns);
  FieldReport report;
  report.local = result.reach.has_value();
  report.why_not = result.why_not;
  if (report.local) {
    report.before = result.reach->before;
    report.after = result.reach->after;
    report.in_period = result.reach->in_period;
    report.out_period = result.reach->out_period;
  }
  return report;
}

}  // namespace

PlanReport SessionImpl::Report() const {
  const Plan& plan = *plan_;
  PlanReport report;
  std::vector<NodeInfo> infos = DescribeNodes(plan.graph);
  for (size_t id = 0; id < infos.size(); ++id) {
    NodeReport node;
    report.macs += infos[id].macs;
    node.info = std::move(infos[id]);
    node.phase = plan.phases.node_phase[id];
    node.rows = RowsInWords(plan, static_cast<NodeId>(id));
    node.by_rows = plan.axes.values[plan.graph.nodes[id].outputs[0]].row != kNone;
    for (ValueId output : plan.graph.nodes[id].outputs) {
      node.outputs.push_back(DescribeValue(plan, static_cast<NodeId>(id), output));
    }
    report.nodes.push_back(std::move(node));
  }
  report.notes = notes_;
  report.phases = static_cast<int>(plan.phases.phases.size());
  report.threads = plan.threads;
  for (const PhaseSchedule& schedule : plan.schedules) {
    report.strip_rows = std::max(report.strip_rows, schedule.cut.strip);
    report.blocks = std::max(report.blocks, schedule.cut.blocks);
  }
  report.team = plan.team;
  report.predicted_seconds = plan.predicted_seconds;
  report.ring_bytes = plan.memory_bytes() - plan.shared_bytes;
  report.whole_bytes = plan.shared_bytes;
  report.packed_weight_bytes = static_cast<int64_t>(model_.impl()->pack_cache.size_bytes());
  report.halo_share = plan.rows_needed == 0 ? 0.0
                                            : static_cast<double>(plan.rows_made - plan.rows_needed) /
                                                  static_cast<double>(plan.rows_needed);
  report.reach_rows = FieldOf(plan.graph, plan.axes, false);
  report.reach_columns = FieldOf(plan.graph, plan.axes, true);
  // The network as it was before the passes.
  const ModelImpl& model = *model_.impl();
  std::vector<std::string> told;
  if (const auto graph = ResizeGraph(model.file.graph, model.own_size, options_.input_shapes, &told); graph.ok()) {
    const AxisPlan axes = AssignAxes(*graph);
    report.field_rows = FieldOf(*graph, axes, false);
    report.field_columns = FieldOf(*graph, axes, true);
  }
  // A delegate's kernels cannot be asked; they are taken to look no further than the network does.
  if (!partition_.parts.empty()) {
    report.reach_rows = report.field_rows;
    report.reach_columns = report.field_columns;
  }
  return report;
}

}  // namespace safelight
