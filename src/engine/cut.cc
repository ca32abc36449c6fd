// SPDX-License-Identifier: Apache-2.0
#include "engine/cut.h"

#include <algorithm>
#include <cmath>

#include "base/cpu.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

// Bands are not cut so thin that more than this share of all work is done twice.
constexpr double kMaxHalo = 0.2;
// A share narrower than this is mostly halo and waiting.
constexpr int64_t kMinShareColumns = 32;
// Narrower than this only to save memory.
constexpr int64_t kMinBlockColumns = 16;
// One core of a usual machine.
constexpr double kMacsPerNs = 56, kOtherPerNs = 4, kCacheBytesPerNs = 50, kMemoryBytesPerNs = 12;
// Rings are read and written from end to end: the CPU fetches them ahead, and so much faster, from a shared cache.
constexpr double kRingBytesPerNs = 100;
// Of a cache that is shared with other cores, and on a virtual machine with those of others, so much can be counted on.
constexpr int64_t kMostShared = 8 << 20;
// Groups must promise more than the model can be wrong by.
constexpr double kGroupsMustGain = 1.08;
// A meeting includes waiting for whoever was slower this time.
constexpr double kStepNs = 150, kMeetingNs = 2000;
// To begin a row: its borders, pixels that fill no tile; and of a value in memory, before the CPU foresees what is read
// next.
constexpr double kRowNs = 100, kMemoryRowNs = 500;
// Memory is worth something: for each byte of rings so much time, and so large a part of all time.
constexpr double kNsPerRingByte = 0.5, kPartPerRingByte = 0.005 / (1 << 20);

int64_t Tallest(const PhaseNodes& nodes) {
  int64_t tallest = 1;
  for (const PhaseNodes::Entry& entry : nodes.entries) {
    if (entry.target) tallest = std::max(tallest, entry.rows);
  }
  return tallest;
}

int64_t Widest(const PhaseNodes& nodes) {
  int64_t widest = 1;
  for (const PhaseNodes::Entry& entry : nodes.entries) {
    if (entry.target) widest = std::max(widest, entry.columns);
  }
  return widest;
}

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// What a range costs an op that makes whole cells of its grain.
int64_t WholeCells(Range range, int64_t grain) { return RoundUp(range.end, grain) - range.begin / grain * grain; }

int64_t UnitArea(const PhaseNodes& nodes, const UnitRegion& region) {
  int64_t area = 0;
  for (size_t e = 0; e < nodes.entries.size(); ++e) area += region.rows[e].size() * region.columns[e].size();
  return area;
}

class Pricer {
 public:
  Pricer(const PhaseNodes& nodes, const std::vector<EntryCost>& costs)
      : nodes_(nodes), costs_(costs), tallest_(Tallest(nodes)) {}

  // `units` are those of the cut's first band, second and last: the inner ones are alike.
  RankedCut Price(const PhaseCut& cut, const std::vector<std::vector<UnitRegion>>& bands) {
    AssignGroups(nodes_, cut, &groups_);
    double slowest = 0, ring_bytes = 0;
    for (const std::vector<UnitRegion>& units : bands) {
      double ns = 0;
      for (const UnitRegion& unit : units) ns += PriceUnit(unit, cut, &ring_bytes);
      slowest = std::max(slowest, ns);
    }
    ring_bytes *= static_cast<double>(cut.bands);
    const double doubt = cut.turn > 0 ? kGroupsMustGain : 1;
    return {cut, slowest, slowest * doubt + ring_bytes * (kNsPerRingByte + kPartPerRingByte * slowest)};
  }

 private:
  // What is held and what is moved, by one group while it has its turn or by all together.
  struct Traffic {
    double ring_bytes = 0, weight_bytes = 0, moved_bytes = 0, moved_weights = 0;
  };

