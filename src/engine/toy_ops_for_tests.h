// SPDX-License-Identifier: Apache-2.0
//
// Toy ops for tests of the row engine: each element is a function of its coordinates, so that any mistake in what is
// kept, cut or awaited shows in the bits.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace safelight::toys {

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

inline Status SameShape(InferContext& c) {
  c.SetOutput(0, c.input(0).dtype, c.input(0).shape);
  return {};
}

// Sum of the 3x3 neighbourhood, zero outside.
inline float Window3(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
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
inline std::vector<AxisRule> Window3Axes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  if (axis == 1 || axis == 2) return {AxisRule::Window(axis, in[axis], 1, -1, 3)};
  return {AxisRule::Same(axis, in[axis])};
}
// As if it had weights, so that groups can be made of it.
inline Cost Window3Cost(const OpContext& c) {
  const int64_t elements = c.output(0).shape.elements();
  return {.macs = 9 * elements, .other = elements, .weight_bytes = 36};
}
inline const OpDef window3_op{
    .name = "WINDOW3", .infer = SameShape, .axes = Window3Axes, .cost = Window3Cost, .prepare = PreparePoint<Window3>};

inline float Add(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  const Window& b = args.inputs[1];
  return args.inputs[0].Pixel<float>(n, y, x)[c] +
         b.Pixel<float>(n, b.shape[1] == 1 ? 0 : y, b.shape[2] == 1 ? 0 : x)[c];
}
inline std::vector<AxisRule> AddAxes(const OpContext& c, int axis) {
  const Shape &a = c.input(0).shape, &b = c.input(1).shape;
  return {AxisRule::Same(axis, a[axis]),
          b[axis] == a[axis] ? AxisRule::Same(axis, b[axis]) : AxisRule::Broadcast(axis)};
}
inline const OpDef add_op{.name = "TOY_ADD",
                          .min_inputs = 2,
                          .max_inputs = 2,
                          .infer = SameShape,
                          .axes = AddAxes,
                          .prepare = PreparePoint<Add>};

// Every second row and column.
inline float Half(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return args.inputs[0].Pixel<float>(n, y * 2, x * 2)[c];
}
inline Status HalfShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], (in[1] + 1) / 2, (in[2] + 1) / 2, in[3]});
  return {};
}
inline std::vector<AxisRule> HalfAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  return {AxisRule::Window(axis, in[axis], axis == 1 || axis == 2 ? 2 : 1, 0, 1)};
}
inline const OpDef half_op{.name = "HALF", .infer = HalfShape, .axes = HalfAxes, .prepare = PreparePoint<Half>};

inline float Double(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return args.inputs[0].Pixel<float>(n, y / 2, x / 2)[c];
}
inline Status DoubleShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1] * 2, in[2] * 2, in[3]});
  return {};
}
inline std::vector<AxisRule> DoubleAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  return {AxisRule::Divided(axis, in[axis], 1, 0, 1, axis == 1 || axis == 2 ? 2 : 1)};
}
inline const OpDef double_op{
    .name = "DOUBLE", .infer = DoubleShape, .axes = DoubleAxes, .prepare = PreparePoint<Double>};

// The picture mirrored in its rows: the last row first. Needs change direction, so a table.
inline float Flip(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return args.inputs[0].Pixel<float>(n, args.inputs[0].shape[1] - 1 - y, x)[c];
}
inline std::vector<AxisRule> FlipAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  if (axis != 1) return {AxisRule::Same(axis, in[axis])};
  std::vector<Range> table;
  for (int64_t y = 0; y < in[1]; ++y) table.push_back({in[1] - 1 - y, in[1] - y});
  return {AxisRule::Table(1, in[1], std::move(table))};
}
inline const OpDef flip_op{.name = "FLIP", .infer = SameShape, .axes = FlipAxes, .prepare = PreparePoint<Flip>};

// Thirty columns of padding in front: blocks that lie in it need nothing of the input.
inline float Margin(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
  return x < 30 ? 0.25f : args.inputs[0].Pixel<float>(n, y, x - 30)[c];
}
inline Status MarginShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1], in[2] + 30, in[3]});
  return {};
}
inline std::vector<AxisRule> MarginAxes(const OpContext& c, int axis) {
  return {AxisRule::Window(axis, c.input(0).shape[axis], 1, axis == 2 ? -30 : 0, 1)};
}
inline const OpDef margin_op{
    .name = "MARGIN", .infer = MarginShape, .axes = MarginAxes, .prepare = PreparePoint<Margin>};

// A kernel that makes whole cells of 4 by 4, like Winograd: an element depends on all that its cell reads.
inline float Cells(const KernelArgs& args, int64_t n, int64_t y, int64_t x, int64_t c) {
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
inline std::vector<AxisRule> CellsAxes(const OpContext& c, int axis) {
  const Shape& in = c.input(0).shape;
  if (axis == 1 || axis == 2) return {AxisRule::Gridded(axis, in[axis], 1, -1, 3, 4)};
  return {AxisRule::Same(axis, in[axis])};
}
inline const OpDef cells_op{.name = "CELLS",
                            .infer = SameShape,
                            .axes = CellsAxes,
                            .grain = [](const OpContext&) { return 4; },
                            .prepare = PreparePoint<Cells>};

// The sum of each row: no columns are left. Counts the rows that it makes.
inline std::atomic<int64_t> rows_summed{0};
inline float RowSum(const KernelArgs& args, int64_t n, int64_t y, int64_t, int64_t c) {
  if (c == 0) ++rows_summed;
  float sum = 0;
  for (int64_t x = 0; x < args.inputs[0].shape[2]; ++x) sum += args.inputs[0].Pixel<float>(n, y, x)[c];
  return sum;
}
inline Status RowSumShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], in[1], 1, in[3]});
  return {};
}
inline std::vector<AxisRule> RowSumAxes(const OpContext& c, int axis) {
  if (axis == 2) return {};
  return {AxisRule::Same(axis, c.input(0).shape[axis])};
}
inline const OpDef row_sum_op{
    .name = "ROW_SUM", .infer = RowSumShape, .axes = RowSumAxes, .prepare = PreparePoint<RowSum>};

// The sum over the whole picture: a barrier.
inline Status MeanShape(InferContext& c) {
  const Shape& in = c.input(0).shape;
  c.SetOutput(0, DType::kFloat32, {in[0], 1, 1, in[3]});
  return {};
}
inline Status MeanReference(const OpContext& c, std::span<const ConstTensorView> in, std::span<const TensorView> out) {
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
inline const OpDef mean_op{.name = "TOY_MEAN", .infer = MeanShape, .reference = MeanReference};

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

}  // namespace safelight::toys
