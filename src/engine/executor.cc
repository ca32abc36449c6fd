// SPDX-License-Identifier: Apache-2.0
#include "engine/executor.h"

#include <algorithm>

#include "engine/half_storage.h"
#include "kernels/half.h"

namespace safelight {
namespace {

// The window of a ring of `plan`, its first column still to be set.
Window RingWindow(const Plan& plan, ValueId id, std::byte* arena) {
  if (const RingPart& part = plan.parts[id]; part.host != kNone) {
    Window window = RingWindow(plan, part.host, arena);
    window.data += static_cast<size_t>(part.begin * window.strides[part.axis]) * DTypeSize(window.dtype);
    window.shape = plan.graph.values[id].shape;
    return window;
  }
  const Value& value = plan.graph.values[id];
  const ValueAxes& axes = plan.axes.values[id];
  const ValueStorage& storage = plan.storage[id];
  Shape held = value.shape;
  held[axes.row] = storage.ring_rows;
  if (axes.col != kNone) held[axes.col] = storage.ring_columns;
  Window window = WholeWindow(plan.stored_type(id), held, arena + storage.offset);
  window.shape = value.shape;
  window.row_axis = axes.row;
  window.col_axis = axes.col;
  window.ring_rows = storage.ring_rows;
  return window;
}

}  // namespace

// What the threads of one team share.
struct Executor::Team {
  Team(int64_t ring_bytes, int members) : rings(static_cast<size_t>(ring_bytes)), progress(members) {}
  AlignedBuffer rings;
  TeamProgress progress;
};

// What one thread owns: its scratch, the windows of every node, a puller for every phase.
struct Executor::Worker {
  Worker(Executor& owner, Team& team, int index)
      : owner_(owner),
        team_(team),
        index_(index),
        member_(index % owner.plan_.team),
        steps_(team.progress, member_),
        scratch_(static_cast<size_t>(owner.plan_.scratch_bytes + owner.plan_.convert_bytes)),
        losses_(owner.watch_ ? owner.plan_.graph.values.size() : 0) {
    const Graph& graph = owner.plan_.graph;
    nodes_.resize(graph.nodes.size());
    for (size_t id = 0; id < graph.nodes.size(); ++id) {
      for (ValueId input : graph.nodes[id].inputs) nodes_[id].inputs.push_back(MakeWindow(input));
      for (ValueId output : graph.nodes[id].outputs) nodes_[id].outputs.push_back(MakeWindow(output));
      nodes_[id].converts = owner.plan_.converts(static_cast<NodeId>(id));
      nodes_[id].splits = nodes_[id].converts && owner.plan_.splits_columns(static_cast<NodeId>(id));
      if (nodes_[id].converts) nodes_[id].held_inputs.resize(nodes_[id].inputs.size());
    }
    for (const PhaseSchedule& schedule : owner.plan_.schedules) {
      pullers_.emplace_back(schedule.nodes);
      hazards_.emplace_back(schedule.nodes);
    }
  }

