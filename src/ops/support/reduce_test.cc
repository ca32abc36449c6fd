// SPDX-License-Identifier: Apache-2.0
#include "ops/support/reduce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

Tensor Axes(const std::vector<int32_t>& axes) {
  return MakeTensor<int32_t>(Shape{static_cast<int64_t>(axes.size())}, axes);
}

OneNode Reduction(const char* op, Tensor input, const std::vector<int32_t>& axes, bool keep_dims = false) {
  return OneNode(op, {{0, keep_dims}}, Inputs(std::move(input), Axes(axes)), {1});
}

std::vector<float> Floats(const Tensor& tensor) {
  return std::vector<float>(tensor.data<float>(), tensor.data<float>() + tensor.shape().elements());
}

TEST(ReduceTest, HandComputedCases) {
  const std::vector<float> x = {1, 2, 3, 4, 5, -6};  // two rows of three
  const struct {
    const char* op;
    std::vector<int32_t> axes;
    std::vector<float> expected;
  } kCases[] = {
      {"SUM", {1}, {6, 3}},
      {"SUM", {0}, {5, 7, -3}},
      {"SUM", {0, 1}, {9}},
      {"MEAN", {-1}, {2, 1}},
      {"MEAN", {0, -2, 0}, {2.5, 3.5, -1.5}},
      {"REDUCE_MAX", {1}, {3, 5}},
      {"REDUCE_MIN", {0}, {1, 2, -6}},
      {"REDUCE_PROD", {1}, {6, -120}},
      {"SUM", {}, {1, 2, 3, 4, 5, -6}},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.op);
    const OneNode node = Reduction(c.op, MakeTensor<float>({2, 3}, x), c.axes);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    EXPECT_EQ(Floats(node.Expected()), c.expected);
    EXPECT_EQ(Floats(node.Whole()), c.expected);
  }
}

TEST(ReduceTest, ShapesFollowAxesAndKeepDims) {
  EXPECT_EQ(Reduction("MEAN", RandomTensor({2, 5, 7, 3}, 1), {1, 2}).output().shape, (Shape{2, 3}));
  EXPECT_EQ(Reduction("MEAN", RandomTensor({2, 5, 7, 3}, 1), {-3, 2}, true).output().shape, (Shape{2, 1, 1, 3}));
  EXPECT_EQ(Reduction("MEAN", RandomTensor({4}, 1), {0}).output().shape, Shape());
  EXPECT_EQ(Reduction("MEAN", RandomTensor({}, 1), {0}).output().shape, Shape());
}

TEST(ReduceTest, AScalarAxisTensorIsOneAxis) {
  const OneNode node("SUM", {}, Inputs(MakeTensor<float>({2, 2}, {1, 2, 3, 4}), MakeTensor<int32_t>({}, {1})), {1});
  EXPECT_EQ(Floats(node.Whole()), (std::vector<float>{3, 7}));
}

TEST(ReduceTest, BadAxesAreRefused) {
  const OneNode outside = Reduction("SUM", RandomTensor({2, 3}, 1), {2});
  EXPECT_EQ(outside.status().message(), "axis 2 of an input of 2 dimensions, must be -2 to 1");
  const OneNode computed("SUM", {}, Inputs(RandomTensor({2, 3}, 1), Axes({1})), {});
  EXPECT_EQ(computed.status().code(), StatusCode::kUnsupported);
  const OneNode not_bool = Reduction("REDUCE_ANY", RandomTensor({2, 3}, 1), {1});
  EXPECT_EQ(not_bool.status().code(), StatusCode::kInvalidArgument);
}