  int64_t InProportion(int64_t rows, const PhaseNodes::Entry& entry) const {
    return RoundUp(std::max<int64_t>(1, rows * entry.rows / tallest_), entry.grain);
  }
  static double Share(int64_t width, int64_t grain, const PhaseCut& cut) {
    return static_cast<double>(RoundUp((width + cut.team - 1) / cut.team, grain));
  }
  bool LeavesGroup(size_t e) const {
    const auto& readers = nodes_.entries[e].readers;
    return std::any_of(readers.begin(), readers.end(), [&](const auto& r) { return groups_[r.first] != groups_[e]; });
  }

  double PriceUnit(const UnitRegion& region, const PhaseCut& cut, double* most_ring_bytes) {
    double ns = 0, steps = 0;
    traffic_.assign(static_cast<size_t>(groups_.back()) + 1, {});
    Traffic all;
    for (size_t e = 0; e < costs_.size(); ++e) {
      const PhaseNodes::Entry& entry = nodes_.entries[e];
      if (region.rows[e].empty() || region.columns[e].empty()) continue;
      const double rows = static_cast<double>(WholeCells(region.rows[e], entry.grain));
      const double own_columns = Share(WholeCells(region.columns[e], entry.grain), entry.grain, cut);
      ns += rows * own_columns * costs_[e].pixel_ns + rows * (kRowNs + costs_[e].whole_values * kMemoryRowNs);
      steps += std::ceil(rows / static_cast<double>(InProportion(cut.strip, entry)));
      CountTraffic(region, cut, e, &all);
    }
    *most_ring_bytes = std::max(*most_ring_bytes, all.ring_bytes);
    for (const Traffic& group : traffic_) ns += PriceMoves(cut, group);
    // What passes between groups, and weights that come back for a turn, find nothing of theirs in a core's cache.
    if (traffic_.size() > 1) ns += PriceMoves(cut, all);
    return ns + steps * (kStepNs + (cut.team > 1 ? kMeetingNs : 0));
  }

  void CountTraffic(const UnitRegion& region, const PhaseCut& cut, size_t e, Traffic* all) {
    const PhaseNodes::Entry& entry = nodes_.entries[e];
    Traffic& own = traffic_[groups_[e]];
    const int64_t strip = InProportion(cut.strip, entry), columns = region.columns[e].size();
    const double rows = static_cast<double>(WholeCells(region.rows[e], entry.grain));
    const double strips = std::ceil(rows / static_cast<double>(strip)),
                 weights = static_cast<double>(entry.weight_bytes);
    own.weight_bytes += weights;
    own.moved_weights += strips * weights;
    all->weight_bytes += weights;
    if (cut.turn > 0) all->moved_weights += rows / static_cast<double>(InProportion(cut.turn, entry)) * weights;
    for (const RingEdge& edge : entry.inputs) {
      const Range some{region.rows[e].begin, std::min(region.rows[e].begin + strip, region.rows[e].end)};
      const double bytes = Share(region.columns[edge.from].size(), 1, cut) * costs_[edge.from].pixel_bytes;
      Traffic& by = groups_[edge.from] == groups_[e] ? own : *all;
      by.moved_bytes += strips * static_cast<double>(edge.rules->row.Need(some).size()) * bytes;
    }
    if (entry.target) return;
    const bool leaves = LeavesGroup(e);
    const double row_bytes = static_cast<double>(columns) * costs_[e].pixel_bytes;
    own.ring_bytes += static_cast<double>(strip + 4) * row_bytes;
    all->ring_bytes += static_cast<double>(strip + 4 + (leaves ? InProportion(cut.turn, entry) : 0)) * row_bytes;
    (leaves ? *all : own).moved_bytes +=
        rows * Share(WholeCells(region.columns[e], entry.grain), entry.grain, cut) * costs_[e].pixel_bytes;
  }

