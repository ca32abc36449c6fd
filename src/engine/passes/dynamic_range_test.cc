// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "engine/passes/support/network_for_tests.h"

namespace safelight::testing_passes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kPass[] = "dynamic_range";

// Weights of 8 bits; one scale, or one for each of `channels` along `axis`.
ValueId Weights(Network& net, const Shape& shape, int axis, int64_t channels) {
  Tensor tensor(DType::kInt8, shape);
  for (int64_t i = 0; i < shape.elements(); ++i) {
    tensor.data<int8_t>()[i] = static_cast<int8_t>(i * 37 % 255 - 127);
  }
  const ValueId id = net.Constant(std::move(tensor));
  QuantParams& quant = net.graph.values[id].quant;
  for (int64_t c = 0; c < channels; ++c) quant.scales.push_back(0.01f + 0.001f * static_cast<float>(c));
  quant.zero_points.assign(quant.scales.size(), 0);
  quant.axis = axis;
  return id;
}

ValueId Conv(Network& net, ValueId in, int64_t out, int64_t scales) {
  const ValueId weights = Weights(net, {out, 3, 3, net.graph.values[in].shape[3]}, 0, scales);
  return net.Op("CONV_2D", {in, weights, net.Random({out})}, {{1, 1}, {2, 1}});
}

ValueId Depthwise(Network& net, ValueId in) {
  const int64_t channels = net.graph.values[in].shape[3];
  const ValueId weights = Weights(net, {1, 3, 3, channels}, 3, channels);
  return net.Op("DEPTHWISE_CONV_2D", {in, weights, net.Random({channels})}, {{1, 1}, {2, 1}});
}

TEST(DynamicRangeTest, ConvolutionsOfOneValueShareItsRange) {
  Network net;
  const ValueId in = net.Input({2, 9, 11, 4});
  net.Outputs({Conv(net, in, 5, 5), Depthwise(net, in), Conv(net, in, 3, 1)});
  // One scale for all channels quantizes in another way, by the same range.
  EXPECT_THAT(Names(AfterPass(net.graph, kPass)),
              ElementsAre("REDUCE_MIN", "REDUCE_MAX", "DYNAMIC_QUANTIZE", "DYNAMIC_CONV_2D",
                          "DYNAMIC_DEPTHWISE_CONV_2D", "DYNAMIC_QUANTIZE", "DYNAMIC_CONV_2D"));
}

TEST(DynamicRangeTest, ResultsAreNearThoseOfFloatWeightsAndHaveTheSameBitsForEveryCut) {
  for (const int64_t scales : {1, 5}) {
    Network net;
    const ValueId first = Conv(net, net.Input({2, 12, 13, 3}), 5, scales);
    net.Outputs({Depthwise(net, first), Conv(net, first, 7, 1)});
    const auto floats = testing_passes::Run(net.graph, Passes({"dequantize_weights"}), {.quantized_fast = true});
    const auto quantized = testing_passes::Run(net.graph, Passes({kPass}), {});
    ExpectNear(quantized, floats, 0.02f);
    EXPECT_NE(quantized, floats);
    for (const std::vector<NamedPass>& passes :
         {Passes({kPass}), Passes({kPass, "split_reductions", "recompute_late"})}) {
      for (const int64_t strip : {1, 3}) {
        for (const int threads : {1, 2}) {
          const PlanOptions cut{.threads = threads, .strip_rows = strip, .block_columns = strip == 3 ? 5 : 0};
          EXPECT_EQ(testing_passes::Run(net.graph, passes, cut), quantized)
              << "strip " << strip << " threads " << threads;
        }
      }
    }
  }
}

TEST(DynamicRangeTest, ScalesThatDoNotFitAreRefusedByName) {
  for (const float scale : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Network net;
    const ValueId out = Conv(net, net.Input({1, 8, 8, 2}), 3, 3);
    net.Outputs({out});
    Value& weights = net.graph.values[net.graph.nodes[0].inputs[1]];
    weights.name = "filters";
    weights.quant.scales[1] = scale;
    for (const char* pass : {kPass, "dequantize_weights"}) {
      const auto plan = MakePlan(net.graph, {.quantized_fast = true}, Passes({pass}));
      ASSERT_FALSE(plan.ok());
      EXPECT_THAT(plan.status().message(), HasSubstr("weights 'filters' have scale"));
    }
  }
  Network net;
  net.Outputs({Conv(net, net.Input({1, 8, 8, 2}), 3, 2)});
  const auto plan = MakePlan(net.graph, {}, Passes({kPass}));
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.status().message(), HasSubstr("2 scales along axis 0, must be one, or 3 along axis 0"));
}

TEST(DequantizeWeightsTest, OnlyOpsWithFloatValuesTakeFloatWeights) {
  Network net;
  const ValueId in = net.Input({1, 8, 8, 2});
  net.Outputs({Conv(net, in, 3, 3)});
  const Graph after = AfterPass(net.graph, "dequantize_weights");
  EXPECT_THAT(Names(after), ElementsAre("CONV_2D"));
  const Value& weights = after.values[after.nodes[0].inputs[1]];
  ASSERT_EQ(weights.dtype, DType::kFloat32);
  EXPECT_EQ(reinterpret_cast<const float*>(weights.constant)[0], static_cast<float>(static_cast<double>(0.01f) * -127));
  // Channel 1 has a scale of its own.
  EXPECT_EQ(reinterpret_cast<const float*>(weights.constant)[18],
            static_cast<float>(static_cast<double>(0.01f + 0.001f) * (18 * 37 % 255 - 127)));
}

}  // namespace
}  // namespace safelight::testing_passes
