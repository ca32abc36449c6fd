// SPDX-License-Identifier: Apache-2.0
//
// For tests of single nodes: a graph of one node, its reference, its kernel on whole values, and its kernel on strips
// with the smallest rings and columns that the op's rules allow, everything else poisoned.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "graph/network_for_tests.h"
#include "graph/op_def.h"
#include "ops/support/reduce_walk.h"

namespace safelight::testing_ops {

template <typename T>
DType DTypeOf() {
  if (std::is_same_v<T, float>) return DType::kFloat32;
  if (std::is_same_v<T, int32_t>) return DType::kInt32;
  if (std::is_same_v<T, int64_t>) return DType::kInt64;
  if (std::is_same_v<T, int8_t>) return DType::kInt8;
  return DType::kBool;  // as uint8_t
}

template <typename T>
Tensor MakeTensor(const Shape& shape, const std::vector<T>& elements) {
  Tensor tensor(DTypeOf<T>(), shape);
  EXPECT_EQ(static_cast<int64_t>(elements.size()), shape.elements());
  std::copy(elements.begin(), elements.end(), tensor.data<T>());
  return tensor;
}

inline Tensor RandomTensor(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-2.0f, 2.0f);
  Tensor tensor(DType::kFloat32, shape);
  for (int64_t i = 0; i < shape.elements(); ++i) tensor.data<float>()[i] = value(random);
  return tensor;
}

inline bool SameBits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && a.size_bytes() == b.size_bytes() &&
         (a.size_bytes() == 0 || std::memcmp(a.bytes(), b.bytes(), a.size_bytes()) == 0);
}

class OneNode {
 public:
  // Inputs are computed values unless their number is in `constants`; an empty optional is left out.
  OneNode(const char* op, std::map<int, double> attrs, std::vector<std::unique_ptr<Tensor>> inputs,
          std::vector<int> constants)
      : inputs_(std::move(inputs)) {
    node_.op = FindOp(std::string_view(op));
    EXPECT_NE(node_.op, nullptr) << op;
    if (node_.op->read != nullptr) {
      auto read = node_.op->read(AttrsForTests(std::move(attrs)));
      status_ = read.status();
      if (read.ok()) node_.attrs = *read;
    }
    Build(constants);
  }
  // With options that no file can have.
  OneNode(const char* op, std::vector<std::unique_ptr<Tensor>> inputs, const std::vector<int>& constants,
          std::shared_ptr<const OpAttrs> attrs)
      : inputs_(std::move(inputs)) {
    node_.op = FindOp(std::string_view(op));
    EXPECT_NE(node_.op, nullptr) << op;
    node_.attrs = std::move(attrs);
    Build(constants);
  }

  const Status& status() const { return status_; }
  OpContext context() const { return OpContext(graph_, graph_.nodes[0]); }
  const Value& output(int i = 0) const { return graph_.values[node_.outputs[i]]; }

  std::vector<Tensor> Reference() const {
    EXPECT_TRUE(status_.ok()) << status_.message();
    std::vector<ConstTensorView> views;
    for (const auto& input : inputs_) {
      views.push_back(input == nullptr ? ConstTensorView() : std::as_const(*input).view());
    }
    std::vector<Tensor> results;
    std::vector<TensorView> outputs;
    for (int i = 0; i < node_.op->outputs; ++i) results.emplace_back(output(i).dtype, output(i).shape);
    for (Tensor& result : results) outputs.push_back(result.view());
    const Status run = node_.op->reference(context(), views, outputs);
    EXPECT_TRUE(run.ok()) << run.message();
    return results;
  }

  // Output 0 of the reference.
  Tensor Expected() const { return std::move(Reference()[0]); }
  Tensor Whole() const { return Strips(-1, 1, -1, 1); }

  // Output 0, made in strips of `rows` along `row_axis` and blocks of `cols` along `col_axis` (-1: not split).
  Tensor Strips(int row_axis, int64_t rows, int col_axis, int64_t cols) const {
    EXPECT_TRUE(status_.ok()) << status_.message();
    Tensor result(output().dtype, output().shape);
    auto kernel = node_.op->prepare(context(), {});
    EXPECT_TRUE(kernel.ok()) << kernel.status().message();
    if (!kernel.ok()) return result;
    const Box whole = WholeBox(output().shape);
    const Range all_rows = row_axis < 0 ? Range{0, 1} : whole.axis[row_axis];
    const Range all_cols = col_axis < 0 ? Range{0, 1} : whole.axis[col_axis];
    for (int64_t y = all_rows.begin; y < all_rows.end; y += rows) {
      for (int64_t x = all_cols.begin; x < all_cols.end; x += cols) {
        Box box = whole;
        if (row_axis >= 0) box.axis[row_axis] = {y, std::min(y + rows, all_rows.end)};
        if (col_axis >= 0) box.axis[col_axis] = {x, std::min(x + cols, all_cols.end)};
        RunStrip(**kernel, row_axis, col_axis, box, result);
      }
    }
    return result;
  }

 private:
  // A window that holds `ranges` of a tensor, its other memory full of nonsense.
  struct Part {
    Window window;
    std::vector<std::byte> memory;
  };

  static Part MakePart(DType dtype, const Shape& shape, int row_axis, Range rows, int col_axis, Range cols) {
    Part part;
    Shape held = shape;
    if (row_axis >= 0) held[row_axis] = std::max<int64_t>(rows.size(), 1);
    if (col_axis >= 0) held[col_axis] = std::max<int64_t>(cols.size(), 1);
    part.window = WholeWindow(dtype, held, nullptr);
    part.window.shape = shape;
    part.window.row_axis = row_axis;
    part.window.col_axis = col_axis;
    if (row_axis >= 0) part.window.ring_rows = held[row_axis];
    if (col_axis >= 0) part.window.col_begin = cols.begin;
    part.memory.assign(static_cast<size_t>(held.elements()) * DTypeSize(dtype), std::byte{0xFF});
    part.window.data = part.memory.data();
    return part;
  }

