// SPDX-License-Identifier: Apache-2.0
#include "engine/executor.h"

#include <algorithm>

namespace safelight {
namespace {

// The window of a ring of `plan`, its first column still to be set.
Window RingWindow(const Plan& plan, ValueId id, std::byte* arena) {
  const Value& value = plan.graph.values[id];
  const ValueAxes& axes = plan.axes.values[id];
  const ValueStorage& storage = plan.storage[id];
  Shape held = value.shape;
  held[axes.row] = storage.ring_rows;
  if (axes.col != kNone) held[axes.col] = storage.ring_columns;
  Window window = WholeWindow(value.dtype, held, arena + storage.offset);
  window.shape = value.shape;
  window.row_axis = axes.row;
  window.col_axis = axes.col;
  window.ring_rows = storage.ring_rows;
  return window;
}

}  // namespace

// What one thread owns: its rings, its scratch, the windows of every node, a puller for every phase.
struct Executor::Worker {
  Worker(Executor& owner, int index)
      : owner_(owner),
        index_(index),
        rings_(static_cast<size_t>(owner.plan_.ring_bytes)),
        scratch_(static_cast<size_t>(owner.plan_.scratch_bytes)) {
    const Graph& graph = owner.plan_.graph;
    nodes_.resize(graph.nodes.size());
    for (size_t id = 0; id < graph.nodes.size(); ++id) {
      for (ValueId input : graph.nodes[id].inputs) nodes_[id].inputs.push_back(MakeWindow(input));
      for (ValueId output : graph.nodes[id].outputs) nodes_[id].outputs.push_back(MakeWindow(output));
    }
    for (const PhaseSchedule& schedule : owner.plan_.schedules) pullers_.emplace_back(schedule.nodes);
  }

  Window MakeWindow(ValueId id) {
    if (id == kNone) return {};
    const Plan& plan = owner_.plan_;
    if (plan.storage[id].kind == ValueStorage::kRing) return RingWindow(plan, id, rings_.data());
    return WholeWindow(plan.graph.values[id].dtype, plan.graph.values[id].shape, nullptr);
  }

  // Points the windows of whole values at this run's memory.
  void Bind(NodeId id) {
    const Node& node = owner_.plan_.graph.nodes[id];
    for (size_t i = 0; i < node.inputs.size(); ++i) BindWindow(node.inputs[i], &nodes_[id].inputs[i]);
    for (size_t i = 0; i < node.outputs.size(); ++i) BindWindow(node.outputs[i], &nodes_[id].outputs[i]);
  }
  void BindWindow(ValueId id, Window* window) {
    if (id == kNone || owner_.plan_.storage[id].kind == ValueStorage::kRing) return;
    window->data = static_cast<std::byte*>(owner_.WholeData(id));
  }

  Status RunUnit(size_t phase, const UnitRegion& region) {
    const Plan& plan = owner_.plan_;
    const PhaseSchedule& schedule = plan.schedules[phase];
    for (size_t e = 0; e < schedule.nodes.entries.size(); ++e) {
      const PhaseNodes::Entry& entry = schedule.nodes.entries[e];
      Bind(entry.node);
      for (const RingEdge& edge : entry.inputs) {
        nodes_[entry.node].inputs[edge.input].col_begin = region.columns[edge.from].begin;
      }
      for (Window& window : nodes_[entry.node].outputs) {
        if (window.col_axis >= 0) window.col_begin = region.columns[e].begin;
      }
    }
    Puller& puller = pullers_[phase];
    puller.Restart(region, schedule.strip);
    RowStep step;
    while (puller.Next(&step)) {
      if (owner_.stop_.load(std::memory_order_relaxed)) return {};
      const NodeId id = schedule.nodes.entries[step.entry].node;
      const Status status = RunStep(id, step.rows, region.columns[step.entry]);
      if (!status.ok()) return status.With(NodeLabel(plan.graph, plan.graph.nodes[id]));
      const int64_t done = owner_.steps_done_.fetch_add(step.rows.size(), std::memory_order_relaxed);
      if (index_ == 0) SL_TRY(owner_.Report(done));
    }
    return {};
  }

  Status RunStep(NodeId id, Range rows, Range columns) {
    const Plan& plan = owner_.plan_;
    const Value& value = plan.graph.values[plan.graph.nodes[id].outputs[0]];
    const ValueAxes& axes = plan.axes.values[plan.graph.nodes[id].outputs[0]];
    KernelArgs args{nodes_[id].inputs, nodes_[id].outputs, WholeBox(value.shape), scratch_.data()};
    if (axes.row != kNone) args.box.axis[axes.row] = rows;
    if (axes.col != kNone) args.box.axis[axes.col] = columns;
    for (int axis = 0; axis < value.shape.rank(); ++axis) {
      if (args.box.axis[axis].empty()) return {};
    }
    return plan.kernels[id]->Run(args);
  }