TEST(ReduceTest, IntegersAndBools) {
  const OneNode sum = Reduction("SUM", MakeTensor<int32_t>({2, 2}, {1, 2, 3, -9}), {1});
  EXPECT_EQ(sum.Whole().data<int32_t>()[1], -6);
  // The sum of these does not fit in 32 bits, their mean does; a negative mean is cut toward zero.
  const OneNode mean = Reduction("MEAN", MakeTensor<int32_t>({2, 2}, {2147483647, 2147483647, -3, -4}), {1});
  EXPECT_EQ(mean.Whole().data<int32_t>()[0], 2147483647);
  EXPECT_EQ(mean.Whole().data<int32_t>()[1], -3);
  EXPECT_TRUE(SameBits(mean.Whole(), mean.Expected()));
  const OneNode prod = Reduction("REDUCE_PROD", MakeTensor<int64_t>({3}, {1ll << 40, -3, 5}), {0});
  EXPECT_EQ(prod.Whole().data<int64_t>()[0], -15 * (1ll << 40));
  const std::vector<uint8_t> flags = {0, 1, 1, 1, 0, 0};
  const Tensor any = Reduction("REDUCE_ANY", MakeTensor<uint8_t>({3, 2}, flags), {1}).Whole();
  const Tensor all = Reduction("REDUCE_ALL", MakeTensor<uint8_t>({3, 2}, flags), {1}).Whole();
  EXPECT_EQ(std::vector<int>(any.data<uint8_t>(), any.data<uint8_t>() + 3), (std::vector<int>{1, 1, 0}));
  EXPECT_EQ(std::vector<int>(all.data<uint8_t>(), all.data<uint8_t>() + 3), (std::vector<int>{0, 1, 0}));
  const OneNode stored = Reduction("REDUCE_MAX", MakeTensor<int8_t>({3}, {-5, -128, -7}), {0});
  EXPECT_EQ(stored.Whole().data<int8_t>()[0], -5);
  const OneNode quantized = Reduction("MEAN", MakeTensor<int8_t>({3}, {-5, -128, -7}), {0});
  ASSERT_TRUE(quantized.status().ok());
  EXPECT_EQ(quantized.context().node().op->prepare(quantized.context(), {}).status().code(), StatusCode::kUnsupported);
}

TEST(ReduceTest, NothingReducesToTheStartOfEachKind) {
  EXPECT_EQ(Floats(Reduction("SUM", RandomTensor({2, 0}, 1), {1}).Whole()), (std::vector<float>{0, 0}));
  EXPECT_EQ(Floats(Reduction("REDUCE_PROD", RandomTensor({0, 2}, 1), {0}).Whole()), (std::vector<float>{1, 1}));
  EXPECT_TRUE(std::isnan(Floats(Reduction("MEAN", RandomTensor({1, 0}, 1), {1}).Whole())[0]));
  EXPECT_EQ(Floats(Reduction("REDUCE_MAX", RandomTensor({0}, 1), {0}).Whole())[0],
            std::numeric_limits<float>::lowest());
  EXPECT_EQ(Reduction("SUM", RandomTensor({0, 3, 2}, 1), {1}).Whole().shape(), (Shape{0, 2}));
}

struct ShapeCase {
  Shape shape;
  std::vector<int32_t> axes;
};

const ShapeCase kSplitCases[] = {
    {{1, 7, 9, 3}, {2}},      {{1, 7, 9, 3}, {1, 2}},
    {{1, 7, 9, 3}, {3}},      {{1, 7, 9, 3}, {2, 3}},
    {{2, 8, 31, 67}, {2}},    {{2, 8, 31, 67}, {1}},
    {{1, 9, 67, 1}, {2}},     {{1, 9, 8, 31}, {-1}},
    {{1, 31, 7, 12}, {0, 2}}, {{3, 1, 7, 17, 2}, {0, 3}},
    {{1, 5, 600, 3}, {1}},    {{1, 9, 67, 16}, {1, 3}},
    {{9, 67}, {1}},           {{67, 9}, {0}},
    {{1, 7, 9, 3}, {}},
};

TEST(ReduceTest, StripsAndColumnsHaveTheBitsOfTheWhole) {
  for (const char* op : {"SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"}) {
    for (bool keep_dims : {false, true}) {
      for (const ShapeCase& c : kSplitCases) {
        SCOPED_TRACE(testing::Message() << op << " of " << c.shape.ToString() << " seed 61, keep_dims " << keep_dims
                                        << ", first axis " << (c.axes.empty() ? -9 : c.axes[0]));
        ExpectSameBitsInStrips(Reduction(op, RandomTensor(c.shape, 61), c.axes, keep_dims));
      }
    }
  }
}