  Window MakeWindow(ValueId id) {
    if (id == kNone) return {};
    const Plan& plan = owner_.plan_;
    if (plan.storage[id].kind == ValueStorage::kRing) return RingWindow(plan, id, team_.rings.data());
    return WholeWindow(plan.stored_type(id), plan.graph.values[id].shape, nullptr);
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

  // Points the windows of a phase's nodes at this run's memory and this unit's columns.
  void BindUnit(const PhaseSchedule& schedule, const UnitRegion& region) {
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
  }

  // This thread's share of one unit.
  Status RunUnit(size_t phase, size_t unit) {
    const PhaseSchedule& schedule = owner_.plan_.schedules[phase];
    const bool alone = schedule.cut.team == 1;
    Status status;
    // The rings may still be in use for the unit before.
    if (!alone && !steps_.Meet(&Worker::RunShareOf, this, owner_.stop_, &status)) return status;
    schedule_ = &schedule;
    unit_ = unit;
    BindUnit(schedule, schedule.units[unit]);
    Puller& puller = pullers_[phase];
    puller.Restart(schedule.units[unit], schedule.cut);
    Hazards& hazards = hazards_[phase];
    hazards.Restart(schedule.shares[unit]);
    RowStep step;
    while (puller.Next(&step)) {
      if (owner_.stop_.load(std::memory_order_relaxed)) return {};
      if (alone) {
        SL_TRY(RunShareOf(this, step, 0));
      } else if (!steps_.Step(step, hazards.MustMeet(step.entry), &Worker::RunShareOf, this, owner_.stop_, &status)) {
        return status;
      }
      if (member_ != 0) continue;
      owner_.steps_done_.fetch_add(step.rows.size(), std::memory_order_relaxed);
      SL_TRY(owner_.ReportUnlessBusy());
    }
    return {};
  }

  // The columns of member `member` in a step of the unit at hand.
  static Status RunShareOf(void* worker, const RowStep& step, int member) {
    Worker& self = *static_cast<Worker*>(worker);
    const Plan& plan = self.owner_.plan_;
    const NodeId id = self.schedule_->nodes.entries[step.entry].node;
    const Range columns = self.schedule_->shares[self.unit_].columns[member][step.entry];
    // A value without columns is one member's alone.
    if (columns.empty()) return {};
    const Status status = self.RunStep(id, step.rows, columns);
    return status.ok() ? status : status.With(NodeLabel(plan.graph, plan.graph.nodes[id]));
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
    if (!nodes_[id].converts) return plan.kernels[id]->Run(args);
    const HeldPart out{rows, columns};
    for (int64_t x = columns.begin; x < columns.end;) {
      const Range piece = NextColumns(out, x, !nodes_[id].splits);
      if (axes.col != kNone) args.box.axis[axes.col] = piece;
      SL_TRY(RunConverted(id, args, {rows, piece}));
      x = piece.end;
    }
    return {};
  }

  // Some columns of a step of a node with values that are stored as float16: in windows of float32 behind the scratch.
  Status RunConverted(NodeId id, KernelArgs args, const HeldPart& out) {
    const Plan& plan = owner_.plan_;
    const Node& node = plan.graph.nodes[id];
    std::byte* at = scratch_.data() + plan.scratch_bytes;
    NodeWindows& own = nodes_[id];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      own.held_inputs[i] = own.inputs[i];
      if (input == kNone || !plan.storage[input].half) continue;
      const HeldPart need = NeedOf(plan.graph, plan.axes, id, i, out);
      const Value& value = plan.graph.values[input];
      own.held_inputs[i] = HeldWindow(value, plan.axes.values[input], need, at);
      at += HeldBytes(value, plan.axes.values[input], need);
      ConvertFromHalf(own.inputs[i], own.held_inputs[i], need);
    }
    args.inputs = own.held_inputs;
    const ValueId output = node.outputs[0];
    if (!plan.storage[output].half) return plan.kernels[id]->Run(args);
    const Window held = HeldWindow(plan.graph.values[output], plan.axes.values[output], out, at);
    args.outputs = {&held, 1};
    SL_TRY(plan.kernels[id]->Run(args));
    ConvertToHalf(held, own.outputs[0], out);
    if (!losses_.empty()) AddLoss(held, out, &losses_[output]);
    return {};
  }

  struct NodeWindows {
    std::vector<Window> inputs, outputs;
    bool converts = false, splits = false;
    std::vector<Window> held_inputs;  // of a step that converts
  };
  Executor& owner_;
  Team& team_;
  const int index_, member_;
  TeamMember steps_;
  const PhaseSchedule* schedule_ = nullptr;  // of the unit at hand
  size_t unit_ = 0;
  AlignedBuffer scratch_;
  std::vector<kernels::HalfLoss> losses_;  // by ValueId, where they are watched
  std::vector<NodeWindows> nodes_;
  std::vector<Puller> pullers_;
  std::vector<Hazards> hazards_;
  Status status_;
};

Executor::Executor(const Plan& plan, ThreadPool& pool, bool watch)
    : plan_(plan), pool_(pool), watch_(watch), shared_(static_cast<size_t>(plan.shared_bytes)) {
  for (int i = 0; i < plan.threads; ++i) {
    if (i % plan.team == 0) teams_.push_back(std::make_unique<Team>(plan.ring_bytes, plan.team));
    workers_.push_back(std::make_unique<Worker>(*this, *teams_.back(), i));
  }
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

std::vector<kernels::HalfLoss> Executor::Losses() const {
  std::vector<kernels::HalfLoss> all(watch_ ? plan_.graph.values.size() : 0);
  for (const auto& worker : workers_) {
    for (size_t id = 0; id < all.size(); ++id) {
      all[id].beyond += worker->losses_[id].beyond;
      all[id].squares += worker->losses_[id].squares;
      all[id].errors += worker->losses_[id].errors;
    }
  }
  return all;
}

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

Status Executor::ReportUnlessBusy() {
  if (progress_ == nullptr || reporting_.test_and_set(std::memory_order_acquire)) return {};
  Status status;
  // After "stop" the callback is not called again, whichever thread was told.
  if (!stop_.load(std::memory_order_relaxed)) status = Report(steps_done_.load(std::memory_order_relaxed));
  if (!status.ok()) stop_.store(true, std::memory_order_relaxed);
  reporting_.clear(std::memory_order_release);
  return status;
}

void Executor::RunShare(void* executor, size_t worker) {
  Executor& self = *static_cast<Executor*>(executor);
  Worker& own = *self.workers_[worker];
  own.steps_.Restart();
  const PhaseSchedule& schedule = self.plan_.schedules[self.phase_];
  const size_t team = worker / static_cast<size_t>(self.plan_.team);
  const size_t teams = self.teams_.size();
  for (size_t unit = team; unit < schedule.units.size(); unit += teams) {
    own.status_ = own.RunUnit(self.phase_, unit);
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
    for (auto& team : teams_) team->progress.Restart();
    pool_.ForEach(workers_.size(), &Executor::RunShare, this);
    for (const auto& worker : workers_) SL_TRY(worker->status_);
  }
  return Report(plan_.steps);
}

}  // namespace safelight
