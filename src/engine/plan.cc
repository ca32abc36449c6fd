// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include <unistd.h>

#include <algorithm>

#include "base/memory.h"
#include "engine/arena.h"
#include "engine/passes/passes.h"

namespace safelight {
namespace {

// Tall enough that the cost of a step is small beside its work, low enough that rings stay in cache.
constexpr int64_t kDefaultStrip = 8;
// Bands are not cut so thin that more than this share of all work is done twice.
constexpr double kMaxHalo = 0.2;
// A unit narrower than this would be mostly halo.
constexpr int64_t kMinBlockColumns = 16;

int64_t PhysicalMemory() { return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE); }

// Elements a row step makes of an entry, summed over a unit: what bands and blocks cost.
int64_t UnitArea(const PhaseNodes& nodes, const UnitRegion& region) {
  int64_t area = 0;
  for (size_t e = 0; e < nodes.entries.size(); ++e) area += region.rows[e].size() * region.columns[e].size();
  return area;
}

struct Cut {
  int64_t strip, blocks, bands;
};

std::vector<UnitRegion> MakeUnits(const PhaseNodes& nodes, int64_t bands, int64_t blocks) {
  std::vector<UnitRegion> units;
  // Blocks outermost, so that a thread that takes every bands-th unit stays in its band.
  for (int64_t block = 0; block < blocks; ++block) {
    for (int64_t band = 0; band < bands; ++band) units.push_back(PlanUnit(nodes, band, bands, block, blocks));
  }
  return units;
}

int64_t TotalArea(const PhaseNodes& nodes, const std::vector<UnitRegion>& units) {
  int64_t area = 0;
  for (const UnitRegion& unit : units) area += UnitArea(nodes, unit);
  return area;
}

// As many bands as threads, fewer where halos would cost more than kMaxHalo.
int64_t ChooseBands(const PhaseNodes& nodes, int threads) {
  int64_t tallest = 1;
  for (const PhaseNodes::Entry& entry : nodes.entries) {
    if (entry.target) tallest = std::max(tallest, entry.rows);
  }
  int64_t bands = std::min<int64_t>(threads, tallest);
  const int64_t alone = TotalArea(nodes, MakeUnits(nodes, 1, 1));
  while (bands > 1) {
    const int64_t area = TotalArea(nodes, MakeUnits(nodes, bands, 1));
    if (static_cast<double>(area) <= (1 + kMaxHalo) * static_cast<double>(alone)) break;
    bands = bands > 16 ? bands * 3 / 4 : bands - 1;
  }
  return bands;
}

class Planner {
 public:
  Planner(Graph graph, const PlanOptions& options) : options_(options), plan_(std::make_unique<Plan>()) {
    plan_->graph = std::move(graph);
  }

  Result<std::unique_ptr<const Plan>> Run() {
    SL_TRY(RunEnginePasses(plan_->graph, &plan_->notes));
    plan_->axes = AssignAxes(plan_->graph);
    plan_->phases = AssignPhases(plan_->graph, plan_->axes);
    SL_TRY(CheckDynamic());
    SL_TRY(PlaceWhole());
    SL_TRY(CheckMemory(plan_->shared_bytes, "values kept whole"));
    CollectPhases();
    SL_TRY(ChooseCut());
    SL_TRY(PrepareKernels());
    return std::unique_ptr<const Plan>(std::move(plan_));
  }

 private:
  const Value& ValueOf(ValueId id) const { return plan_->graph.values[id]; }

  // Constants, inputs and outputs of the graph, and the values kept whole in the shared arena.
  Status PlaceWhole() {
    const Graph& graph = plan_->graph;
    std::vector<ValueStorage>& storage = plan_->storage;
    storage.resize(graph.values.size());
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
      storage[id].size_bytes = TensorBytes(value.dtype, value.shape);
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
      if (!phase.serial) plan_->schedules[p].nodes = CollectPhase(plan_->graph, plan_->axes, plan_->phases, phase);
    }
  }

