// SPDX-License-Identifier: Apache-2.0
//
// Folding on toy ops.
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/infer.h"
#include "graph/op_def.h"
#include "graph/passes/passes.h"

namespace safelight {
namespace {

Status SameShape(InferContext& c) {
  c.SetOutput(0, c.input(0).dtype, c.input(0).shape);
  return {};
}
Status Copy(const OpContext&, std::span<const ConstTensorView> in, std::span<const TensorView> out) {
  std::copy_n(static_cast<const int32_t*>(in[0].data), out[0].shape.elements(), static_cast<int32_t*>(out[0].data));
  return {};
}
const OpDef same_op{.name = "TOY_SAME", .infer = SameShape, .reference = Copy};

Status OneElement(InferContext& c) {
  c.SetOutput(0, c.input(0).dtype, Shape());
  return {};
}
const OpDef first_op{.name = "TOY_FIRST", .infer = OneElement, .reference = Copy};

// The first elements of input 0; input 1 says how many.
Status Bound(InferContext& c) {
  Shape shape = c.input(0).shape;
  if (c.input(1).is_constant()) shape[0] = *c.constant<int32_t>(1);
  c.SetOutput(0, c.input(0).dtype, shape);
  return {};
}
const OpDef take_op{
    .name = "TOY_TAKE", .min_inputs = 2, .max_inputs = 2, .infer = Bound, .reference = Copy, .shape_decided_by = 1};

ValueId AddValue(Graph& graph, const Shape& shape) {
  Value value;
  value.dtype = DType::kInt32;
  value.shape = shape;
  return graph.AddValue(std::move(value));
}

ValueId AddNode(Graph& graph, const OpDef& op, std::vector<ValueId> inputs) {
  Node node;
  node.op = &op;
  node.inputs = std::move(inputs);
  node.outputs = {AddValue(graph, {})};
  graph.AddNode(std::move(node));
  return static_cast<ValueId>(graph.values.size()) - 1;
}

TEST(FoldConstantsTest, SizesFollowWhatBecomesAConstant) {
  constexpr int64_t kTooManyForShapeArithmetic = 5000;
  Tensor threes(DType::kInt32, {kTooManyForShapeArithmetic});
  std::fill_n(threes.data<int32_t>(), kTooManyForShapeArithmetic, 3);
  Graph graph;
  const ValueId x = AddValue(graph, {8});
  graph.inputs = {x};
  const ValueId large = AddNode(graph, same_op, {graph.AddConstant("threes", std::move(threes))});
  const ValueId count = AddNode(graph, first_op, {large});
  const ValueId taken = AddNode(graph, take_op, {x, count});
  const ValueId after = AddNode(graph, same_op, {taken});
  graph.outputs = {after};
  ASSERT_TRUE(Infer(graph).ok());
  EXPECT_EQ(graph.values[after].shape, Shape{8});  // not known yet
  EXPECT_TRUE(HasDynamicShape(graph, graph.nodes[2]));
  ASSERT_TRUE(FoldConstants(graph).ok());
  EXPECT_TRUE(graph.values[count].is_constant());
  EXPECT_FALSE(HasDynamicShape(graph, graph.nodes[2]));
  EXPECT_EQ(graph.values[taken].shape, Shape{3});
  EXPECT_EQ(graph.values[after].shape, Shape{3});
}

TEST(FoldConstantsTest, WhatDependsOnAnInputStays) {
  Graph graph;
  const ValueId x = AddValue(graph, {8});
  graph.inputs = {x};
  const ValueId y = AddNode(graph, same_op, {x});
  graph.outputs = {y};
  ASSERT_TRUE(Infer(graph).ok());
  ASSERT_TRUE(FoldConstants(graph).ok());
  EXPECT_FALSE(graph.values[y].is_constant());
}

}  // namespace
}  // namespace safelight
