// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/part.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "delegates/opencl/network_for_tests.h"

namespace safelight::opencl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace testing_opencl;

TEST(OpenclPartTest, ANetworkHasTheResultsOfTheCpu) {
  SL_NEEDS_DEVICE();
  for (const int64_t batch : {1, 2}) {
    const OnDevice run = RunOnDevice(Mixed(batch), **library, {});
    EXPECT_EQ(run.partition.parts.size(), 1u);
    EXPECT_EQ(run.partition.parts[0]->failure(), "");
    testing_passes::ExpectNear(OnCpu(Mixed(batch)), run.results, 1e-5f);
  }
}

TEST(OpenclPartTest, ImagesHaveTheBitsOfBuffers) {
  SL_NEEDS_DEVICE();
  const OnDevice buffers = RunOnDevice(Mixed(), **library, With({{"storage", "buffer"}}));
  const OnDevice images = RunOnDevice(Mixed(), **library, With({{"storage", "image"}}));
  EXPECT_EQ(images.partition.parts[0]->failure(), "");
  EXPECT_EQ(images.results, buffers.results);
}

TEST(OpenclPartTest, StripsHaveTheBitsOfTheWholeAndStayWithinTheLimit) {
  SL_NEEDS_DEVICE();
  for (const int64_t batch : {1, 2}) {
    for (const char* storage : {"buffer", "image"}) {
      const OnDevice whole = RunOnDevice(Mixed(batch), **library, With({{"storage", storage}}));
      const int64_t needed = whole.partition.parts[0]->memory_bytes();
      EXPECT_THAT(whole.partition.notes, IsEmpty());
      const int64_t limit = needed * 2 / 3;
      const OnDevice strips =
          RunOnDevice(Mixed(batch), **library, With({{"storage", storage}, {"memory", Cat(limit)}}));
      EXPECT_EQ(strips.results, whole.results);
      EXPECT_LE(strips.partition.parts[0]->memory_bytes(), limit);
      ASSERT_EQ(strips.partition.notes.size(), 1u);
      EXPECT_THAT(strips.partition.notes[0], HasSubstr(" strips of at most "));
    }
  }
}

TEST(OpenclPartTest, WhatDoesNotFitIsRefusedWithWhatItNeeds) {
  SL_NEEDS_DEVICE();
  const auto refusal = [&](const Graph& graph, const char* memory) {
    Result<std::unique_ptr<Delegate>> delegate = MakeDelegate(*library, With({{"memory", memory}}));
    EXPECT_TRUE(delegate.ok());
    const auto compiled = (*delegate)->Compile(std::make_shared<const Graph>(graph));
    EXPECT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.status().code(), StatusCode::kResourceLimit);
    return compiled.status().message();
  };
  EXPECT_THAT(refusal(Mixed(), "4KB"), HasSubstr("on the device even in strips of single rows"));
  Network flat;
  flat.Outputs({flat.Op("RESHAPE", {flat.Conv(flat.Input({1, 32, 32, 3}), 8), flat.Ints({1, 8192})})});
  EXPECT_THAT(refusal(flat.graph, "16KB"), HasSubstr("needs all rows of its input"));
}

TEST(OpenclPartTest, Float16StaysWithinItsBounds) {
  SL_NEEDS_DEVICE();
  for (const char* storage : {"buffer", "image"}) {
    const OnDevice half = RunOnDevice(Mixed(), **library, With({{"storage", storage}, {"precision", "float16"}}));
    EXPECT_EQ(half.partition.parts[0]->failure(), "");
    // Every stored number and weight is rounded to 11 bits, a dozen times on the way.
    testing_passes::ExpectNear(OnCpu(Mixed()), half.results, 12 * 0x1p-11f);
  }
}

