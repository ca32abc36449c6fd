// SPDX-License-Identifier: Apache-2.0
//
// A graph made ready to run on the CPU: kernels prepared, phases and units cut, rings
// measured, every byte placed. Frozen; shared by all runs of a session.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "engine/phases.h"
#include "engine/schedule.h"
#include "engine/team.h"
#include "graph/graph.h"
#include "graph/op_def.h"

namespace safelight {

struct PlanOptions {
  int threads = 1;
  bool fast = true;                // arithmetic: Winograd where it pays; false: every product as the file has it
  bool quantized_fast = false;     // integer weights of float values become floats
  int64_t strip_rows = 0;          // 0: chosen
  int64_t block_columns = 0;       // 0: chosen
  int64_t turn_rows = 0;           // of groups of one node with weights each; 0: groups are chosen
  int team = 0;                    // threads that share rings, a divisor of `threads`; 0: chosen
  int64_t memory_limit_bytes = 0;  // 0: none
  PackCache* pack_cache = nullptr;
  bool half = false;                         // values between nodes are stored as float16
  std::vector<std::string> keep_float = {};  // names of those that are not
};

// Where a value lives.
struct ValueStorage {
  enum Kind { kUnused, kConstant, kInput, kOutput, kShared, kRing } kind = kUnused;
  int index = 0;             // which input or output of the graph
  int64_t offset = 0;        // in the shared arena, or in each team's ring arena
  int64_t ring_rows = 0;     // of a ring
  int64_t ring_columns = 0;  // of a ring: columns held at most; 0 when there is no column axis
  int64_t size_bytes = 0;
  bool half = false;  // elements are stored as float16 (half_storage.h)
};

// A phase of rows, ready to run; for a serial phase only `phase` counts.
struct PhaseSchedule {
  PhaseNodes nodes;
  PhaseCut cut;
  std::vector<UnitRegion> units;   // blocks outermost
  std::vector<UnitShares> shares;  // by unit
};

struct Plan {
  Graph graph;
  AxisPlan axes;
  PhasePlan phases;
  std::vector<RingPart> parts;                   // by ValueId
  std::vector<PhaseSchedule> schedules;          // by phase
  std::vector<std::unique_ptr<Kernel>> kernels;  // by NodeId; null: run op->reference
  std::vector<ValueStorage> storage;             // by ValueId
  int threads = 1;                               // used at most
  int team = 1;                                  // threads that share rings; divides `threads`
  int64_t ring_bytes = 0;                        // of one team's arena
  int64_t shared_bytes = 0;
  int64_t scratch_bytes = 0;               // of one thread
  int64_t convert_bytes = 0;               // of one thread, behind its scratch: float32 windows on float16 values
  int64_t rows_made = 0, rows_needed = 0;  // with and without recomputed halo
  int64_t steps = 0;                       // of rows, all units together
  std::vector<std::string> notes;

  double predicted_seconds = 0;

  int64_t memory_bytes() const {
    return threads / team * ring_bytes + threads * (scratch_bytes + convert_bytes) + shared_bytes;
  }
  DType stored_type(ValueId id) const { return storage[id].half ? DType::kFloat16 : graph.values[id].dtype; }
  bool converts(NodeId id) const;        // reads or makes values that are stored as float16
  bool splits_columns(NodeId id) const;  // and reads only some columns of these for some of its own
};

// `graph` is inferred, at the size to run. Errors name the node; kResourceLimit when the plan does not fit.
// Tests and comparisons leave passes out; the last one, separate_targets, must be among them.
Result<std::unique_ptr<const Plan>> MakePlan(Graph graph, const PlanOptions& options,
                                             std::span<const NamedPass> passes = EnginePasses());

}  // namespace safelight
