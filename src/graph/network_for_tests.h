// SPDX-License-Identifier: Apache-2.0
//
// Networks of real ops written down in a test, as a file would hold them: not inferred.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/op_def.h"

namespace safelight {

// Options by slot.
class AttrsForTests : public AttrReader {
 public:
  explicit AttrsForTests(std::map<int, double> numbers, std::map<int, std::vector<int64_t>> lists = {})
      : numbers_(std::move(numbers)), lists_(std::move(lists)) {}
  int64_t Int(int slot, int64_t fallback) const override { return static_cast<int64_t>(Get(slot, fallback)); }
  float Float(int slot, float fallback) const override { return static_cast<float>(Get(slot, fallback)); }
  bool Bool(int slot, bool fallback) const override { return Get(slot, fallback) != 0; }
  std::vector<int64_t> Ints(int slot) const override {
    const auto it = lists_.find(slot);
    return it == lists_.end() ? std::vector<int64_t>() : it->second;
  }
  int version() const override { return 1; }

 private:
  template <typename T>
  double Get(int slot, T fallback) const {
    const auto it = numbers_.find(slot);
    return it == numbers_.end() ? static_cast<double>(fallback) : it->second;
  }
  std::map<int, double> numbers_;
  std::map<int, std::vector<int64_t>> lists_;
};

class NetworkForTests {
 public:
  Graph graph;

  ValueId Input(const Shape& shape, DType dtype = DType::kFloat32) {
    Value value;
    value.name = "input" + std::to_string(graph.inputs.size());
    value.shape = shape;
    value.dtype = dtype;
    graph.inputs.push_back(graph.AddValue(std::move(value)));
    return graph.inputs.back();
  }

  ValueId Ints(const std::vector<int32_t>& elements, bool scalar = false) {
    Tensor tensor(DType::kInt32, scalar ? Shape() : Shape({static_cast<int64_t>(elements.size())}));
    std::copy(elements.begin(), elements.end(), tensor.data<int32_t>());
    return graph.AddConstant("ints" + std::to_string(graph.values.size()), std::move(tensor));
  }

  ValueId Floats(const Shape& shape, const std::vector<float>& elements) {
    Tensor tensor(DType::kFloat32, shape);
    EXPECT_EQ(static_cast<int64_t>(elements.size()), shape.elements());
    std::copy(elements.begin(), elements.end(), tensor.data<float>());
    return graph.AddConstant("floats" + std::to_string(graph.values.size()), std::move(tensor));
  }

  // Weights without a pattern that a picture has, between -0.25 and 0.25.
  ValueId Floats(const Shape& shape) {
    std::vector<float> elements(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<float>(i * 37 % 101) / 200 - 0.25f;
    return Floats(shape, elements);
  }

  // A node with one output.
  ValueId Op(const char* name, std::vector<ValueId> inputs, std::map<int, double> options = {},
             std::map<int, std::vector<int64_t>> lists = {}, DType dtype = DType::kFloat32) {
    Node node;
    node.op = FindOp(std::string_view(name));
    EXPECT_NE(node.op, nullptr) << name;
    if (node.op->read != nullptr) {
      auto attrs = node.op->read(AttrsForTests(std::move(options), std::move(lists)));
      EXPECT_TRUE(attrs.ok()) << name << ": " << attrs.status().message();
      node.attrs = *attrs;
    }
    Value value;
    value.name = std::string(name) + std::to_string(graph.nodes.size());
    value.dtype = dtype;
    const ValueId output = graph.AddValue(std::move(value));
    node.inputs = std::move(inputs);
    node.outputs = {output};
    node.file_nodes = {static_cast<int>(graph.nodes.size())};
    graph.AddNode(std::move(node));
    return output;
  }

  // 3 by 3, SAME padding.
  ValueId Conv(ValueId in, int64_t from, int64_t to, int stride = 1) {
    return Op("CONV_2D", {in, Floats({to, 3, 3, from}), Floats({to})},
              {{0, 0}, {1, static_cast<double>(stride)}, {2, static_cast<double>(stride)}});
  }
  ValueId Transpose(ValueId in, const std::vector<int32_t>& order) { return Op("TRANSPOSE", {in, Ints(order)}); }
  ValueId Reshape(ValueId in, const std::vector<int32_t>& shape) { return Op("RESHAPE", {in, Ints(shape)}); }
  ValueId Resize(ValueId in, int32_t height, int32_t width) {
    return Op("RESIZE_NEAREST_NEIGHBOR", {in, Ints({height, width})});
  }
  ValueId Concat(ValueId a, ValueId b, int axis) {
    return Op("CONCATENATION", {a, b}, {{0, static_cast<double>(axis)}});
  }

  Graph Finish(std::vector<ValueId> outputs) {
    graph.outputs = std::move(outputs);
    return std::move(graph);
  }
};

}  // namespace safelight