  // Under a memory limit: lower strips first, then fewer threads, then blocks of columns.
  Status ChooseCut() {
    int64_t widest = 1;
    for (const PhaseSchedule& schedule : plan_->schedules) {
      for (const PhaseNodes::Entry& entry : schedule.nodes.entries) {
        if (entry.target) widest = std::max(widest, entry.columns);
      }
    }
    const int64_t strip = options_.strip_rows > 0 ? options_.strip_rows : kDefaultStrip;
    const int64_t blocks =
        options_.block_columns > 0 ? (widest + options_.block_columns - 1) / options_.block_columns : 1;
    std::vector<Cut> cuts = {{strip, blocks, options_.threads}};
    if (options_.memory_limit_bytes > 0) {
      for (int64_t s = strip / 2; s >= 1; s /= 2) cuts.push_back({s, blocks, options_.threads});
      for (int64_t t = options_.threads / 2; t >= 1; t /= 2) cuts.push_back({1, blocks, t});
      for (int64_t b = blocks * 2; widest / b >= kMinBlockColumns; b *= 2) cuts.push_back({1, b, 1});
    }
    Status fits;
    for (const Cut& cut : cuts) {
      Place(cut);
      fits = CheckMemory(plan_->memory_bytes(), "rings and values kept whole");
      if (!fits.ok()) continue;
      if (&cut != cuts.data()) {
        plan_->notes.push_back(Cat("memory limit: strips of ", cut.strip, " rows, ", cut.bands, " threads, ",
                                   cut.blocks, " blocks of columns"));
      }
      return {};
    }
    return fits;
  }

  void Place(const Cut& cut) {
    Plan& plan = *plan_;
    plan.ring_bytes = plan.rows_made = plan.rows_needed = plan.steps = 0;
    plan.threads = 1;
    for (PhaseSchedule& schedule : plan.schedules) {
      if (schedule.nodes.entries.empty()) continue;
      const int64_t bands = ChooseBands(schedule.nodes, static_cast<int>(cut.bands));
      schedule.units = MakeUnits(schedule.nodes, bands, cut.blocks);
      schedule.strip = cut.strip;
      plan.threads = std::max(plan.threads, static_cast<int>(bands));
      plan.rows_needed += TotalArea(schedule.nodes, MakeUnits(schedule.nodes, 1, 1));
      plan.rows_made += TotalArea(schedule.nodes, schedule.units);
      std::vector<int64_t> heights;
      for (const UnitRegion& unit : schedule.units) {
        plan.steps += SimulateUnit(schedule.nodes, unit, cut.strip, &heights);
      }
      plan.ring_bytes = std::max(plan.ring_bytes, PlaceRings(schedule, heights));
    }
  }

  // One after another: all rings of a phase live at the same time.
  int64_t PlaceRings(const PhaseSchedule& schedule, const std::vector<int64_t>& heights) {
    int64_t offset = 0;
    for (size_t e = 0; e < schedule.nodes.entries.size(); ++e) {
      const NodeId id = schedule.nodes.entries[e].node;
      for (ValueId output : plan_->graph.nodes[id].outputs) {
        ValueStorage& storage = plan_->storage[output];
        if (storage.kind != ValueStorage::kRing) continue;
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
        storage.size_bytes = TensorBytes(ValueOf(output).dtype, shape);
        // Vector loads may run past the last element.
        offset += static_cast<int64_t>(AlignUp(static_cast<size_t>(storage.size_bytes) + kAlignment));
      }
    }
    return offset;
  }

  Status CheckMemory(int64_t bytes, const char* what) const {
    const int64_t limit = options_.memory_limit_bytes;
    if (limit > 0 && bytes > limit) {
      return ResourceLimit("the plan needs ", (bytes + 1023) / 1024, " KiB for ", what, ", the limit is ", limit / 1024,
                           " KiB");
    }
    const int64_t physical = PhysicalMemory();
    if (limit == 0 && bytes > physical / 10 * 8) {
      return ResourceLimit("the plan needs ", bytes / (1 << 20), " MiB for ", what, ", this machine has ",
                           physical / (1 << 20), " MiB");
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
  std::unique_ptr<Plan> plan_;
};

}  // namespace

Result<std::unique_ptr<const Plan>> MakePlan(Graph graph, const PlanOptions& options) {
  return Planner(std::move(graph), options).Run();
}

}  // namespace safelight
