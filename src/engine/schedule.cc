// SPDX-License-Identifier: Apache-2.0
#include "engine/schedule.h"

#include <algorithm>

#include "graph/op_def.h"

namespace safelight {
namespace {

// Values much smaller than the largest do not decide where cuts lie.
constexpr int64_t kSmallest = 8;

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Where part `part` of `parts` begins on an axis of `size`; see PhaseNodes::row_cells.
int64_t CutPoint(int64_t size, int64_t cells, int64_t grain, int64_t part, int64_t parts) {
  if (part >= parts) return size;
  const int64_t cell = (2 * cells * part + parts) / (2 * parts);
  return size * cell / cells / grain * grain;
}

void CountCells(PhaseNodes* nodes) {
  int64_t tallest = 1, widest = 1;
  for (const PhaseNodes::Entry& entry : nodes->entries) {
    tallest = std::max(tallest, entry.rows);
    widest = std::max(widest, entry.columns);
    nodes->grain = std::max(nodes->grain, entry.grain);
  }
  nodes->row_cells = tallest;
  nodes->column_cells = widest;
  const auto fewest = [](int64_t* cells, int64_t size, int64_t largest, int64_t grain) {
    if (size * kSmallest >= largest) *cells = std::min(*cells, std::max<int64_t>(size / grain, 1));
  };
  for (const PhaseNodes::Entry& entry : nodes->entries) {
    fewest(&nodes->row_cells, entry.rows, tallest, entry.grain);
    fewest(&nodes->column_cells, entry.columns, widest, entry.grain);
  }
}

}  // namespace

PhaseNodes CollectPhase(const Graph& graph, const AxisPlan& axes, const PhasePlan& phases, const Phase& phase,
                        const std::vector<RingPart>& parts) {
  PhaseNodes nodes;
  std::vector<int> position(graph.nodes.size(), kNone);
  for (NodeId id : phase.nodes) {
    const Node& node = graph.nodes[id];
    const Value& value = graph.values[node.outputs[0]];
    const ValueAxes& out = axes.values[node.outputs[0]];
    PhaseNodes::Entry entry;
    entry.node = id;
    entry.rows = value.shape[out.row];
    entry.columns = out.col == kNone ? 1 : value.shape[out.col];
    if (node.op->grain != nullptr) entry.grain = node.op->grain(OpContext(graph, node));
    if (node.op->cost != nullptr) entry.weight_bytes = node.op->cost(OpContext(graph, node)).weight_bytes;
    for (ValueId output : node.outputs) entry.target = entry.target || phases.value_whole[output];
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone || phases.value_whole[input]) continue;
      const int from = position[graph.values[input].producer];
      nodes.entries[from].readers.emplace_back(static_cast<int>(nodes.entries.size()),
                                               static_cast<int>(entry.inputs.size()));
      entry.inputs.push_back({from, static_cast<int>(i), &axes.edges[id][i]});
    }
    position[id] = entry.ring = static_cast<int>(nodes.entries.size());
    nodes.entries.push_back(std::move(entry));
    for (ValueId input : node.inputs) {
      if (input == kNone || parts[input].host == kNone) continue;
      const int from = position[graph.values[input].producer];
      nodes.entries[from].ring = position[id];
      nodes.entries.back().parts.push_back(from);
    }
  }
  CountCells(&nodes);
  return nodes;
}

void AssignGroups(const PhaseNodes& nodes, const PhaseCut& cut, std::vector<int>* groups) {
  groups->assign(nodes.entries.size(), 0);
  if (cut.turn == 0) return;
  int group = 0;
  int64_t weight_bytes = 0;
  for (size_t e = 0; e < nodes.entries.size(); ++e) {
    const int64_t more = nodes.entries[e].weight_bytes;
    if (more > 0 && weight_bytes > 0 && weight_bytes + more > cut.group_bytes) {
      ++group;
      weight_bytes = 0;
    }
    weight_bytes += more;
    (*groups)[e] = group;
  }
}

UnitRegion PlanUnit(const PhaseNodes& nodes, const PhaseCut& cut, int64_t band, int64_t block) {
  const size_t count = nodes.entries.size();
  const auto share = [&](int64_t size, int64_t cells, int64_t part, int64_t parts) {
    return Range{CutPoint(size, cells, nodes.grain, part, parts), CutPoint(size, cells, nodes.grain, part + 1, parts)};
  };
  UnitRegion region;
  region.rows.resize(count);
  region.columns.resize(count);
  for (size_t e = count; e-- > 0;) {
    const PhaseNodes::Entry& entry = nodes.entries[e];
    const Range columns = share(entry.columns, nodes.column_cells, block, cut.blocks);
    // A target narrower than the number of blocks has none of its columns in some of them.
    if (entry.target && !columns.empty()) {
      region.rows[e] = Hull(region.rows[e], share(entry.rows, nodes.row_cells, band, cut.bands));
      region.columns[e] = Hull(region.columns[e], columns);
    }
    if (region.columns[e].empty()) region.rows[e] = {};
    if (region.rows[e].empty()) continue;
    for (const RingEdge& edge : entry.inputs) {
      const PhaseNodes::Entry& from = nodes.entries[edge.from];
      region.rows[edge.from] = Hull(region.rows[edge.from], edge.rules->row.Need(region.rows[e]));
      const Range wide = edge.rules->by_cols ? edge.rules->col.Need(region.columns[e]) : Range{0, from.columns};
      region.columns[edge.from] = Hull(region.columns[edge.from], wide);
    }
  }
  return region;
}

