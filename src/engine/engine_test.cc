// SPDX-License-Identifier: Apache-2.0
//
// The row engine on toy ops: whatever the strips, blocks and threads, the bits are the same, and
// rings stay small.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <random>

#include "engine/executor.h"
#include "engine/plan.h"
#include "engine/receptive.h"
#include "graph/infer.h"

namespace safelight {
namespace {

// A kernel that computes each element on its own, from a function of its coordinates.
class PointKernel : public Kernel {
 public:
  using Function = float (*)(const KernelArgs&, int64_t n, int64_t y, int64_t x, int64_t c);
  explicit PointKernel(Function function) : function_(function) {}
  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end; ++x) {
          for (int64_t c = box[3].begin; c < box[3].end; ++c) {
            args.outputs[0].Pixel<float>(n, y, x)[c] = function_(args, n, y, x, c);
          }
        }
      }
    }
    return {};
  }

 private:
  Function function_;
};

template <PointKernel::Function function>
Result<std::unique_ptr<Kernel>> PreparePoint(const OpContext&, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<PointKernel>(function));
}

Status SameShape(InferContext& c) {
  c.SetOutput(0, c.input(0).dtype, c.input(0).shape);
  return {};
}

// Sum of the 3x3 neighbourhood, zero outside.
float Window3(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  const Window& in = args.inputs[0];
  float sum = 0;
  for (int64_t v = y - 1; v <= y + 1; ++v) {
    for (int64_t u = x - 1; u <= x + 1; ++u) {
      if (v < 0 || u < 0 || v >= in.shape[1] || u >= in.shape[2]) continue;
      sum = sum * 0.75f + in.Pixel<float>(n, v, u)[c];
    }
  }
  return sum;
}
std::vector<AxisRule> Window3Axes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  if (axis == 1 || axis == 2) return {AxisRule::Window(axis, in[axis], 1, -1, 3)};
  return {AxisRule::Same(axis, in[axis])};
}
const OpDef window3_op{.name = "WINDOW3", .infer = SameShape, .axes = Window3Axes, .prepare = PreparePoint<Window3>};

float Add(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  const Window& b = args.inputs[1];
  return args.inputs[0].Pixel<float>(n, y, x)[c] +
         b.Pixel<float>(n, b.shape[1] == 1 ? 0 : y, b.shape[2] == 1 ? 0 : x)[c];
}
std::vector<AxisRule> AddAxes(const OpContext& c, int axis) {
  const Shape &a = c.input(0).shape, &b = c.input(1).shape;
  return {AxisRule::Same(axis, a[axis]),
          b[axis] == a[axis] ? AxisRule::Same(axis, b[axis]) : AxisRule::Broadcast(axis)};
}
const OpDef add_op{.name = "TOY_ADD",
                   .min_inputs = 2,
                   .max_inputs = 2,
                   .infer = SameShape,
                   .axes = AddAxes,
                   .prepare = PreparePoint<Add>};

// Every second row and column.
float Half(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return args.inputs[0].Pixel<float>(n, y * 2, x * 2)[c];
}
Status HalfShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], (in[1] + 1) / 2, (in[2] + 1) / 2, in[3]});
  return {};
}
std::vector<AxisRule> HalfAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  return {AxisRule::Window(axis, in[axis], axis == 1 || axis == 2 ? 2 : 1, 0, 1)};
}
const OpDef half_op{.name = "HALF", .infer = HalfShape, .axes = HalfAxes, .prepare = PreparePoint<Half>};

float Double(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return args.inputs[0].Pixel<float>(n, y / 2, x / 2)[c];
}
Status DoubleShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1] * 2, in[2] * 2, in[3]});
  return {};
}
std::vector<AxisRule> DoubleAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  return {AxisRule::Divided(axis, in[axis], 1, 0, 1, axis == 1 || axis == 2 ? 2 : 1)};
}
const OpDef double_op{.name = "DOUBLE", .infer = DoubleShape, .axes = DoubleAxes, .prepare = PreparePoint<Double>};

// The picture mirrored in its rows: the last row first. Needs change direction, so a table.
float Flip(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return args.inputs[0].Pixel<float>(n, args.inputs[0].shape[1] - 1 - y, x)[c];
}
std::vector<AxisRule> FlipAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  if (axis != 1) return {AxisRule::Same(axis, in[axis])};
  std::vector<Range> table;
  for (int64_t y = 0; y < in[1]; ++y) table.push_back({in[1] - 1 - y, in[1] - y});
  return {AxisRule::Table(1, in[1], std::move(table))};
}
const OpDef flip_op{.name = "FLIP", .infer = SameShape, .axes = FlipAxes, .prepare = PreparePoint<Flip>};

