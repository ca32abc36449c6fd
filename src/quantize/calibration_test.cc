// SPDX-License-Identifier: Apache-2.0
#include "quantize/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "quantize/network_for_tests.h"
#include "runtime/session_impl.h"

namespace safelight {
namespace {

constexpr int kAddOptions = 11;

// Two layers, a global mean that is added back (a barrier), and the picture itself kept for later.
FileTree Network() {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 37, 41, 4};
  const int a = net.Conv(net.Input("x", {1, 37, 41, 3}), "a", 3, 4, shape, 1);
  const int b = net.Conv(a, "b", 4, 4, shape);
  const int axes = net.Constant<int32_t>("axes", {2}, {1, 2});
  const int mean = net.Node("MEAN", {b, axes}, net.Value("mean", {1, 1, 1, 4}), 27, {{0, 'b', 1}});
  net.main().outputs.push_back(net.Node("ADD", {b, mean}, net.Value("y", shape), kAddOptions, {{0, 'b', 0}}));
  return net.tree;
}

struct Seen {
  std::vector<std::pair<double, uint64_t>> counts;
  double low, high;
  std::vector<double> means;
  bool operator==(const Seen&) const = default;
};

// One picture of noise.
void ShowNoise(Session& session, std::mt19937& random, Calibration* calibration) {
  std::vector<float> in(static_cast<size_t>(session.inputs()[0].shape.elements()));
  for (float& x : in) x = static_cast<float>(random() % 2001) / 1000 - 1;
  const ConstTensorView from(DType::kFloat32, session.inputs()[0].shape, in.data());
  std::vector<Tensor> made;
  std::vector<TensorView> to;
  for (const Port& port : session.outputs()) made.emplace_back(port.dtype, port.shape);
  for (Tensor& tensor : made) to.push_back(tensor.view());
  ASSERT_TRUE(session.Run({&from, 1}, to).ok());
  ASSERT_TRUE(calibration->EndPicture().ok());
}

// What was seen of each float tensor of the network over two runs.
std::vector<Seen> Observe(const Model& model, const SessionOptions& options) {
  const Graph& graph = model.impl()->own_size;
  std::vector<int> tensors;
  for (const Value& value : graph.values) {
    if (value.dtype == DType::kFloat32 && !value.is_constant()) tensors.push_back(value.file_tensor);
  }
  Calibration calibration(graph, true, tensors);
  Result<Session> session = SessionImpl::CreateEdited(model, options, calibration.Taps());
  EXPECT_TRUE(session.ok()) << session.status().message();
  std::mt19937 random(11);
  for (int run = 0; run < 2; ++run) {
    ShowNoise(*session, random, &calibration);
  }
  std::vector<Seen> all;
  for (const int t : tensors) {
    const ValueStats* stats = calibration.OfTensor(t);
    EXPECT_NE(stats, nullptr);
    if (stats == nullptr) continue;
    Seen seen{{}, stats->low(), stats->high(), calibration.MeansOfTensor(t)};
    for (const ValueStats::Bin& bin : stats->Bins()) seen.counts.emplace_back(bin.middle, bin.count);
    all.push_back(std::move(seen));
  }
  return all;
}

TEST(CalibrationTest, EachElementIsSeenOnceHoweverTheWorkIsCut) {
  const Model model = ModelOf(Network());
  const std::vector<Seen> truth = Observe(model, {.threads = 1, .arithmetic = Arithmetic::kExact});
  ASSERT_EQ(truth.size(), 5u);
  for (const int threads : {1, 2}) {
    for (const int64_t strip : {1, 5, 16}) {
      for (const int64_t block : {0, 7}) {
        const SessionOptions options{
            .threads = threads, .arithmetic = Arithmetic::kExact, .strip_rows = strip, .block_columns = block};
        EXPECT_EQ(Observe(model, options), truth)
            << threads << " threads, strips of " << strip << ", blocks of " << block;
      }
    }
  }
  uint64_t total = 0;
  for (const auto& [middle, count] : truth[0].counts) total += count;
  EXPECT_EQ(total, 2u * 37 * 21 * 3) << "every second pixel is counted";
}

TEST(CalibrationTest, WhatIsSeenIsWhatTheNetworkGives) {
  FileTree tree = Network();
  const std::vector<float> out = RunFloat(tree);
  const Model model = ModelOf(tree);
  Calibration calibration(model.impl()->own_size, false, {});
  Result<Session> session =
      SessionImpl::CreateEdited(model, {.threads = 1, .arithmetic = Arithmetic::kExact}, calibration.Taps());
  ASSERT_TRUE(session.ok());
  std::mt19937 random(5);  // as RunFloat
  ShowNoise(*session, random, &calibration);
  const ValueStats* stats = calibration.OfTensor(tree.subgraphs[0].outputs[0]);
  ASSERT_NE(stats, nullptr);
  EXPECT_EQ(stats->low(), *std::min_element(out.begin(), out.end()));
  EXPECT_EQ(stats->high(), *std::max_element(out.begin(), out.end()));
}

}  // namespace
}  // namespace safelight
