// SPDX-License-Identifier: Apache-2.0
//
// For tests of windows over pictures: random choices, and runs of a test on every instruction set of this machine.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "ops/support/reduce_test_util.h"

namespace safelight::testing_ops {

// Runs `test` once for each instruction set that the kernels were built for and this machine has.
template <typename Test>
void ForEachTarget(const Test& test) {
  for (int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    const int64_t target = targets & -targets;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int64_t Of(std::initializer_list<int64_t> choices) {
    return choices.begin()[std::uniform_int_distribution<size_t>(0, choices.size() - 1)(random_)];
  }
  bool Coin() { return Of({0, 1}) == 1; }
  int64_t Size() { return Of({1, 7, 8, 9, 31, 67}); }
  int64_t Channels() { return Of({1, 3, 4, 8, 12, 16, 27, 28, 32, 33, 64}); }
  unsigned Seed() { return static_cast<unsigned>(random_()); }

 private:
  std::mt19937 random_;
};

// Data, weights and a bias or none, as a node's inputs.
inline std::vector<std::unique_ptr<Tensor>> WindowInputs(const Shape& data, const Shape& weights, int64_t bias,
                                                         unsigned seed) {
  auto inputs = Inputs(RandomTensor(data, seed), RandomTensor(weights, seed + 1));
  inputs.push_back(bias == 0 ? nullptr : std::make_unique<Tensor>(RandomTensor({bias}, seed + 2)));
  return inputs;
}

// The kernel against the reference, where a result is the sum of `terms` products.
inline void ExpectReference(const OneNode& node, int64_t terms) {
  const Tensor whole = node.Whole(), expected = node.Expected();
  ASSERT_EQ(whole.shape(), expected.shape());
  const float tolerance = 1e-5f + 1e-6f * static_cast<float>(terms);
  for (int64_t i = 0; i < whole.shape().elements(); ++i) {
    ASSERT_NEAR(whole.data<float>()[i], expected.data<float>()[i], tolerance) << "element " << i;
  }
}

inline std::vector<float> Floats(const Tensor& tensor) {
  return std::vector<float>(tensor.data<float>(), tensor.data<float>() + tensor.shape().elements());
}

// The sentence of a node that must be refused.
inline std::string Refusal(const OneNode& node) {
  EXPECT_FALSE(node.status().ok());
  return node.status().message();
}

}  // namespace safelight::testing_ops
