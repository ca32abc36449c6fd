// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include <algorithm>
#include <optional>

#include "base/cpu.h"
#include "base/memory.h"
#include "engine/arena.h"
#include "engine/cut.h"
#include "engine/half_storage.h"

namespace safelight {
namespace {

// Kilobytes, or megabytes where there are many.
std::string Bytes(int64_t bytes) {
  return bytes < 10 << 20 ? Cat((bytes + 1023) / 1024, " KiB") : Cat((bytes + (1 << 20) - 1) >> 20, " MiB");
}

class Planner {
 public:
  Planner(Graph graph, const PlanOptions& options, std::span<const NamedPass> passes)
      : options_(options), passes_(passes), plan_(std::make_unique<Plan>()) {
    plan_->graph = std::move(graph);
  }

  Result<std::unique_ptr<const Plan>> Run() {
    SL_TRY(RunEnginePasses(plan_->graph, passes_, {options_.fast, options_.quantized_fast}, &plan_->notes));
    plan_->axes = AssignAxes(plan_->graph);
    plan_->phases = AssignPhases(plan_->graph, plan_->axes);
    plan_->parts = FindParts(plan_->graph, plan_->axes, plan_->phases);
    plan_->storage.resize(plan_->graph.values.size());
    if (options_.half) StoreHalves();
    SL_TRY(CheckDynamic());
    SL_TRY(PlaceWhole());
    SL_TRY(CheckMemory(plan_->shared_bytes, "values kept whole"));
    CollectPhases();
    SL_TRY(PrepareKernels());
    SL_TRY(ChooseCuts());
    return std::unique_ptr<const Plan>(std::move(plan_));
  }

 private:
  const Value& ValueOf(ValueId id) const { return plan_->graph.values[id]; }

  // A ring within a ring would have to be of one type with it and be converted twice.
  void StoreHalves() {
    const Graph& graph = plan_->graph;
    const std::vector<bool> half = ChooseHalf(graph, plan_->axes, plan_->phases, options_.keep_float);
    int halves = 0, floats = 0;
    for (size_t id = 0; id < half.size(); ++id) {
      plan_->storage[id].half = half[id];
      RingPart& part = plan_->parts[id];
      if (part.host != kNone && (half[id] || half[static_cast<size_t>(part.host)])) part = {};
      const Value& value = graph.values[id];
      halves += half[id] ? 1 : 0;
      floats += !half[id] && value.producer != kNone && !value.is_constant() && value.dtype == DType::kFloat32 ? 1 : 0;
    }
    plan_->notes.push_back(Cat(halves, " values between nodes are stored as float16, ", floats, " stay float32"));
  }

  // The most that a step of this phase needs to hold as float32.
  int64_t ConvertBytes(const PhaseSchedule& schedule) const {
    int64_t most = 0;
    if (!options_.half) return most;
    Puller puller(schedule.nodes);
    for (const UnitRegion& unit : schedule.units) {
      puller.Restart(unit, schedule.cut);
      const UnitShares shares = ShareUnit(schedule.nodes, schedule.cut, unit);
      RowStep step;
      while (puller.Next(&step)) {
        for (const std::vector<Range>& columns : shares.columns) {
          most = std::max(most, StepBytes(schedule.nodes.entries[step.entry].node, {step.rows, columns[step.entry]}));
        }
      }
    }
    return most;
  }

  int64_t StepBytes(NodeId id, const HeldPart& out) const {
    if (out.columns.empty() || !plan_->converts(id)) return 0;
    int64_t most = 0;
    for (int64_t x = out.columns.begin; x < out.columns.end;) {
      const Range columns = NextColumns(out, x, !plan_->splits_columns(id));
      most = std::max(most, PieceBytes(id, {out.rows, columns}));
      x = columns.end;
    }
    return most;
  }

  int64_t PieceBytes(NodeId id, const HeldPart& out) const {
    const Graph& graph = plan_->graph;
    const Node& node = graph.nodes[id];
    int64_t bytes = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone || !plan_->storage[input].half) continue;
      bytes += HeldBytes(ValueOf(input), plan_->axes.values[input], NeedOf(graph, plan_->axes, id, i, out));
    }
    const ValueId output = node.outputs[0];
    if (plan_->storage[output].half) bytes += HeldBytes(ValueOf(output), plan_->axes.values[output], out);
    return bytes;
  }