  // Copies the box between a window and a whole tensor.
  static void CopyBox(const Window& window, const Box& box, Tensor& whole, bool to_window) {
    const Window all = WholeWindow(whole.dtype(), whole.shape(), whole.bytes());
    const size_t bytes = DTypeSize(whole.dtype());
    const int rank = whole.shape().rank();
    ForEachIndex(box.axis, rank, [&](const int64_t* index) {
      std::byte* const in_whole = all.data + OffsetOf(all, index, rank) * static_cast<int64_t>(bytes);
      std::byte* const in_window = window.data + OffsetOf(window, index, rank) * static_cast<int64_t>(bytes);
      std::memcpy(to_window ? in_window : in_whole, to_window ? in_whole : in_window, bytes);
    });
  }

  void RunStrip(const Kernel& kernel, int row_axis, int col_axis, const Box& box, Tensor& result) const {
    std::vector<AxisRule> row_rules, col_rules;
    if (row_axis >= 0) row_rules = node_.op->axes(context(), row_axis);
    if (col_axis >= 0) col_rules = node_.op->axes(context(), col_axis);
    ASSERT_TRUE(row_axis < 0 || row_rules.size() == inputs_.size());
    ASSERT_TRUE(col_axis < 0 || col_rules.size() == inputs_.size());
    std::vector<Part> parts;
    std::vector<Window> windows;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i] == nullptr) {
        windows.emplace_back();
        continue;
      }
      Tensor& input = *inputs_[i];
      Box need = WholeBox(input.shape());
      int in_row = -1, in_col = -1;
      if (row_axis >= 0 && !row_rules[i].needs_all()) {
        in_row = row_rules[i].in_axis();
        need.axis[in_row] = row_rules[i].Need(box.axis[row_axis]);
      }
      if (col_axis >= 0 && !col_rules[i].needs_all() && col_rules[i].in_axis() != in_row) {
        in_col = col_rules[i].in_axis();
        need.axis[in_col] = col_rules[i].Need(box.axis[col_axis]);
      }
      parts.push_back(MakePart(input.dtype(), input.shape(), in_row, in_row < 0 ? Range{} : need.axis[in_row], in_col,
                               in_col < 0 ? Range{} : need.axis[in_col]));
      CopyBox(parts.back().window, need, input, true);
      windows.push_back(parts.back().window);
    }
    Part out = MakePart(result.dtype(), result.shape(), row_axis, row_axis < 0 ? Range{} : box.axis[row_axis], col_axis,
                        col_axis < 0 ? Range{} : box.axis[col_axis]);
    AlignedBuffer scratch(kernel.scratch_bytes());
    std::memset(scratch.data(), 0xFF, scratch.size_bytes());
    const Status run =
        kernel.Run({.inputs = windows, .outputs = {&out.window, 1}, .box = box, .scratch = scratch.data()});
    ASSERT_TRUE(run.ok()) << run.message();
    CopyBox(out.window, box, result, false);
  }

  void Build(const std::vector<int>& constants) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i] == nullptr) {
        node_.inputs.push_back(kNone);
        continue;
      }
      Value value;
      value.name = "input" + std::to_string(i);
      value.dtype = inputs_[i]->dtype();
      value.shape = inputs_[i]->shape();
      for (int c : constants) {
        if (c == static_cast<int>(i)) value.constant = inputs_[i]->bytes();
      }
      node_.inputs.push_back(graph_.AddValue(std::move(value)));
    }
    for (int i = 0; i < node_.op->outputs; ++i) node_.outputs.push_back(graph_.AddValue({}));
    graph_.AddNode(node_);
    if (status_.ok()) {
      InferContext context(graph_, graph_.nodes[0]);
      status_ = node_.op->infer(context);
    }
  }

  Graph graph_;
  Node node_;
  std::vector<std::unique_ptr<Tensor>> inputs_;
  Status status_;
};

// The inputs of a OneNode; nullptr leaves one out.
template <typename... Tensors>
std::vector<std::unique_ptr<Tensor>> Inputs(Tensors... tensors) {
  std::vector<std::unique_ptr<Tensor>> list;
  (list.push_back(std::make_unique<Tensor>(std::move(tensors))), ...);
  return list;
}

// Makes the node in strips of several heights and widths along every axis that it can be split along, and expects
// the bits of the whole each time.
inline void ExpectSameBitsInStrips(const OneNode& node) {
  const Tensor whole = node.Whole();
  const OpDef* op = node.context().node().op;
  for (int row = 0; row < whole.shape().rank(); ++row) {
    if (op->axes(node.context(), row).empty()) continue;
    for (int64_t rows : {1, 2, 3}) {
      EXPECT_TRUE(SameBits(node.Strips(row, rows, -1, 1), whole)) << "row axis " << row << ", strips of " << rows;
    }
    for (int col = 0; col < whole.shape().rank(); ++col) {
      if (col == row || op->axes(node.context(), col).empty()) continue;
      for (int64_t cols : {1, 5}) {
        EXPECT_TRUE(SameBits(node.Strips(row, 2, col, cols), whole))
            << "row axis " << row << ", column axis " << col << ", blocks of " << cols;
      }
    }
  }
}

}  // namespace safelight::testing_ops
