// SPDX-License-Identifier: Apache-2.0
//
// For tests of the OpenCL delegate: networks of what it takes, and runs of them on a device.
#pragma once

#include <gmock/gmock.h>

#include "delegates/opencl/delegate.h"
#include "delegates/opencl/device.h"
#include "engine/delegate_part.h"
#include "engine/partition.h"
#include "engine/passes/support/network_for_tests.h"

namespace safelight::opencl::testing_opencl {

using testing_passes::Network;

// Ends a test loudly where there is no device to run it on.
#define SL_NEEDS_DEVICE()                                                              \
  const Result<const Library*> library = OpenLibrary();                                \
  if (!library.ok()) GTEST_SKIP() << "no OpenCL here: " << library.status().message(); \
  if (ListDevices(**library).empty()) GTEST_SKIP() << "no OpenCL device here"

// Convolutions, windows, moves and chains; three channels, so that slices have empty lanes, of which LOG makes
// infinity.
inline Graph Mixed(int64_t batch = 1) {
  Network net;
  const ValueId in = net.Input({batch, 37, 29, 3});
  const ValueId a = net.Conv(in, 6, {{3, 3}});
  const ValueId logs = net.Op("LOG", {net.Op("ADD", {net.Op("ABS", {a}), net.Scalar(0.5f)})});
  const ValueId b = net.Depthwise(net.Conv(logs, 6), {{4, 1}});
  const ValueId pooled = net.Op("AVERAGE_POOL_2D", {b}, {{0, 0}, {1, 1}, {2, 1}, {3, 3}, {4, 3}});
  const ValueId joined = net.Op("CONCATENATION", {b, pooled, in}, {{0, 3}});
  const ValueId scaled = net.Op("MUL", {joined, net.Random({15})});
  const ValueId half = net.Op("MAX_POOL_2D", {scaled}, {{0, 0}, {1, 2}, {2, 2}, {3, 2}, {4, 2}});
  const ValueId large = net.Op("RESIZE_BILINEAR", {half, net.Ints({37, 29})}, {{3, 1}});
  const ValueId difference = net.Op("SUB", {net.Conv(large, 12), net.Conv(joined, 12, {}, 1)});
  const ValueId sum = net.Op("TANH", {net.Op("MUL", {difference, net.Scalar(0.0005f)})});
  const ValueId shuffled = net.Op("DEPTH_TO_SPACE", {sum}, {{0, 2}});
  const ValueId framed = net.Op(
      "MIRROR_PAD", {shuffled, net.Constant(testing_passes::MakeTensor<int32_t>({4, 2}, {0, 0, 2, 3, 1, 1, 0, 0}))});
  net.Outputs({net.Op("LEAKY_RELU", {framed}, {{0, 0.25}}), net.Op("RELU", {pooled})});
  return net.graph;
}

struct OnDevice {
  Partition partition;
  std::vector<std::vector<float>> results;
};

// The graph's one part on the device; every node must be taken.
inline OnDevice RunOnDevice(const Graph& graph, const Library& library, const DelegateOptions& options) {
  OnDevice run;
  Result<std::unique_ptr<Delegate>> delegate = MakeDelegate(&library, options);
  EXPECT_TRUE(delegate.ok()) << delegate.status().message();
  if (!delegate.ok()) return run;
  Graph divided = graph;
  Result<Partition> partition = PartitionGraph(divided, {std::move(*delegate)}, {});
  EXPECT_TRUE(partition.ok()) << partition.status().message();
  for (const NodePlacement& node : partition->nodes) {
    for (const auto& [name, why] : node.why_not) ADD_FAILURE() << node.op << ": " << why;
  }
  static ThreadPool pool(1);
  for (const auto& part : partition->parts) part->SetPool(&pool);
  run.results = testing_passes::Run(divided, testing_passes::Passes({}), {.fast = false});
  run.partition = std::move(*partition);
  return run;
}

constexpr float kWinograd = 1e-4f;

inline DelegateOptions With(std::vector<std::pair<std::string, std::string>> vendor) {
  DelegateOptions options;
  options.vendor = std::move(vendor);
  return options;
}

// Without Winograd; a part that the CPU takes over may have it.
inline std::vector<std::vector<float>> OnCpu(const Graph& graph) {
  return testing_passes::Run(graph, testing_passes::Passes({}), {.fast = false});
}

}  // namespace safelight::opencl::testing_opencl
