// SPDX-License-Identifier: Apache-2.0
//
// What needs no device: kernels written from templates, steps, plans.
#include "delegates/opencl/steps.h"

#include "delegates/opencl/network_for_tests.h"
#include "delegates/opencl/plan.h"

namespace safelight::opencl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace testing_opencl;

Device DeviceForTests() {
  Device device;
  device.image_width = device.image_height = 64;
  device.largest_buffer = int64_t{1} << 30;
  return device;
}

std::vector<std::vector<NodeId>> NodesOf(const StepList& list) {
  std::vector<std::vector<NodeId>> nodes;
  for (const Step& step : list.steps) nodes.push_back(step.nodes);
  return nodes;
}

TEST(OpenclKernelsTest, ANameThatNothingStandsForIsAnError) {
  const auto filled = FillIn("depth_to_space", {});
  ASSERT_FALSE(filled.ok());
  EXPECT_THAT(filled.status().message(), HasSubstr("kernel depth_to_space: nothing stands for WHOLE"));
  EXPECT_FALSE(FillIn("no_such_kernel", {}).ok());
}

TEST(OpenclStepsTest, ChainsGoIntoTheKernelOfWhatTheyRead) {
  Network net;
  const ValueId in = net.Input({1, 8, 8, 4});
  const ValueId a = net.Conv(in, 4);                            // 0
  const ValueId b = net.Conv(in, 4);                            // 1
  const ValueId sum = net.Op("ADD", {a, net.Op("TANH", {b})});  // 2, 3
  net.Outputs({net.Op("RELU", {sum}), a});                      // 4
  const auto list = MakeSteps(net.graph, DeviceForTests(), {});
  ASSERT_TRUE(list.ok()) << list.status().message();
  // The first convolution's result is given out, so it is stored.
  EXPECT_THAT(NodesOf(*list), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3, 4)));
  EXPECT_THAT(list->steps[1].reads, ElementsAre(in, a));
}

TEST(OpenclStepsTest, WhatIsReadTwiceOrHasAnotherShapeIsStored) {
  Network net;
  const ValueId a = net.Op("TANH", {net.Input({1, 8, 8, 4})});                            // 0
  const ValueId small = net.Op("ABS", {net.Input({1, 1, 1, 4})});                         // 1
  net.Outputs({net.Op("ADD", {a, small}), net.Op("RELU", {a}), net.Op("NEG", {small})});  // 2, 3, 4
  const auto list = MakeSteps(net.graph, DeviceForTests(), {});
  ASSERT_TRUE(list.ok());
  EXPECT_THAT(NodesOf(*list),
              ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2), ElementsAre(3), ElementsAre(4)));
}

TEST(OpenclStepsTest, EqualKernelsAreOne) {
  Network net;
  ValueId x = net.Input({1, 8, 8, 4});
  for (int i = 0; i < 4; ++i) x = net.Conv(x, 4, {{3, 1}});
  net.Outputs({x});
  const auto list = MakeSteps(net.graph, DeviceForTests(), {});
  ASSERT_TRUE(list.ok());
  std::vector<std::string> names;
  ASSERT_TRUE(WriteProgram(*list, {}, &names).ok());
  EXPECT_THAT(names, ElementsAre("kernel1", "kernel1", "kernel1", "kernel1"));
}

TEST(OpenclStepsTest, ValuesThatImagesCannotHoldStayInBuffers) {
  Network net;
  const ValueId in = net.Input({1, 16, 32, 4});
  const ValueId narrow = net.Conv(in, 8), wide = net.Conv(narrow, 12);
  net.Outputs({net.Conv(wide, 4)});
  Settings settings;
  settings.images = true;
  const auto list = MakeSteps(net.graph, DeviceForTests(), settings);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->lying[static_cast<size_t>(narrow)], Lying::kImage);  // 32 x 2 pixels across
  EXPECT_EQ(list->lying[static_cast<size_t>(wide)], Lying::kSlices);   // 32 x 3
}

TEST(OpenclPlanTest, ValuesShareMemoryWhenTheirTimesAreApart) {
  Network net;
  ValueId x = net.Input({1, 16, 16, 4});
  for (int i = 0; i < 6; ++i) x = net.Conv(x, 4);
  net.Outputs({x});
  const Device device = DeviceForTests();
  const auto list = MakeSteps(net.graph, device, {});
  ASSERT_TRUE(list.ok());
  const int64_t value = 16 * 16 * 4 * 4;
  const auto whole = MakePlan(net.graph, *list, device, int64_t{1} << 30, 0);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->memory_bytes, 2 * value);
  // Half of the rows, and the halo of six 3x3 convolutions.
  const auto strips = MakePlan(net.graph, *list, device, 2 * value - 1, 0);
  ASSERT_TRUE(strips.ok());
  EXPECT_EQ(strips->rows.size(), 2u);
  EXPECT_EQ(strips->rows_held[static_cast<size_t>(net.graph.inputs[0])], 8 + 6);
  EXPECT_EQ(strips->results[1][0], (Range{8, 16}));
}

TEST(OpenclPlanTest, ABufferLargerThanTheDeviceAllowsIsCut) {
  Network net;
  net.Outputs({net.Conv(net.Input({1, 64, 16, 4}), 4)});
  Device device = DeviceForTests();
  device.largest_buffer = 32 * 16 * 16;
  const auto list = MakeSteps(net.graph, device, {});
  ASSERT_TRUE(list.ok());
  const auto plan = MakePlan(net.graph, *list, device, int64_t{1} << 40, 0);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  for (const ObjectSize& size : plan->objects) EXPECT_LE(size.bytes, device.largest_buffer);
}

}  // namespace
}  // namespace safelight::opencl
