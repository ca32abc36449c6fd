// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "graph/network_for_tests.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

using testing::HasSubstr;

TEST(QuantizedTest, ShiftsRoundTiesAwayFromZeroAndProductsUp) {
  EXPECT_EQ(RoundedShift(6, 2), 2);
  EXPECT_EQ(RoundedShift(-6, 2), -2);
  EXPECT_EQ(RoundedShift(-5, 2), -1);
  EXPECT_EQ(RoundedShift(INT32_MAX, 31), 1);
  EXPECT_EQ(HighProduct(1, 1 << 30), 1);
  EXPECT_EQ(HighProduct(-1, 1 << 30), 0);
  EXPECT_EQ(HighProduct(INT32_MIN, INT32_MIN), INT32_MAX);
}

TEST(QuantizedTest, RulesOfScalingDiffer) {
  // 146.4948: rounded at 31 bits it becomes a tie, which goes up; rounded once it does not.
  const double real = 0.014329928871677432;
  EXPECT_EQ(Scaled(10223, MakeMultiplier(real)), 147);
  EXPECT_EQ(std::lround(10223 * real), 146);
  EXPECT_EQ(ScaledWide(int64_t{1} << 40, MakeMultiplier(1.0 / (1 << 30))), 1024);
  EXPECT_EQ(MakeMultiplier(1e-12).factor, 0);
  EXPECT_EQ(MakeMultiplier(0.5).factor, 1 << 30);
}

// The values of a node, in its order, the output last.
enum Role { kData, kWeights, kBias, kOut };

struct Described {
  const char* name;
  DType dtype;
  Shape shape;
  QuantParams quant;
};
using Values = std::vector<Described>;

struct Kind {
  const char* op;
  Values values;
  std::map<int, double> attrs;
};

Kind Conv(DType data, DType weights, DType bias) {
  const QuantParams by_channel{{0.25f, 0.5f}, {0, 0}, 0}, one{{0.25f}, {0}, 0};
  const bool bytes = data == DType::kUInt8;
  return {"CONV_2D",
          {{"data", data, {1, 2, 2, 1}, {{0.5f}, {data == DType::kInt16 ? 0 : 3}, 0}},
           {"filters", weights, {2, 1, 1, 1}, bytes ? one : by_channel},
           {"shifts", bias, {2}, bytes ? QuantParams{{0.125f}, {0}, 0} : QuantParams{{0.125f, 0.25f}, {0, 0}, 0}},
           {"result", data, {}, {{0.5f}, {data == DType::kInt16 ? 0 : 1}, 0}}},
          {{1, 1}, {2, 1}}};
}

Kind Depthwise() {
  Kind kind = Conv(DType::kInt8, DType::kInt8, DType::kInt32);
  kind.op = "DEPTHWISE_CONV_2D";
  kind.values[kWeights].shape = {1, 1, 1, 2};
  kind.values[kWeights].quant.axis = 3;
  return kind;
}

Kind FullyConnected() {
  Kind kind = Conv(DType::kInt8, DType::kInt8, DType::kInt32);
  kind.op = "FULLY_CONNECTED";
  kind.values[kData].shape = {2, 3};
  kind.values[kWeights].shape = {2, 3};
  kind.attrs = {};
  return kind;
}

// What preparing the node says; empty where it is prepared.
std::string Refusal(Kind kind, void (*spoil)(Values&)) {
  spoil(kind.values);
  Graph graph;
  Node node;
  node.op = FindOp(std::string_view(kind.op));
  auto attrs = node.op->read(AttrsForTests(kind.attrs));
  EXPECT_TRUE(attrs.ok());
  node.attrs = *attrs;
  for (const Described& each : kind.values) {
    const bool is_constant = each.name != kind.values[kData].name && each.name != kind.values[kOut].name;
    const ValueId id = is_constant ? graph.AddConstant(each.name, Tensor(each.dtype, each.shape)) : graph.AddValue({});
    Value& value = graph.values[id];
    value.name = each.name;
    value.dtype = each.dtype;
    value.shape = each.shape;
    value.quant = each.quant;
    (each.name == kind.values[kOut].name ? node.outputs : node.inputs).push_back(id);
  }
  graph.inputs = {node.inputs[kData]};
  graph.outputs = node.outputs;
  graph.AddNode(node);
  InferContext context(graph, graph.nodes[0]);
  const Status inferred = node.op->infer(context);
  if (!inferred.ok()) return inferred.message();
  const auto kernel = node.op->prepare(OpContext(graph, graph.nodes[0]), {});
  return kernel.ok() ? "" : kernel.status().message();
}

std::vector<Kind> Int8Kinds() {
  return {Conv(DType::kInt8, DType::kInt8, DType::kInt32), Depthwise(), FullyConnected()};
}