// The sum of each row: a value without columns.
std::atomic<int64_t> row_sums_made{0};
float RowSum(const KernelArgs& args, int64_t n, int64_t y, int64_t, int64_t c) {
  ++row_sums_made;
  float sum = 0;
  for (int64_t x = 0; x < args.inputs[0].shape[2]; ++x) sum = sum * 0.9f + args.inputs[0].Pixel<float>(n, y, x)[c];
  return sum;
}
Status RowSumShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1], 1, in[3]});
  return {};
}
std::vector<AxisRule> RowSumAxes(const OpContext& c, int axis) {
  if (axis == 2) return {};
  return {AxisRule::Same(axis, c.input(0).shape[axis])};
}
const OpDef row_sum_op{.name = "ROW_SUM", .infer = RowSumShape, .axes = RowSumAxes, .prepare = PreparePoint<RowSum>};

// Thirty columns of padding in front: blocks that lie in it need nothing of the input.
float Margin(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return x < 30 ? 0.25f : args.inputs[0].Pixel<float>(n, y, x - 30)[c];
}
Status MarginShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1], in[2] + 30, in[3]});
  return {};
}
std::vector<AxisRule> MarginAxes(const OpContext& c, int axis) {
  return {AxisRule::Window(axis, c.input(0).shape[axis], 1, axis == 2 ? -30 : 0, 1)};
}
const OpDef margin_op{.name = "MARGIN", .infer = MarginShape, .axes = MarginAxes, .prepare = PreparePoint<Margin>};

// A kernel that makes whole cells of 4 by 4, like Winograd: an element depends on all that its cell reads.
float Cells(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  const Window& in = args.inputs[0];
  float sum = static_cast<float>(y % 4 * 4 + x % 4);
  for (int64_t v = y / 4 * 4 - 1; v < y / 4 * 4 + 5; ++v) {
    for (int64_t u = x / 4 * 4 - 1; u < x / 4 * 4 + 5; ++u) {
      if (v < 0 || u < 0 || v >= in.shape[1] || u >= in.shape[2]) continue;
      sum = sum * 0.5f + in.Pixel<float>(n, v, u)[c];
    }
  }
  return sum;
}
std::vector<AxisRule> CellsAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  if (axis == 1 || axis == 2) return {AxisRule::Gridded(axis, in[axis], 1, -1, 3, 4)};
  return {AxisRule::Same(axis, in[axis])};
}
const OpDef cells_op{
    .name = "CELLS", .infer = SameShape, .axes = CellsAxes, .grain = 4, .prepare = PreparePoint<Cells>};

// The sum of each row: no columns are left. Counts the rows that it makes.
std::atomic<int64_t> rows_summed{0};
float RowSum(const KernelArgs& args, int64_t n, int64_t y, int64_t, int64_t c) {
  if (c == 0) ++rows_summed;
  float sum = 0;
  for (int64_t x = 0; x < args.inputs[0].shape[2]; ++x) sum += args.inputs[0].Pixel<float>(n, y, x)[c];
  return sum;
}
Status RowSumShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1], 1, in[3]});
  return {};
}
std::vector<AxisRule> RowSumAxes(const OpContext& c, int axis) {
  if (axis == 2) return {};
  return {AxisRule::Same(axis, c.input(0).shape[axis])};
}
const OpDef row_sum_op{.name = "ROW_SUM", .infer = RowSumShape, .axes = RowSumAxes, .prepare = PreparePoint<RowSum>};

// The sum over the whole picture: a barrier.
Status MeanShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], 1, 1, in[3]});
  return {};
}
Status MeanReference(const OpContext& c, std::span<const ConstTensorView> in, std::span<const TensorView> out) {
  const Shape& shape = c.input(0).shape;
  float* sums = static_cast<float*>(out[0].data);
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t ch = 0; ch < shape[3]; ++ch) {
      float sum = 0;
      for (int64_t i = 0; i < shape[1] * shape[2]; ++i) {
        sum += static_cast<const float*>(in[0].data)[(n * shape[1] * shape[2] + i) * shape[3] + ch];
      }
      sums[n * shape[3] + ch] = sum;
    }
  }
  return {};
}
const OpDef mean_op{.name = "TOY_MEAN", .infer = MeanShape, .reference = MeanReference};

struct Builder {
  Graph graph;
  explicit Builder(Shape shape) {
    Value in;
    in.name = "in";
    in.shape = shape;
    graph.inputs = {graph.AddValue(in)};
  }
  ValueId operator()(const OpDef& op, std::vector<ValueId> inputs) {
    Value out;
    out.name = Cat(op.name, graph.nodes.size());
    const ValueId id = graph.AddValue(out);
    graph.AddNode(Node{&op, nullptr, std::move(inputs), {id}, {static_cast<int>(graph.nodes.size())}});
    return id;
  }
};