  // Constants, inputs and outputs of the graph, and the values kept whole in the shared arena.
  Status PlaceWhole() {
    const Graph& graph = plan_->graph;
    std::vector<ValueStorage>& storage = plan_->storage;
    for (size_t id = 0; id < graph.values.size(); ++id) {
      if (graph.values[id].is_constant()) storage[id].kind = ValueStorage::kConstant;
    }
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      storage[graph.inputs[i]] = {.kind = ValueStorage::kInput, .index = static_cast<int>(i)};
    }
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
      storage[graph.outputs[i]] = {.kind = ValueStorage::kOutput, .index = static_cast<int>(i)};
    }
    const std::vector<int> ticks = Ticks();
    const std::vector<std::vector<Use>> uses = FindUses(graph);
    std::vector<ArenaBlock> blocks;
    std::vector<ValueId> owners;
    for (size_t id = 0; id < graph.values.size(); ++id) {
      const Value& value = graph.values[id];
      if (storage[id].kind != ValueStorage::kUnused || value.producer == kNone) continue;
      if (DTypeSize(value.dtype) == 0) {
        return Unsupported("'", value.name, "' is ", DTypeName(value.dtype), ", which has no fixed size")
            .With(NodeLabel(graph, graph.nodes[value.producer]));
      }
      storage[id].kind = plan_->phases.value_whole[id] ? ValueStorage::kShared : ValueStorage::kRing;
      if (storage[id].kind == ValueStorage::kRing) continue;
      storage[id].size_bytes = TensorBytes(plan_->stored_type(static_cast<ValueId>(id)), value.shape);
      ArenaBlock block{storage[id].size_bytes + static_cast<int64_t>(kAlignment), ticks[value.producer],
                       ticks[value.producer], 0};
      for (const Use& use : uses[id]) block.last_use = std::max(block.last_use, ticks[use.node]);
      blocks.push_back(block);
      owners.push_back(static_cast<ValueId>(id));
    }
    plan_->shared_bytes = PlaceBlocks(blocks);
    for (size_t i = 0; i < blocks.size(); ++i) storage[owners[i]].offset = blocks[i].offset;
    return {};
  }

  // A value whose size the data decide can leave the network but not go on inside it.
  Status CheckDynamic() const {
    const Graph& graph = plan_->graph;
    for (const Node& node : graph.nodes) {
      for (ValueId input : node.inputs) {
        if (input == kNone || graph.values[input].producer == kNone) continue;
        const Node& maker = graph.nodes[graph.values[input].producer];
        if (!HasDynamicShape(graph, maker)) continue;
        return Unsupported("input '", graph.values[input].name, "' has a size that depends on the data")
            .With(NodeLabel(graph, node));
      }
    }
    return {};
  }

  // The time of every node: all nodes of a phase of rows run at once, serial ones one by one.
  std::vector<int> Ticks() const {
    std::vector<int> ticks(plan_->graph.nodes.size());
    int tick = 0;
    for (const Phase& phase : plan_->phases.phases) {
      for (NodeId id : phase.nodes) ticks[id] = phase.serial ? tick++ : tick;
      ++tick;
    }
    return ticks;
  }

  void CollectPhases() {
    plan_->schedules.resize(plan_->phases.phases.size());
    for (size_t p = 0; p < plan_->schedules.size(); ++p) {
      const Phase& phase = plan_->phases.phases[p];
      if (!phase.serial) {
        plan_->schedules[p].nodes = CollectPhase(plan_->graph, plan_->axes, plan_->phases, phase, plan_->parts);
      }
    }
  }

  // A cut of every phase for teams of `team` threads, and what they cost together.
  struct Choice {
    std::vector<PhaseCut> cuts;  // by phase
    double time_ns = 0, cost_ns = 0;
  };

  // The best cuts for one size of team that need at most `ring_limit` bytes of rings; none when nothing fits.
  std::optional<Choice> Choose(int team, int64_t ring_limit) {
    const CutOptions options{options_.threads, options_.strip_rows, options_.block_columns, options_.turn_rows,
                             ring_limit > 0};
    Choice choice;
    for (PhaseSchedule& schedule : plan_->schedules) {
      choice.cuts.emplace_back();
      if (schedule.nodes.entries.empty()) continue;
      bool fits = false;
      // Priced as float32 also where values are stored as float16: who asks for that wants memory, not taller strips.
      const std::vector<EntryCost> costs = PriceEntries(plan_->graph, schedule.nodes);
      for (const RankedCut& ranked : RankCuts(schedule.nodes, costs, options, team)) {
        if (ring_limit > 0) {
          Cut(ranked.cut, &schedule);
          const int64_t scratch = ranked.cut.threads() * (plan_->scratch_bytes + ConvertBytes(schedule));
          if (ranked.cut.bands * PlaceRings(schedule, RingHeights(schedule)) + scratch > ring_limit) continue;
        }
        choice.cuts.back() = ranked.cut;
        choice.time_ns += ranked.time_ns;
        choice.cost_ns += ranked.cost_ns;
        fits = true;
        break;
      }
      if (!fits) return std::nullopt;
    }
    return choice;
  }

  Status ChooseCuts() {
    const int64_t limit = options_.memory_limit_bytes;
    const int64_t ring_limit = limit == 0 ? 0 : std::max<int64_t>(limit - plan_->shared_bytes, 1);
    std::optional<Choice> best;
    for (int team = 1; team <= options_.threads; ++team) {
      if (options_.threads % team != 0 || (options_.team != 0 && team != options_.team)) continue;
      const std::optional<Choice> choice = Choose(team, ring_limit);
      if (choice.has_value() && (!best.has_value() || choice->cost_ns < best->cost_ns)) best = choice;
    }
    if (!best.has_value()) {
      // What the least would be: one thread, single rows, narrow blocks.
      Apply(
          {std::vector<PhaseCut>(plan_->schedules.size(), PhaseCut{.bands = 1, .blocks = 64, .team = 1, .strip = 1})});
      return CheckMemory(std::max(plan_->memory_bytes(), limit + 1), "rings and values kept whole");
    }
    Apply(*best);
    SL_TRY(CheckMemory(plan_->memory_bytes(), "rings and values kept whole"));
    Explain();
    return {};
  }

  void Apply(const Choice& choice) {
    Plan& plan = *plan_;
    plan.ring_bytes = plan.convert_bytes = plan.rows_made = plan.rows_needed = plan.steps = 0;
    plan.threads = plan.team = 1;
    plan.predicted_seconds = choice.time_ns * 1e-9;
    for (size_t p = 0; p < plan.schedules.size(); ++p) {
      PhaseSchedule& schedule = plan.schedules[p];
      if (schedule.nodes.entries.empty()) continue;
      Cut(choice.cuts[p], &schedule);
      plan.threads = std::max(plan.threads, static_cast<int>(schedule.cut.threads()));
      plan.team = schedule.cut.team;
      plan.rows_needed += CutArea(schedule.nodes, PhaseCut{});
      plan.rows_made += CutArea(schedule.nodes, schedule.cut);
      for (const UnitRegion& unit : schedule.units) {
        schedule.shares.push_back(ShareUnit(schedule.nodes, schedule.cut, unit));
      }
      plan.ring_bytes = std::max(plan.ring_bytes, PlaceRings(schedule, RingHeights(schedule)));
      plan.convert_bytes = std::max(plan.convert_bytes, ConvertBytes(schedule));
    }
    plan.threads = std::max(plan.threads, plan.team);
  }

  static void Cut(const PhaseCut& cut, PhaseSchedule* schedule) {
    schedule->cut = cut;
    schedule->units = MakeUnits(schedule->nodes, cut);
    schedule->shares.clear();
  }

  // By simulating every unit; also counts the steps of the plan.
  std::vector<int64_t> RingHeights(const PhaseSchedule& schedule) {
    std::vector<int64_t> heights;
    for (const UnitRegion& unit : schedule.units) {
      plan_->steps += SimulateUnit(schedule.nodes, unit, schedule.cut, &heights);
    }
    return heights;
  }

  void Explain() {
    const Plan& plan = *plan_;
    if (plan.threads < options_.threads) {
      plan_->notes.push_back(
          Cat(plan.threads, " of ", options_.threads, " threads are used: more would mostly make halo"));
    }
    for (const PhaseSchedule& schedule : plan.schedules) {
      if (schedule.nodes.entries.empty()) continue;
      const PhaseCut& cut = schedule.cut;
      plan_->notes.push_back(Cat("a phase of ", schedule.nodes.entries.size(), " nodes: ", cut.bands,
                                 " bands of rows, ", cut.blocks, " blocks of columns, ", cut.team,
                                 " threads a team, strips of ", cut.strip, " rows", GroupsInWords(schedule),
                                 options_.memory_limit_bytes > 0 ? ", within the memory limit" : ""));
    }
  }

  static std::string GroupsInWords(const PhaseSchedule& schedule) {
    std::vector<int> groups;
    AssignGroups(schedule.nodes, schedule.cut, &groups);
    if (groups.back() == 0) return "";
    return Cat(", ", groups.back() + 1, " groups in turns of ", schedule.cut.turn,
               " rows so that their weights stay in the cache");
  }

  // One after another: all rings of a phase live at the same time.
  int64_t PlaceRings(const PhaseSchedule& schedule, const std::vector<int64_t>& heights) {
    int64_t offset = 0;
    for (size_t e = 0; e < schedule.nodes.entries.size(); ++e) {
      const NodeId id = schedule.nodes.entries[e].node;
      for (ValueId output : plan_->graph.nodes[id].outputs) {
        ValueStorage& storage = plan_->storage[output];
        if (storage.kind != ValueStorage::kRing || plan_->parts[output].host != kNone) continue;
        const ValueAxes& axes = plan_->axes.values[output];
        Shape shape = ValueOf(output).shape;
        storage.ring_rows = std::max<int64_t>(heights[e], 1);
        shape[axes.row] = storage.ring_rows;
        if (axes.col != kNone) {
          storage.ring_columns = 1;
          for (const UnitRegion& unit : schedule.units) {
            storage.ring_columns = std::max(storage.ring_columns, unit.columns[e].size());
          }
          shape[axes.col] = storage.ring_columns;
        }
        storage.offset = offset;
        storage.size_bytes = TensorBytes(plan_->stored_type(output), shape);
        // Vector loads may run past the last element.
        offset += static_cast<int64_t>(AlignUp(static_cast<size_t>(storage.size_bytes) + kAlignment));
      }
    }
    return offset;
  }

  Status CheckMemory(int64_t bytes, const char* what) const {
    const int64_t limit = options_.memory_limit_bytes;
    if (limit > 0 && bytes > limit) {
      return ResourceLimit("the plan needs ", Bytes(bytes), " for ", what, ", the limit is ", Bytes(limit));
    }
    const int64_t physical = PhysicalMemory();
    if (limit == 0 && bytes > physical / 10 * 8) {
      return ResourceLimit("the plan needs ", Bytes(bytes), " for ", what, ", this machine has ", Bytes(physical));
    }
    return {};
  }

  Status PrepareKernels() {
    const Graph& graph = plan_->graph;
    const PrepareOptions options{.pack_cache = options_.pack_cache};
    plan_->kernels.resize(graph.nodes.size());
    for (size_t id = 0; id < graph.nodes.size(); ++id) {
      const Node& node = graph.nodes[id];
      if (node.op->prepare == nullptr) continue;
      Result<std::unique_ptr<Kernel>> kernel = node.op->prepare(OpContext(graph, node), options);
      if (!kernel.ok()) return kernel.status().With(NodeLabel(graph, node));
      const int64_t scratch = static_cast<int64_t>(AlignUp((*kernel)->scratch_bytes()));
      plan_->scratch_bytes = std::max(plan_->scratch_bytes, scratch);
      plan_->kernels[id] = std::move(*kernel);
    }
    return {};
  }

  const PlanOptions& options_;
  const std::span<const NamedPass> passes_;
  std::unique_ptr<Plan> plan_;
};

}  // namespace

bool Plan::converts(NodeId id) const {
  const auto is_half = [&](ValueId value) { return value != kNone && storage[value].half; };
  const Node& node = graph.nodes[id];
  return std::any_of(node.inputs.begin(), node.inputs.end(), is_half) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), is_half);
}

bool Plan::splits_columns(NodeId id) const {
  const Node& node = graph.nodes[id];
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] != kNone && storage[node.inputs[i]].half && !axes.edges[id][i].by_cols) return false;
  }
  return axes.values[node.outputs[0]].col != kNone;
}

Result<std::unique_ptr<const Plan>> MakePlan(Graph graph, const PlanOptions& options,
                                             std::span<const NamedPass> passes) {
  return Planner(std::move(graph), options, passes).Run();
}

}  // namespace safelight