Range MemberColumns(const PhaseNodes& nodes, const PhaseCut& cut, const UnitRegion& region, size_t e, int member) {
  const Range all = region.columns[e];
  const int64_t columns = nodes.entries[e].columns, cells = nodes.column_cells, team = cut.team;
  const auto point = [&](int64_t part) {
    if (part == 0 || part == team) return part == 0 ? all.begin : all.end;
    const int64_t cell = (2 * cells * (all.begin * team + all.size() * part) + columns * team) / (2 * columns * team);
    return std::clamp(columns * cell / cells / nodes.grain * nodes.grain, all.begin, all.end);
  };
  return {point(member), point(member + 1)};
}

Puller::Puller(const PhaseNodes& nodes) : nodes_(nodes) {
  made_.resize(nodes.entries.size());
  strip_.resize(nodes.entries.size());
  turn_.resize(nodes.entries.size());
  groups_.resize(nodes.entries.size());
  // A node is on the stack at most once: the graph has no cycles.
  stack_.reserve(nodes.entries.size() + 1);
  for (size_t e = 0; e < nodes.entries.size(); ++e) {
    if (nodes.entries[e].target) targets_.push_back(static_cast<int>(e));
  }
}

void Puller::Restart(const UnitRegion& region, const PhaseCut& cut) {
  region_ = &region;
  stack_.clear();
  int64_t tallest = 1;
  for (int target : targets_) tallest = std::max(tallest, nodes_.entries[target].rows);
  const auto in_proportion = [&](int64_t rows, const PhaseNodes::Entry& entry) {
    return RoundUp(std::max<int64_t>(1, rows * entry.rows / tallest), entry.grain);
  };
  for (size_t e = 0; e < made_.size(); ++e) {
    made_[e] = region.rows[e].begin;
    strip_[e] = in_proportion(cut.strip, nodes_.entries[e]);
    turn_[e] = in_proportion(cut.turn, nodes_.entries[e]);
  }
  AssignGroups(nodes_, cut, &groups_);
}

int64_t Puller::StepEnd(int e, int64_t upto) const {
  const int64_t end = RoundUp(std::min(upto, made_[e] + strip_[e]), nodes_.entries[e].grain);
  return std::min(end, region_->rows[e].end);
}

bool Puller::PushTarget() {
  int next = kNone;
  double least = 2;
  for (int target : targets_) {
    const Range rows = region_->rows[target];
    if (made_[target] >= rows.end) continue;
    const double done = static_cast<double>(made_[target] - rows.begin) / static_cast<double>(rows.size());
    if (done < least) {
      least = done;
      next = target;
    }
  }
  if (next == kNone) return false;
  stack_.push_back({next, std::min(made_[next] + strip_[next], region_->rows[next].end), 0});
  return true;
}

bool Puller::Next(RowStep* step) {
  if (stack_.empty() && !PushTarget()) return false;
  while (true) {
    Frame& frame = stack_.back();
    const PhaseNodes::Entry& entry = nodes_.entries[frame.entry];
    const Range rows{made_[frame.entry], StepEnd(frame.entry, frame.upto)};
    bool waits = false;
    for (; frame.input < entry.inputs.size(); ++frame.input) {
      const RingEdge& edge = entry.inputs[frame.input];
      const Range need = edge.rules->row.Need(rows);
      // Of an entry that has nothing to make in this unit (its columns are all padding) nothing can be had.
      const int64_t end = region_->rows[edge.from].end;
      if (!need.empty() && made_[edge.from] < std::min(need.end, end)) {
        const bool turns = groups_[edge.from] != groups_[frame.entry];
        const int64_t upto = turns ? std::max(need.end, made_[edge.from] + turn_[edge.from]) : need.end;
        stack_.push_back({edge.from, std::min(upto, end), 0});
        waits = true;
        break;
      }
    }
    if (waits) continue;
    *step = {frame.entry, rows};
    made_[frame.entry] = rows.end;
    frame.input = 0;
    if (rows.end >= frame.upto) stack_.pop_back();
    return true;
  }
}

int64_t Puller::LowestAlive(int e) const {
  int64_t lowest = made_[e];
  for (const auto& [reader, input] : nodes_.entries[e].readers) {
    if (made_[reader] >= region_->rows[reader].end) continue;
    const RingEdge& edge = nodes_.entries[reader].inputs[input];
    lowest = std::min(lowest, edge.rules->row.LowestNeed(made_[reader]));
  }
  return lowest;
}

int64_t SimulateUnit(const PhaseNodes& nodes, const UnitRegion& region, const PhaseCut& cut,
                     std::vector<int64_t>* heights) {
  heights->resize(nodes.entries.size());
  Puller puller(nodes);
  puller.Restart(region, cut);
  int64_t rows_made = 0;
  RowStep step;
  while (puller.Next(&step)) {
    rows_made += step.rows.size();
    const int ring = nodes.entries[step.entry].ring;
    int64_t lowest = std::min(puller.LowestAlive(ring), step.rows.begin), end = puller.made(ring);
    for (int part : nodes.entries[ring].parts) {
      lowest = std::min(lowest, puller.LowestAlive(part));
      end = std::max(end, puller.made(part));
    }
    int64_t& height = (*heights)[ring];
    height = std::max(height, end - std::max(lowest, region.rows[ring].begin));
  }
  return rows_made;
}

}  // namespace safelight