  // Of what a core moves, the share that its own cache cannot hold comes from the shared cache or from memory.
  static double PriceMoves(const PhaseCut& cut, const Traffic& traffic) {
    const CacheSizes& caches = Caches();
    const auto beyond = [](int64_t cache_bytes, double bytes) {
      return std::max(0.0, 1 - static_cast<double>(cache_bytes) / std::max(bytes, 1.0));
    };
    const double outside = beyond(caches.l2_bytes, traffic.ring_bytes / cut.team + traffic.weight_bytes);
    const int64_t shared_bytes = std::max(std::min(caches.l3_bytes, kMostShared), caches.l2_bytes);
    const double in_memory =
        beyond(shared_bytes, traffic.ring_bytes * static_cast<double>(cut.bands) + traffic.weight_bytes);
    const double moved = traffic.moved_bytes + traffic.moved_weights;
    const double cached_ns = traffic.moved_bytes / kRingBytesPerNs + traffic.moved_weights / kCacheBytesPerNs;
    return outside * ((1 - in_memory) * cached_ns + in_memory * moved / kMemoryBytesPerNs);
  }

  const PhaseNodes& nodes_;
  const std::vector<EntryCost>& costs_;
  const int64_t tallest_;
  std::vector<int> groups_;       // of the cut at hand
  std::vector<Traffic> traffic_;  // by group
};

std::vector<std::vector<UnitRegion>> SampleBands(const PhaseNodes& nodes, const PhaseCut& cut) {
  std::vector<std::vector<UnitRegion>> bands;
  for (int64_t band = 0; band < cut.bands; ++band) {
    if (band > 1 && band + 1 < cut.bands) continue;
    bands.emplace_back();
    for (int64_t block = 0; block < cut.blocks; ++block) bands.back().push_back(PlanUnit(nodes, cut, band, block));
  }
  return bands;
}

// As many bands as `wanted`, fewer where halos would cost more than kMaxHalo.
int64_t FitBands(const PhaseNodes& nodes, PhaseCut cut, int64_t wanted) {
  cut.bands = 1;
  const double alone = static_cast<double>(CutArea(nodes, cut));
  for (cut.bands = std::min(wanted, Tallest(nodes)); cut.bands > 1;) {
    if (static_cast<double>(CutArea(nodes, cut)) <= (1 + kMaxHalo) * alone) break;
    cut.bands = cut.bands > 16 ? cut.bands * 3 / 4 : cut.bands - 1;
  }
  return std::max<int64_t>(cut.bands, 1);
}

std::vector<int> Teams(const CutOptions& options, int64_t widest, int team) {
  if (team != 0) return {team};
  std::vector<int> teams;
  for (int t = 1; t <= options.threads; ++t) {
    if (options.threads % t == 0 && (t == 1 || widest / t >= kMinShareColumns)) teams.push_back(t);
  }
  return teams;
}

std::vector<int64_t> Blocks(const CutOptions& options, int64_t widest, int team) {
  if (options.block_columns > 0) return {(widest + options.block_columns - 1) / options.block_columns};
  const int64_t least = options.frugal ? kMinBlockColumns : 2 * kMinShareColumns * team;
  std::vector<int64_t> blocks = {1};
  for (int64_t b = 2; widest / b >= least; b = b < 4 ? b + 1 : b * 3 / 2) blocks.push_back(b);
  return blocks;
}

std::vector<int64_t> Strips(const PhaseNodes& nodes, const CutOptions& options) {
  if (options.strip_rows > 0) return {options.strip_rows};
  const int64_t tallest = Tallest(nodes);
  const int64_t cell = std::max<int64_t>(1, (tallest + nodes.row_cells - 1) / nodes.row_cells);
  std::vector<int64_t> strips;
  for (int64_t s = cell; s <= std::min<int64_t>(tallest, 16 * std::max<int64_t>(cell, 4)); s *= 2) strips.push_back(s);
  if (options.frugal) strips.push_back(1);
  if (strips.empty()) strips.push_back(tallest);
  return strips;
}

