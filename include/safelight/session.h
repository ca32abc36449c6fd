// SPDX-License-Identifier: Apache-2.0
//
// A model made ready to run at one picture size.
//
// Create plans the rows, packs the weights and takes all memory; Run allocates nothing (but for
// recurrent ops, and ops like WHERE whose output size depends on the data).
// A Session is used by one thread at a time; many sessions may share one Model.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "safelight/delegates.h"
#include "safelight/model.h"
#include "safelight/status.h"
#include "safelight/tensor.h"

namespace safelight {

// Threads that sessions may share. The library makes its own pool where none is given.
class ThreadPool;
// A pool of `threads` threads (0: one per core; at most two per core are made); the caller's thread is one of them.
std::shared_ptr<ThreadPool> MakeThreadPool(int threads);

// Output `output` of one run is input `input` of the next; the first run reads zeros. Neither
// is passed to Run any more (leave data null) unless the caller wants a copy of the output.
struct StateBinding {
  int output = 0;
  int input = 0;
};

// How products may be computed. kExact: every product as the file has it, summed directly. kFast: also Winograd for
// 3x3 and 5x5 convolutions (bound: kernels/winograd.h), and linear nodes joined or in another order (scales in weights,
// a 1x1 before a resize); roundings differ; integer weights that meet float values become floats, where otherwise the
// values are quantized by the range of the whole picture, as in LiteRT. kByType: floats as kFast, quantized numbers as
// kExact. Either way the bits do not depend on the cut.
enum class Arithmetic : uint8_t { kByType, kFast, kExact };

// How values between nodes are stored. kFloat16: half the memory for rings and values kept whole; arithmetic stays
// float32, so each value is rounded once, to 11 bits. Larger numbers than 65504 become infinite: see float32_values.
enum class Precision : uint8_t { kFloat32, kFloat16 };

struct SessionOptions {
  // One per input; empty: the file's own. A rank-0 shape keeps that input's own.
  std::vector<Shape> input_shapes = {};
  int threads = 0;                             // 0: one per core; at most 1024, of which two per core are made
  std::shared_ptr<ThreadPool> pool = nullptr;  // overrides `threads`
  Arithmetic arithmetic = Arithmetic::kByType;
  int64_t strip_rows = 0;          // output rows made at a time; 0: the planner chooses
  int64_t block_columns = 0;       // output columns made at a time; 0: the planner chooses
  int64_t memory_limit_bytes = 0;  // of the session's own buffers; 0: none
  std::vector<StateBinding> states = {};
  Precision precision = Precision::kFloat32;
  std::vector<std::string> float32_values = {};  // values that are stored as float32 all the same
  bool watch_float16 = false;                    // sums up float16_losses(), which takes time
  DelegateChoice delegates = {};
};

// What storing a value as float16 did to its numbers, in all runs so far.
struct Float16Loss {
  std::string value;
  int64_t beyond = 0;         // finite numbers that became infinite
  double relative_error = 0;  // of the others: root mean square of what they are off by, as a part of their own
};

struct RunOptions {
  // Called from time to time with the share done, 0 to 1, on one of the pool's threads, never on two at
  // once; false cancels the run within one strip (Run returns kCancelled, outputs are then undefined).
  std::function<bool(double)> progress = {};
};

// How one value of the plan is kept.
struct ValueReport {
  std::string name;
  Shape shape;
  int node = -1;          // position in nodes
  bool whole = false;     // kept whole; otherwise a ring of rows
  int64_t ring_rows = 0;  // height of the ring
  int64_t ring_columns = 0;
  int64_t size_bytes = 0;  // of the ring (of one thread) or of the whole value
  std::string part_of;     // the value in whose ring this one is made, as a part of it; empty: none
};

// One node as it runs.
struct NodeReport {
  NodeInfo info;
  int phase = 0;        // phases run one after another
  std::string rows;     // the rows rule in words: "1 -> 3 (y*1-1)", "all"
  bool by_rows = true;  // false: made whole in one step
  std::vector<ValueReport> outputs;
};

// How far pixels of the first output look in the first input, along rows or columns: output pixels k * out_period up to
// (k + 1) * out_period come from input pixels k * in_period up to (k + 1) * in_period, and need `before` pixels more in
// front of these and `after` behind. Without padding there is nothing in front: then `before` is 0 or negative.
struct FieldReport {
  bool local = false;   // false: it depends on everything, or the extent does not show at this size
  std::string why_not;  // names the node, when not local
  int64_t before = 0, after = 0;
  int64_t in_period = 1, out_period = 1;
};

struct PlanReport {
  std::vector<NodeReport> nodes;
  std::vector<std::string> notes;  // every rewrite and decision, a sentence each
  int phases = 0;
  int threads = 0;
  int team = 1;  // threads that make one unit together, from shared rings
  int64_t strip_rows = 0;
  int64_t blocks = 1;            // of columns, of the widest phase
  double predicted_seconds = 0;  // of one run, by the planner's cost model: an estimate
  int64_t ring_bytes = 0;        // all threads together
  int64_t whole_bytes = 0;       // values kept whole between phases
  int64_t packed_weight_bytes = 0;
  int64_t macs = 0;                       // of one run, without recomputed halo
  double halo_share = 0;                  // rows made more than once, as a share of all rows
  FieldReport field_rows, field_columns;  // of the network
  FieldReport reach_rows, reach_columns;  // of this plan's kernels: fast convolutions make whole tiles and look further
};

class SessionImpl;

class Session {
 public:
  // Errors: kInvalidArgument (a shape the model does not take, named by node), kUnsupported,
  // kResourceLimit (the plan needs more than memory_limit_bytes; says how much).
  static Result<Session> Create(const Model& model, const SessionOptions& options = {});
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;

  // Reads `inputs` and writes `outputs`, in the order of inputs() and outputs(), types and
  // shapes as there. Pointers may differ from run to run; nothing is copied.
  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
             const RunOptions& options = {});

  // The shapes of the outputs of the last run: as outputs(), but for ops like WHERE whose output
  // size depends on the data.
  std::vector<Shape> last_output_shapes() const;

  // Plans again for other input shapes, keeping options and packed weights. On an error the session
  // stays as it was.
  Status Resize(const std::vector<Shape>& input_shapes);
  // Of every value that is stored as float16, where SessionOptions::watch_float16 asks for it.
  std::vector<Float16Loss> float16_losses() const;
  // States become zero again, as before the first run.
  void ResetStates();

  // All memory the session holds besides the model's weights: rings, whole values, states.
  int64_t memory_bytes() const;
  PlanReport plan() const;
  // One entry a node, in the order of the file; nodes of constants are not listed.
  std::vector<NodePlacement> placement() const;
  // PlanReport::notes without the cost of the rest.
  const std::vector<std::string>& notes() const;

 private:
  friend class SessionImpl;
  explicit Session(std::unique_ptr<SessionImpl> impl);
  std::unique_ptr<SessionImpl> impl_;
};

}  // namespace safelight