std::vector<std::vector<float>> RunGraph(const Graph& graph, const PlanOptions& options, int threads,
                                         int64_t* ring_bytes = nullptr) {
  PlanOptions with_threads = options;
  with_threads.threads = threads;
  auto plan = MakePlan(graph, with_threads);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (ring_bytes != nullptr) *ring_bytes = (*plan)->ring_bytes;
  ThreadPool pool(threads);
  Executor executor(**plan, pool);
  std::mt19937 random(7);
  std::vector<float> input(graph.values[graph.inputs[0]].shape.elements());
  for (float& v : input) v = static_cast<float>(random() % 2001) / 1000 - 1;
  std::vector<std::vector<float>> results;
  std::vector<void*> pointers;
  for (ValueId output : graph.outputs) results.emplace_back(graph.values[output].shape.elements(), -77.f);
  for (auto& result : results) pointers.push_back(result.data());
  const void* in = input.data();
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Status status = executor.Run({&in, 1}, pointers, nullptr);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  return results;
}

void ExpectSameBits(const Graph& inferred) {
  const auto truth = RunGraph(inferred, {.strip_rows = 1000}, 1);
  for (int64_t strip : {1, 4, 7}) {
    for (int team : {1, 2, 4}) {
      const auto result = RunGraph(inferred, {.strip_rows = strip, .block_columns = 11, .team = team}, 4);
      EXPECT_EQ(result, truth) << "strip " << strip << " teams of " << team;
    }
  }
  for (int64_t strip : {1, 2, 3, 5, 16}) {
    for (int64_t block : {0, 1, 4, 7}) {
      for (int threads : {1, 2, 3}) {
        const auto result = RunGraph(inferred, {.strip_rows = strip, .block_columns = block}, threads);
        EXPECT_EQ(result, truth) << "strip " << strip << " block " << block << " threads " << threads;
      }
    }
  }
}

TEST(EngineTest, ChainsHaveTheSameBitsForEveryCut) {
  Builder b({2, 23, 19, 3});
  ValueId v = b.graph.inputs[0];
  for (int i = 0; i < 4; ++i) v = b(window3_op, {v});
  b.graph.outputs = {v};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, SkipsStridesAndEnlargementsHaveTheSameBitsForEveryCut) {
  Builder b({1, 24, 20, 2});
  const ValueId a = b(window3_op, {b.graph.inputs[0]});
  const ValueId half = b(window3_op, {b(half_op, {a})});
  const ValueId quarter = b(window3_op, {b(half_op, {half})});
  const ValueId up = b(add_op, {b(double_op, {quarter}), half});
  const ValueId out = b(add_op, {b(double_op, {up}), a});
  b.graph.outputs = {out, up, a};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, WholeCellsHaveTheSameBitsForEveryCut) {
  Builder b({1, 30, 37, 2});
  const ValueId a = b(cells_op, {b(cells_op, {b.graph.inputs[0]})});
  const ValueId half = b(cells_op, {b(half_op, {a})});
  b.graph.outputs = {b(add_op, {b(window3_op, {b(cells_op, {a})}), a}), b(cells_op, {half})};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, ValuesWithoutColumnsHaveTheSameBitsForEveryCut) {
  Builder b({1, 25, 70, 3});
  const ValueId a = b(window3_op, {b.graph.inputs[0]});
  const ValueId sums = b(row_sum_op, {a});
  b.graph.outputs = {b(window3_op, {b(add_op, {a, sums})}), b(row_sum_op, {b(window3_op, {a})})};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, OneMemberOfATeamMakesAValueWithoutColumns) {
  Builder b({1, 25, 70, 3});
  b.graph.outputs = {b(add_op, {b.graph.inputs[0], b(row_sum_op, {b.graph.inputs[0]})})};
  ASSERT_TRUE(Infer(b.graph).ok());
  row_sums_made = 0;
  RunGraph(b.graph, {.strip_rows = 4, .team = 2}, 2);
  EXPECT_EQ(row_sums_made, 2 * 25 * 3);  // RunGraph runs twice
}