// The cut with strips of `strip` rows, as one group and as ever smaller ones where weights do not stay in a core's
// cache.
std::vector<PhaseCut> Groups(const PhaseNodes& nodes, const CutOptions& options, PhaseCut cut, int64_t strip) {
  cut.strip = strip;
  if (options.turn_rows > 0) {
    cut.turn = options.turn_rows;
    return {cut};
  }
  std::vector<PhaseCut> cuts = {cut};
  int64_t sum = 0, most = 0;
  for (const PhaseNodes::Entry& entry : nodes.entries) {
    sum += entry.weight_bytes;
    most = std::max(most, entry.weight_bytes);
  }
  if (sum <= Caches().l2_bytes) return cuts;
  for (int64_t parts = 2; sum / parts * 2 > most; parts *= 2) {
    cut.group_bytes = sum / parts + most / 2;
    for (cut.turn = 4 * strip; cut.turn <= std::min(8 * strip, Tallest(nodes)); cut.turn *= 2) cuts.push_back(cut);
  }
  return cuts;
}

}  // namespace

std::vector<EntryCost> PriceEntries(const Graph& graph, const PhaseNodes& nodes) {
  std::vector<EntryCost> costs;
  for (const PhaseNodes::Entry& entry : nodes.entries) {
    const Node& node = graph.nodes[entry.node];
    const OpContext context(graph, node);
    Cost work{.other = context.output(0).shape.elements()};
    if (node.op->cost != nullptr) work = node.op->cost(context);
    const int64_t macs = work.macs_done > 0 ? work.macs_done : work.macs;
    EntryCost cost;
    const double pixels = std::max(static_cast<double>(entry.rows * entry.columns), 1.0);
    for (int i = 0; i < context.num_outputs(); ++i) {
      cost.pixel_bytes += static_cast<double>(TensorBytes(context.output(i).dtype, context.output(i).shape)) / pixels;
    }
    cost.pixel_ns = (static_cast<double>(macs) / kMacsPerNs + static_cast<double>(work.other) / kOtherPerNs) / pixels;
    for (ValueId input : node.inputs) cost.whole_values += input != kNone && !graph.values[input].is_constant();
    cost.whole_values += static_cast<int>(entry.target) - static_cast<int>(entry.inputs.size());
    costs.push_back(cost);
  }
  return costs;
}

std::vector<RankedCut> RankCuts(const PhaseNodes& nodes, const std::vector<EntryCost>& costs, const CutOptions& options,
                                int team) {
  Pricer pricer(nodes, costs);
  const int64_t widest = Widest(nodes);
  std::vector<RankedCut> ranked;
  for (int t : Teams(options, widest, team)) {
    PhaseCut cut{.bands = 1, .blocks = 1, .team = t};
    cut.bands = FitBands(nodes, cut, std::max(options.threads / t, 1));
    const std::vector<int64_t> strips = Strips(nodes, options);
    for (int64_t blocks : Blocks(options, widest, t)) {
      cut.blocks = blocks;
      // Fewer bands than threads only save memory.
      for (PhaseCut fewer = cut; fewer.bands >= 1; fewer.bands /= 2) {
        const auto bands = SampleBands(nodes, fewer);
        for (int64_t strip : strips) {
          for (const PhaseCut& grouped : Groups(nodes, options, fewer, strip)) {
            ranked.push_back(pricer.Price(grouped, bands));
          }
        }
        if (!options.frugal) break;
      }
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const RankedCut& a, const RankedCut& b) { return a.cost_ns < b.cost_ns; });
  return ranked;
}

int64_t CutArea(const PhaseNodes& nodes, const PhaseCut& cut) {
  int64_t area = 0;
  for (const UnitRegion& unit : MakeUnits(nodes, cut)) area += UnitArea(nodes, unit);
  return area;
}

std::vector<UnitRegion> MakeUnits(const PhaseNodes& nodes, const PhaseCut& cut) {
  std::vector<UnitRegion> units;
  // Blocks outermost, so that a team that takes every bands-th unit stays in its band.
  for (int64_t block = 0; block < cut.blocks; ++block) {
    for (int64_t band = 0; band < cut.bands; ++band) units.push_back(PlanUnit(nodes, cut, band, block));
  }
  return units;
}

}  // namespace safelight