TEST(OpenclPartTest, WhatFloat16CannotHoldIsDoneByTheCpu) {
  SL_NEEDS_DEVICE();
  Network net;
  const ValueId in = net.Input({1, 8, 8, 4});
  const ValueId large = net.Conv(net.Op("MUL", {in, net.Scalar(3e4f)}), 4);
  net.Outputs({net.Op("MUL", {net.Conv(large, 4), net.Scalar(1e-4f)})});
  const OnDevice run = RunOnDevice(net.graph, **library, With({{"precision", "float16"}}));
  EXPECT_THAT(run.partition.parts[0]->failure(), HasSubstr("float16 cannot hold a result of node 1 CONV_2D"));
  testing_passes::ExpectNear(OnCpu(net.graph), run.results, kWinograd);
  // A weight that float16 cannot hold is seen before.
  Network weights;
  weights.Outputs({weights.Op(
      "MUL", {weights.Input({1, 8, 8, 2}), weights.Constant(testing_passes::MakeTensor<float>({2}, {1.0f, 1e5f}))})});
  Result<std::unique_ptr<Delegate>> delegate = MakeDelegate(*library, With({{"precision", "float16"}}));
  ASSERT_TRUE(delegate.ok());
  const auto compiled = (*delegate)->Compile(std::make_shared<const Graph>(weights.graph));
  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(compiled.status().message(), HasSubstr("number 100000 of 'constant' is beyond float16"));
}

TEST(OpenclPartTest, AProfileHasALineForEachLaunch) {
  SL_NEEDS_DEVICE();
  const std::string path = testing::TempDir() + "opencl_profile.txt";
  Network net;
  net.Outputs({net.Op("RELU", {net.Conv(net.Input({1, 8, 8, 4}), 4)})});
  const OnDevice run = RunOnDevice(net.graph, **library, With({{"profile", path}}));
  EXPECT_EQ(run.partition.parts[0]->failure(), "");
  std::ifstream file(path);
  std::string first, second, third;
  std::getline(file, first);
  std::getline(file, second);
  EXPECT_EQ(first, "microseconds kernel node");
  EXPECT_THAT(second, HasSubstr(" convolution node 1 RELU"));
  EXPECT_FALSE(std::getline(file, third));
  std::remove(path.c_str());
}

TEST(OpenclDeviceTest, OptionsAreChecked) {
  SL_NEEDS_DEVICE();
  const auto refusal = [&](const char* key, const char* value) {
    const auto delegate = MakeDelegate(*library, With({{key, value}}));
    return delegate.ok() ? "" : delegate.status().message();
  };
  EXPECT_THAT(refusal("colour", "1"), HasSubstr("option 'colour' is not known"));
  EXPECT_THAT(refusal("memory", "much"), HasSubstr("whole number of bytes"));
  EXPECT_THAT(refusal("memory", "99999999999GB"), HasSubstr("whole number of bytes"));
  EXPECT_THAT(refusal("device", "-1"), HasSubstr("must be a whole number"));
  EXPECT_THAT(refusal("device", "77"), HasSubstr("device 77 is asked for, the platform has"));
  EXPECT_THAT(refusal("platform", "77"), HasSubstr("platform 77 is asked for, there"));
  EXPECT_THAT(refusal("storage", "paper"), HasSubstr("must be buffer or image"));
  EXPECT_THAT(refusal("sums", "float16"), HasSubstr("needs precision:float16"));
  EXPECT_EQ(refusal("memory", "64MB"), "");
}

TEST(OpenclDeviceTest, DevicesHaveNamesAndMemory) {
  SL_NEEDS_DEVICE();
  const auto delegate = MakeDelegate(*library, {});
  ASSERT_TRUE(delegate.ok()) << delegate.status().message();
  const DelegateInfo& info = (*delegate)->info();
  EXPECT_THAT(info.version, HasSubstr(", driver "));
  for (const DelegateDevice& device : info.devices) {
    EXPECT_THAT(device.name, Not(IsEmpty()));
    EXPECT_GT(device.memory_bytes, 0);
    EXPECT_TRUE(device.kind != "cpu" || device.peak_flops > 0);
  }
}

}  // namespace
}  // namespace safelight::opencl
