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
constexpr double kMacsPerNs = 40, kOtherPerNs = 4, kCacheBytesPerNs = 30, kMemoryBytesPerNs = 6;
constexpr int64_t kMostShared = 32 << 20;
constexpr double kStepNs = 150, kMeetingNs = 600;
// Memory is worth something: so much time for each byte of rings.
constexpr double kNsPerRingByte = 2.0;

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

int64_t UnitArea(const PhaseNodes& nodes, const UnitRegion& region) {
  int64_t area = 0;
  for (size_t e = 0; e < nodes.entries.size(); ++e) area += region.rows[e].size() * region.columns[e].size();
  return area;
}

class Pricer {
 public:
  Pricer(const PhaseNodes& nodes, const std::vector<EntryCost>& costs)
      : nodes_(nodes), costs_(costs), tallest_(Tallest(nodes)) {
    for (const EntryCost& cost : costs) weight_bytes_ += cost.weight_bytes;
  }

  // `units` are those of the cut's first band, second and last: the inner ones are alike.
  double Price(const PhaseCut& cut, const std::vector<std::vector<UnitRegion>>& bands) const {
    double slowest = 0, ring_bytes = 0;
    for (const std::vector<UnitRegion>& units : bands) {
      double ns = 0;
      for (const UnitRegion& unit : units) ns += PriceUnit(unit, cut, &ring_bytes);
      slowest = std::max(slowest, ns);
    }
    return slowest + ring_bytes * static_cast<double>(cut.bands) * kNsPerRingByte;
  }

 private:
  double PriceUnit(const UnitRegion& region, const PhaseCut& cut, double* most_ring_bytes) const {
    const double team = cut.team;
    double ns = 0, ring_bytes = 0, moved_bytes = 0, steps = 0, weights = 0;
    for (size_t e = 0; e < costs_.size(); ++e) {
      const PhaseNodes::Entry& entry = nodes_.entries[e];
      const double rows = static_cast<double>(region.rows[e].size()),
                   columns = static_cast<double>(region.columns[e].size());
      if (rows == 0 || columns == 0) continue;
      const double strip =
          std::max<double>(static_cast<double>(entry.grain),
                           std::ceil(static_cast<double>(cut.strip * entry.rows) / static_cast<double>(tallest_)));
      const double widest_share = entry.columns == 1 ? 1 : std::ceil(columns / team);
      ns += rows * widest_share * costs_[e].pixel_ns;
      steps += rows / strip;
      weights += rows / strip * static_cast<double>(costs_[e].weight_bytes);
      if (entry.target) continue;
      ring_bytes += (strip + 4) * columns * static_cast<double>(costs_[e].pixel_bytes);
      moved_bytes += 2 * rows * widest_share * static_cast<double>(costs_[e].pixel_bytes);
    }
    // Of what a core moves, the share that its own cache cannot hold comes from the shared cache, or from memory.
    const CacheSizes& caches = Caches();
    const double own_bytes = ring_bytes / team + static_cast<double>(weight_bytes_);
    const double outside = std::max(0.0, 1 - static_cast<double>(caches.l2_bytes) / std::max(own_bytes, 1.0));
    const double all_bytes = ring_bytes * static_cast<double>(cut.bands) + static_cast<double>(weight_bytes_);
    // A virtual machine may be told the size of a cache that it shares with many others.
    const int64_t shared_bytes = std::max(std::min(caches.l3_bytes, kMostShared), caches.l2_bytes);
    const bool in_l3 = all_bytes < 0.7 * static_cast<double>(shared_bytes);
    ns += outside * (moved_bytes + weights) / (in_l3 ? kCacheBytesPerNs : kMemoryBytesPerNs);
    *most_ring_bytes = std::max(*most_ring_bytes, ring_bytes);
    return ns + steps * (kStepNs + (cut.team > 1 ? kMeetingNs : 0));
  }

  const PhaseNodes& nodes_;
  const std::vector<EntryCost>& costs_;
  const int64_t tallest_;
  int64_t weight_bytes_ = 0;
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
    const double pixels = static_cast<double>(entry.rows * entry.columns);
    for (int i = 0; i < context.num_outputs(); ++i) {
      cost.pixel_bytes += TensorBytes(context.output(i).dtype, context.output(i).shape);
    }
    cost.pixel_bytes = static_cast<int64_t>(static_cast<double>(cost.pixel_bytes) / std::max(pixels, 1.0));
    cost.pixel_ns = (static_cast<double>(macs) / kMacsPerNs + static_cast<double>(work.other) / kOtherPerNs) /
                    std::max(pixels, 1.0);
    cost.weight_bytes = work.weight_bytes;
    costs.push_back(cost);
  }
  return costs;
}

std::vector<RankedCut> RankCuts(const PhaseNodes& nodes, const std::vector<EntryCost>& costs, const CutOptions& options,
                                int team) {
  const Pricer pricer(nodes, costs);
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
          fewer.strip = strip;
          ranked.push_back({fewer, pricer.Price(fewer, bands)});
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