TEST(ReduceTest, AgreesWithTheReference) {
  for (const char* op : {"SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN"}) {
    for (const ShapeCase& c : kSplitCases) {
      SCOPED_TRACE(testing::Message() << op << " of " << c.shape.ToString() << " seed 62");
      const OneNode node = Reduction(op, RandomTensor(c.shape, 62), c.axes);
      const std::vector<float> whole = Floats(node.Whole()), expected = Floats(node.Expected());
      for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], expected[i], 2e-4) << i;
    }
  }
}

// Runs both nodes of a split, the first in strips of `rows`.
Tensor RunSplit(const ReduceSplit& split, Tensor input, int row_axis, int64_t rows) {
  const OneNode per_row(split.per_row->name, {{0, split.per_row_attrs->keep_dims}},
                        Inputs(std::move(input), Axes(split.per_row_axes)), {1});
  EXPECT_EQ(per_row.output().shape, split.partial_shape);
  Tensor partial = per_row.Strips(row_axis, rows, -1, 1);
  Graph graph;
  Node node{.op = split.over_rows, .attrs = split.over_rows_attrs, .inputs = {}, .outputs = {}, .file_nodes = {}};
  Value value;
  value.shape = partial.shape();
  node.inputs = {graph.AddValue(value), graph.AddConstant("axes", Axes(split.over_rows_axes))};
  node.outputs = {graph.AddValue({})};
  InferContext context(graph, node);
  EXPECT_TRUE(split.over_rows->infer(context).ok());
  Tensor result(context.output(0).dtype, context.output(0).shape);
  auto kernel = split.over_rows->prepare(context, {});
  EXPECT_TRUE(kernel.ok());
  const Window in = WholeWindow(DType::kFloat32, partial.shape(), partial.bytes());
  const Window out = WholeWindow(DType::kFloat32, result.shape(), result.bytes());
  AlignedBuffer scratch((*kernel)->scratch_bytes());
  EXPECT_TRUE(
      (*kernel)
          ->Run({.inputs = {&in, 1}, .outputs = {&out, 1}, .box = WholeBox(result.shape()), .scratch = scratch.data()})
          .ok());
  return result;
}

TEST(SplitReductionTest, BothNodesTogetherMakeTheWholeWhateverTheStrips) {
  for (const char* op : {"SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"}) {
    for (bool keep_dims : {false, true}) {
      for (const ShapeCase& c :
           {ShapeCase{{1, 31, 67, 3}, {1, 2}}, {{2, 9, 8, 7}, {1, 2, 3}}, {{1, 8, 9, 31}, {3, 1}}}) {
        SCOPED_TRACE(testing::Message() << op << " of " << c.shape.ToString() << " seed 63");
        const OneNode node = Reduction(op, RandomTensor(c.shape, 63), c.axes, keep_dims);
        const auto split = SplitReduction(node.context(), 1);
        ASSERT_TRUE(split.has_value());
        const Tensor once = RunSplit(*split, RandomTensor(c.shape, 63), 1, 1);
        EXPECT_EQ(once.shape(), node.output().shape);
        EXPECT_TRUE(SameBits(once, RunSplit(*split, RandomTensor(c.shape, 63), 1, 7)));
        const std::vector<float> expected = Floats(node.Whole()), got = Floats(once);
        for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5 + 1e-5 * std::abs(expected[i]));
      }
    }
  }
}

TEST(SplitReductionTest, LeavesAloneWhatItCannotSplit) {
  EXPECT_FALSE(SplitReduction(Reduction("SUM", RandomTensor({1, 5, 7, 3}, 1), {2}).context(), 1).has_value());
  EXPECT_FALSE(SplitReduction(Reduction("SUM", RandomTensor({1, 5, 7, 3}, 1), {1}).context(), 1).has_value());
  EXPECT_FALSE(SplitReduction(Reduction("SUM", RandomTensor({1, 5, 7, 3}, 1), {1, 2}).context(), 7).has_value());
  const OneNode ints = Reduction("MEAN", MakeTensor<int32_t>({2, 2}, {1, 2, 3, 4}), {0, 1});
  EXPECT_FALSE(SplitReduction(ints.context(), 0).has_value());
  const OneNode other("SOFTMAX", {{0, 1}}, Inputs(RandomTensor({2, 2}, 1)), {});
  EXPECT_FALSE(SplitReduction(other.context(), 0).has_value());
}

}  // namespace
}  // namespace safelight
