// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3;  // slots
constexpr int kSame = 0, kValid = 1;

Tensor Sizes(const Shape& shape) {
  return MakeTensor<int32_t>({shape.rank()}, std::vector<int32_t>(shape.dims().begin(), shape.dims().end()));
}

OneNode TransposeConv(const Shape& out, const Shape& weights, const Shape& data, int64_t bias,
                      const std::map<int, double>& attrs, unsigned seed, bool constant = true) {
  auto inputs = Inputs(Sizes(out), RandomTensor(weights, seed), RandomTensor(data, seed + 1));
  if (bias > 0) inputs.push_back(std::make_unique<Tensor>(RandomTensor({bias}, seed + 2)));
  return OneNode("TRANSPOSE_CONV", attrs, std::move(inputs),
                 constant ? std::vector<int>{0, 1, 3} : std::vector<int>{0});
}

TEST(TransposeConvTest, EveryInputSpreadsItsFilter) {
  const OneNode node("TRANSPOSE_CONV", {{kPadding, kValid}, {kStrideW, 2}, {kStrideH, 1}},
                     Inputs(Sizes({1, 1, 5, 1}), MakeTensor<float>({1, 1, 3, 1}, {1, 10, 100}),
                            MakeTensor<float>({1, 1, 2, 1}, {1, 2}), MakeTensor<float>({1}, {0.5})),
                     {0, 1, 3});
  EXPECT_THAT(Floats(node.Whole()), ElementsAre(1.5, 10.5, 102.5, 20.5, 200.5));
}

// The definition by scattering, as the reference of TFLite runs it.
Tensor Scattered(const Shape& out, const Tensor& weights, const Tensor& data, int64_t stride, int64_t pad) {
  Tensor sum(DType::kFloat32, out);
  const Shape &in = data.shape(), &filter = weights.shape();
  for (int64_t i = 0; i < in.elements(); ++i) {
    const int64_t c = i % in[3], x = i / in[3] % in[2], y = i / in[3] / in[2] % in[1], n = i / in[3] / in[2] / in[1];
    for (int64_t w = 0; w < filter.elements() / in[3]; ++w) {
      const int64_t kx = w % filter[2], ky = w / filter[2] % filter[1], o = w / filter[2] / filter[1];
      const int64_t out_y = y * stride - pad + ky, out_x = x * stride - pad + kx;
      if (out_y < 0 || out_x < 0 || out_y >= out[1] || out_x >= out[2]) continue;
      sum.data<float>()[((n * out[1] + out_y) * out[2] + out_x) * out[3] + o] +=
          data.data<float>()[i] * weights.data<float>()[w * in[3] + c];
    }
  }
  return sum;
}

TEST(TransposeConvTest, GatheringGivesWhatScatteringGives) {
  // {stride, filter, input size, output size, padding before}
  for (const auto& [stride, filter, in, out, pad] : std::vector<std::array<int64_t, 5>>{
           {2, 3, 7, 14, 0}, {2, 3, 7, 13, 1}, {2, 4, 8, 16, 1}, {3, 2, 5, 15, 0}, {1, 5, 6, 6, 2}, {2, 2, 4, 8, 0}}) {
    SCOPED_TRACE(testing::Message() << "stride " << stride << " filter " << filter << " to " << out << " seed 61");
    const Shape out_shape{2, out, out, 3}, weights{3, filter, filter, 4}, data{2, in, in, 4};
    const OneNode node = TransposeConv(out_shape, weights, data, 0, {{kStrideW, stride}, {kStrideH, stride}}, 61);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    const Tensor result = node.Whole();
    const Tensor expected = Scattered(out_shape, RandomTensor(weights, 61), RandomTensor(data, 62), stride, pad);
    for (int64_t i = 0; i < out_shape.elements(); ++i) {
      ASSERT_NEAR(result.data<float>()[i], expected.data<float>()[i], 1e-4f) << "element " << i;
    }
  }
}

TEST(TransposeConvTest, KernelMatchesTheReferenceOnEveryTargetAndKeepsItsBitsInStrips) {
  Dice dice(403);
  for (int i = 0; i < 40;) {
    const int64_t stride_h = dice.Of({1, 2, 2, 3, 4}), stride_w = dice.Of({1, 2, 2, 3, 4});
    const Shape data{dice.Of({1, 1, 2}), dice.Size(), dice.Size(), dice.Channels()};
    const Shape weights{dice.Channels(), dice.Of({1, 2, 3, 4, 5}), dice.Of({1, 2, 3, 4, 5}), data[3]};
    const int64_t padding = dice.Of({kSame, kValid});
    // Any output size that a convolution brings back to the input's.
    const int64_t slack_h = dice.Of({0, stride_h - 1}), slack_w = dice.Of({0, stride_w - 1});
    const bool same = padding == kSame;
    const Shape out{data[0], same ? data[1] * stride_h - slack_h : (data[1] - 1) * stride_h + weights[1] + slack_h,
                    same ? data[2] * stride_w - slack_w : (data[2] - 1) * stride_w + weights[2] + slack_w, weights[0]};
    const int64_t bias = dice.Coin() ? weights[0] : 0;
    const bool constant = dice.Of({0, 1, 1, 1}) == 1;
    if (data[0] * data[1] * data[2] * weights.elements() > 200000 || out.elements() > 10000) continue;
    ++i;
    const std::map<int, double> attrs{
        {kPadding, padding}, {kStrideW, stride_w}, {kStrideH, stride_h}, {kActivation, dice.Of({0, 1, 2, 3})}};
    const unsigned seed = dice.Seed();
    SCOPED_TRACE(testing::Message() << data.ToString() << " * " << weights.ToString() << " to " << out.ToString()
                                    << " seed 403/" << seed << " attrs " << testing::PrintToString(attrs));
    const OneNode node = TransposeConv(out, weights, data, bias, attrs, seed, constant);
    ASSERT_TRUE(node.status().ok()) << node.status().message();
    ForEachTarget([&] {
      ExpectReference(node, weights[1] * weights[2] * weights[3]);
      ExpectSameBitsInStrips(node);
    });
  }
}