TEST(SumScalingTest, RightScalesAreTaken) {
  for (const Kind& kind : Int8Kinds()) EXPECT_EQ(Refusal(kind, [](Values&) {}), "") << kind.op;
  EXPECT_EQ(Refusal(Conv(DType::kInt16, DType::kInt8, DType::kInt64), [](Values&) {}), "");
  EXPECT_EQ(Refusal(Conv(DType::kInt16, DType::kInt8, DType::kInt32), [](Values&) {}), "");
  EXPECT_EQ(Refusal(Conv(DType::kUInt8, DType::kUInt8, DType::kInt32), [](Values&) {}), "");
}

TEST(SumScalingTest, ScalesAreAboveZeroAndFinite) {
  for (const Kind& kind : Int8Kinds()) {
    SCOPED_TRACE(kind.op);
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kOut].quant = {}; }), HasSubstr("'result' is int8 and has no scale"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kOut].quant.scales[0] = INFINITY; }),
                HasSubstr("'result' has scale inf, must be above 0 and finite"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kData].quant.scales[0] = 0; }), HasSubstr("'data' has scale 0"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kWeights].quant.scales[1] = NAN; }),
                HasSubstr("weights 'filters' have scale nan"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kWeights].quant.scales[0] = -1; }),
                HasSubstr("weights 'filters' have scale -1"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kWeights].quant = {}; }), HasSubstr("weights 'filters' have no scale"));
  }
}

TEST(SumScalingTest, ZeroPointsLieInTheirTypeAndThoseOfWeightsAndBiasAreZero) {
  for (const Kind& kind : Int8Kinds()) {
    SCOPED_TRACE(kind.op);
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kData].quant.zero_points[0] = 200; }),
                HasSubstr("'data' has zero point 200, must be -128 to 127 for int8"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kWeights].quant.zero_points[1] = 3; }),
                HasSubstr("weights 'filters' have zero point 3, must be 0"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kBias].quant.zero_points[0] = 1; }),
                HasSubstr("bias 'shifts' has zero point 1, must be 0"));
  }
  EXPECT_THAT(
      Refusal(Conv(DType::kInt16, DType::kInt8, DType::kInt64), [](Values& v) { v[kOut].quant.zero_points[0] = 1; }),
      HasSubstr("'result' has zero point 1, must be 0 to 0 for int16"));
}

TEST(SumScalingTest, ScalesByChannelAreAsManyAsChannelsAndAlongTheirAxis) {
  for (const Kind& kind : Int8Kinds()) {
    SCOPED_TRACE(kind.op);
    EXPECT_THAT(Refusal(kind,
                        [](Values& v) {
                          v[kWeights].quant = {{1, 1, 1}, {0, 0, 0}, v[kWeights].quant.axis};
                        }),
                HasSubstr("weights 'filters' have 3 scales along axis"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kWeights].quant.axis = 1; }),
                HasSubstr("weights 'filters' have 2 scales along axis 1, must be one, or 2 along axis"));
    EXPECT_THAT(Refusal(kind,
                        [](Values& v) {
                          v[kOut].quant = {{1, 1}, {0, 0}, 0};
                        }),
                HasSubstr("'result' has 2 scales, must be one"));
  }
}

TEST(SumScalingTest, TypesOfBiasAndWeightsBelongToThoseOfTheData) {
  for (const Kind& kind : Int8Kinds()) {
    SCOPED_TRACE(kind.op);
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kBias].dtype = DType::kInt64; }),
                HasSubstr("bias 'shifts' is int64, must be int32"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kBias].dtype = DType::kFloat32; }),
                HasSubstr("bias 'shifts' is float32, must be int32"));
    EXPECT_THAT(Refusal(kind, [](Values& v) { v[kWeights].dtype = DType::kUInt8; }),
                HasSubstr("int8 values with uint8 weights"));
  }
  EXPECT_THAT(
      Refusal(Conv(DType::kInt16, DType::kInt8, DType::kInt64), [](Values& v) { v[kBias].dtype = DType::kInt16; }),
      HasSubstr("bias 'shifts' is int16, must be int32 or int64"));
}

TEST(SumScalingTest, TheBiasCountsInUnitsOfDataTimesWeightsWhereTheRuleLooksAtIt) {
  EXPECT_THAT(
      Refusal(Conv(DType::kUInt8, DType::kUInt8, DType::kInt32), [](Values& v) { v[kBias].quant.scales[0] = 0.25f; }),
      HasSubstr("bias 'shifts' has scale 0.25, must be the product of data and weights, 0.125"));
  EXPECT_THAT(Refusal(FullyConnected(),
                      [](Values& v) {
                        v[kWeights].quant = {{0.25f}, {0}, 0};
                        v[kBias].quant = {{0.5f}, {0}, 0};
                      }),
              HasSubstr("bias 'shifts' has scale 0.5, must be the product of data and weights, 0.125"));
}

}  // namespace
}  // namespace safelight