TEST(EngineTest, BlocksThatAreAllPaddingHaveTheSameBits) {
  Builder b({1, 12, 9, 2});
  const ValueId v = b(window3_op, {b(window3_op, {b.graph.inputs[0]})});
  b.graph.outputs = {b(margin_op, {v})};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, WhatHasNoColumnsIsMadeByOneMemberOfATeam) {
  Builder b({1, 40, 33, 2});
  const ValueId sums = b(row_sum_op, {b(window3_op, {b.graph.inputs[0]})});
  b.graph.outputs = {b(row_sum_op, {sums})};
  ASSERT_TRUE(Infer(b.graph).ok());
  const auto truth = RunGraph(b.graph, {.strip_rows = 1000}, 1);
  for (int team : {1, 2, 4}) {
    rows_summed = 0;
    EXPECT_EQ(RunGraph(b.graph, {.strip_rows = 3, .team = team}, team), truth) << "team of " << team;
    EXPECT_EQ(rows_summed, 2 * 2 * 40) << "team of " << team;  // two nodes, two runs
  }
}

TEST(EngineTest, BarriersAndReversedRowsHaveTheSameBitsForEveryCut) {
  Builder b({2, 17, 9, 2});
  const ValueId a = b(window3_op, {b.graph.inputs[0]});
  const ValueId shifted = b(add_op, {b(window3_op, {a}), b(mean_op, {a})});
  const ValueId flipped = b(flip_op, {b(window3_op, {shifted})});
  b.graph.outputs = {b(add_op, {flipped, a}), b.graph.inputs[0], a, a};
  ASSERT_TRUE(Infer(b.graph).ok());
  ExpectSameBits(b.graph);
}

TEST(EngineTest, RingsDoNotGrowWithTheHeightOfThePicture) {
  int64_t bytes[2];
  for (int tall = 0; tall < 2; ++tall) {
    Builder b({1, tall == 0 ? 64 : 640, 16, 4});
    ValueId v = b.graph.inputs[0];
    for (int i = 0; i < 5; ++i) v = b(window3_op, {v});
    b.graph.outputs = {b(add_op, {v, b.graph.inputs[0]})};
    ASSERT_TRUE(Infer(b.graph).ok());
    RunGraph(b.graph, {.strip_rows = 2}, 1, &bytes[tall]);
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  // Five rings of at most 2 + 2 + 2 rows of 16 x 4 floats, and a little for alignment.
  EXPECT_LE(bytes[0], 5 * 6 * 16 * 4 * 4 + 5 * 128);
}

TEST(EngineTest, AMemoryLimitIsKeptOrRefusedWithTheNeed) {
  Builder b({1, 64, 64, 4});
  ValueId v = b.graph.inputs[0];
  for (int i = 0; i < 3; ++i) v = b(window3_op, {v});
  b.graph.outputs = {v};
  ASSERT_TRUE(Infer(b.graph).ok());
  auto free_plan = MakePlan(b.graph, {.threads = 2});
  ASSERT_TRUE(free_plan.ok());
  const int64_t limit = (*free_plan)->memory_bytes() / 3;
  auto small = MakePlan(b.graph, {.threads = 2, .memory_limit_bytes = limit});
  ASSERT_TRUE(small.ok()) << small.status().message();
  EXPECT_LE((*small)->memory_bytes(), limit);
  auto none = MakePlan(b.graph, {.threads = 2, .memory_limit_bytes = 100});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.status().code(), StatusCode::kResourceLimit);
  EXPECT_NE(none.status().message().find("KiB"), std::string::npos);
}

TEST(EngineTest, TheReachIsTheReceptiveField) {
  Builder b({1, 64, 64, 1});
  ValueId v = b(window3_op, {b(window3_op, {b.graph.inputs[0]})});
  b.graph.outputs = {b(double_op, {v})};
  ASSERT_TRUE(Infer(b.graph).ok());
  const AxisPlan axes = AssignAxes(b.graph);
  const ReachResult rows = FindReach(b.graph, axes, false);
  ASSERT_TRUE(rows.reach.has_value()) << rows.why_not;
  EXPECT_EQ(rows.reach->before, 2);
  EXPECT_EQ(rows.reach->after, 2);
  EXPECT_EQ(rows.reach->in_period, 1);
  EXPECT_EQ(rows.reach->out_period, 2);
}

TEST(EngineTest, ProgressMayCancel) {
  Builder b({1, 64, 8, 1});
  b.graph.outputs = {b(window3_op, {b.graph.inputs[0]})};
  ASSERT_TRUE(Infer(b.graph).ok());
  auto plan = MakePlan(b.graph, {.threads = 1, .strip_rows = 1});
  ASSERT_TRUE(plan.ok());
  ThreadPool pool(1);
  Executor executor(**plan, pool);
  std::vector<float> in(64 * 8), out(64 * 8);
  const void* in_data = in.data();
  void* out_data = out.data();
  int calls = 0;
  const std::function<bool(double)> stop = [&](double) { return ++calls < 5; };
  const Status status = executor.Run({&in_data, 1}, {&out_data, 1}, &stop);
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace safelight