TEST(TransposeConvTest, RowsNeedOnlyTheInputsThatReachThem) {
  const OneNode node = TransposeConv({1, 16, 16, 3}, {3, 3, 3, 4}, {1, 8, 8, 4}, 0, {{kStrideW, 2}, {kStrideH, 2}}, 7);
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  const AxisRule rows = node.context().node().op->axes(node.context(), 1)[2];
  EXPECT_EQ(rows.Need({0, 1}), (Range{0, 1}));
  EXPECT_EQ(rows.Need({4, 5}), (Range{1, 3}));
  EXPECT_EQ(rows.Need({5, 6}), (Range{2, 3}));
  EXPECT_EQ(rows.Need({15, 16}), (Range{7, 8}));
}

TEST(TransposeConvTest, OutputSizeFollowsTheInputs) {
  const std::map<int, double> attrs{{kPadding, kValid}, {kStrideW, 2}, {kStrideH, 2}};
  const OneNode before = TransposeConv({1, 17, 17, 3}, {3, 3, 3, 4}, {1, 8, 8, 4}, 0, attrs, 8);
  const OneNode after = TransposeConv({1, 21, 41, 3}, {3, 3, 3, 4}, {1, 10, 20, 4}, 0, attrs, 8);
  ASSERT_TRUE(before.status().ok() && after.status().ok());
  const auto size = before.context().node().op->rescale(before.context(), after.context(), 0);
  ASSERT_TRUE(size.ok()) << size.status().message();
  EXPECT_THAT(*size, ElementsAre(1, 21, 41, 3));
}

TEST(TransposeConvTest, SizesThatOnlyTheRunKnowsMustBeThoseThatTheFileDeclares) {
  const OneNode known = TransposeConv({1, 16, 16, 3}, {3, 3, 3, 4}, {1, 8, 8, 4}, 0, {{kStrideW, 2}, {kStrideH, 2}}, 7);
  ASSERT_TRUE(known.status().ok());
  Graph graph = known.context().graph();
  const Node& node = graph.nodes[0];
  graph.values[node.inputs[0]].constant = nullptr;
  InferContext declared(graph, node);
  ASSERT_TRUE(node.op->infer(declared).ok());
  EXPECT_EQ(graph.values[node.outputs[0]].shape, (Shape{1, 16, 16, 3}));
  const Tensor weights = RandomTensor({3, 3, 3, 4}, 8), data = RandomTensor({1, 8, 8, 4}, 9);
  Tensor out(DType::kFloat32, {1, 16, 16, 3});
  const auto run = [&](const std::vector<int32_t>& sizes) {
    const Tensor given = MakeTensor<int32_t>({4}, sizes);
    const std::vector<ConstTensorView> inputs = {given.view(), weights.view(), data.view()};
    const std::vector<TensorView> outputs = {out.view()};
    auto kernel = node.op->prepare(OpContext(graph, node), {});
    EXPECT_TRUE(kernel.ok());
    const Status reference = node.op->reference(OpContext(graph, node), inputs, outputs);
    const Status status = RunWhole(**kernel, inputs, outputs);
    EXPECT_EQ(status.message(), reference.message());
    return std::string(status.message());
  };
  EXPECT_EQ(run({1, 16, 16, 3}), "");
  EXPECT_THAT(run({1, 16, 15, 3}), HasSubstr("output size 15 along axis 2 is asked for, the file declares 16"));
  graph.values[node.outputs[0]].shape = Shape();
  InferContext undeclared(graph, node);
  EXPECT_THAT(node.op->infer(undeclared).message(), HasSubstr("not known before the run"));
}

TEST(TransposeConvTest, HostileOptionsAndShapesAreRefusedBySentences) {
  const std::map<int, double> good{{kStrideW, 2}, {kStrideH, 2}};
  const Shape weights{3, 3, 3, 4}, data{1, 8, 8, 4};
  const auto refusal = [&](const Shape& out, const Shape& filter, int64_t bias, const std::map<int, double>& attrs) {
    return Refusal(TransposeConv(out, filter, data, bias, attrs, 9));
  };
  EXPECT_THAT(refusal({1, 16, 16, 3}, weights, 3, {{kStrideW, 0}, {kStrideH, 1}}), HasSubstr("strides 1 by 0"));
  EXPECT_THAT(refusal({1, 18, 16, 3}, weights, 3, good), HasSubstr("height: output size 18"));
  EXPECT_THAT(refusal({1, 16, -16, 3}, weights, 3, good), HasSubstr("width: output size -16"));
  EXPECT_THAT(refusal({1, 16, 16, 4}, weights, 3, good), HasSubstr("do not fit together"));
  EXPECT_THAT(refusal({1, 16, 16, 3}, {3, 3, 3, 5}, 3, good), HasSubstr("do not fit together"));
  EXPECT_THAT(refusal({1, 16, 16, 3}, weights, 2, good), HasSubstr("bias"));
  EXPECT_THAT(refusal({1, 16, 16}, weights, 3, good), HasSubstr("must be 4"));
  EXPECT_THAT(Refusal(OneNode("TRANSPOSE_CONV", good,
                              Inputs(MakeTensor<int64_t>({4}, {1, INT64_MAX, 16, 3}), RandomTensor(weights, 9),
                                     RandomTensor(data, 9)),
                              {0, 1})),
              HasSubstr("output size 9223372036854775807"));
}

}  // namespace
}  // namespace safelight