  struct NodeWindows {
    std::vector<Window> inputs, outputs;
  };
  Executor& owner_;
  const int index_;
  AlignedBuffer rings_, scratch_;
  std::vector<NodeWindows> nodes_;
  std::vector<Puller> pullers_;
  Status status_;
};

Executor::Executor(const Plan& plan, ThreadPool& pool)
    : plan_(plan), pool_(pool), shared_(static_cast<size_t>(plan.shared_bytes)) {
  for (int i = 0; i < plan.threads; ++i) workers_.push_back(std::make_unique<Worker>(*this, i));
  for (ValueId output : plan.graph.outputs) output_shapes_.push_back(plan.graph.values[output].shape);
  views_.resize(plan.graph.nodes.size());
  for (const Phase& phase : plan.phases.phases) {
    if (!phase.serial) continue;
    for (NodeId id : phase.nodes) {
      views_[id].inputs.resize(plan.graph.nodes[id].inputs.size());
      views_[id].outputs.resize(plan.graph.nodes[id].outputs.size());
    }
  }
}

Executor::~Executor() = default;

void* Executor::WholeData(ValueId id) {
  const ValueStorage& storage = plan_.storage[id];
  switch (storage.kind) {
    case ValueStorage::kConstant: return const_cast<std::byte*>(plan_.graph.values[id].constant);
    case ValueStorage::kInput: return const_cast<void*>(inputs_[storage.index]);
    case ValueStorage::kOutput: return outputs_[storage.index];
    default: return shared_.data() + storage.offset;
  }
}

Status Executor::Report(int64_t steps_done) {
  if (progress_ == nullptr || !*progress_) return {};
  const double share = static_cast<double>(steps_done) / static_cast<double>(std::max<int64_t>(plan_.steps, 1));
  if ((*progress_)(std::min(share, 1.0))) return {};
  return Status(StatusCode::kCancelled, "cancelled by the progress callback");
}

void Executor::RunShare(void* executor, size_t worker) {
  Executor& self = *static_cast<Executor*>(executor);
  Worker& own = *self.workers_[worker];
  const std::vector<UnitRegion>& units = self.plan_.schedules[self.phase_].units;
  for (size_t unit = worker; unit < units.size(); unit += self.workers_.size()) {
    own.status_ = own.RunUnit(self.phase_, units[unit]);
    if (!own.status_.ok()) {
      self.stop_.store(true, std::memory_order_relaxed);
      return;
    }
  }
}

Status Executor::RunReference(NodeId id) {
  const Node& node = plan_.graph.nodes[id];
  NodeViews& views = views_[id];
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    const Value& value = plan_.graph.values[node.inputs[i]];
    views.inputs[i] = ConstTensorView(value.dtype, value.shape, WholeData(node.inputs[i]));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const Value& value = plan_.graph.values[node.outputs[i]];
    views.outputs[i] = TensorView{value.dtype, value.shape, WholeData(node.outputs[i])};
  }
  const OpContext context(plan_.graph, node);
  if (HasDynamicShape(plan_.graph, node) && node.op->result_shapes != nullptr) {
    SL_ASSIGN(const std::vector<Shape> shapes, node.op->result_shapes(context, views.inputs));
    for (size_t i = 0; i < shapes.size(); ++i) {
      views.outputs[i].shape = shapes[i];
      // The planner lets such values be outputs of the graph only.
      const ValueStorage& storage = plan_.storage[node.outputs[i]];
      if (storage.kind == ValueStorage::kOutput) output_shapes_[storage.index] = shapes[i];
    }
  }
  return node.op->reference(context, views.inputs, views.outputs);
}

Status Executor::RunSerial(const Phase& phase) {
  Worker& worker = *workers_.front();
  for (NodeId id : phase.nodes) {
    SL_TRY(Report(steps_done_.load(std::memory_order_relaxed)));
    const Node& node = plan_.graph.nodes[id];
    Status status;
    if (plan_.kernels[id] != nullptr) {
      worker.Bind(id);
      status = worker.RunStep(id, {}, {});
    } else {
      status = RunReference(id);
    }
    if (!status.ok()) return status.With(NodeLabel(plan_.graph, node));
  }
  return {};
}

Status Executor::Run(std::span<const void* const> inputs, std::span<void* const> outputs,
                     const std::function<bool(double)>* progress) {
  inputs_ = inputs;
  outputs_ = outputs;
  progress_ = progress;
  steps_done_ = 0;
  stop_ = false;
  for (auto& worker : workers_) worker->status_ = Status();
  for (phase_ = 0; phase_ < plan_.phases.phases.size(); ++phase_) {
    const Phase& phase = plan_.phases.phases[phase_];
    if (phase.serial) {
      SL_TRY(RunSerial(phase));
      continue;
    }
    pool_.ForEach(workers_.size(), &Executor::RunShare, this);
    for (const auto& worker : workers_) SL_TRY(worker->status_);
  }
  return Report(plan_.steps);
}

}  // namespace safelight
