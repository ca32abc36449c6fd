// SPDX-License-Identifier: Apache-2.0
#include "kernels/dynamic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

std::vector<float> Values(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-3, 7);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

TEST(DynamicTest, RangesHoldTheLowestAndTheHighestWhereverTheyAre) {
  OnEveryTarget([] {
    for (size_t count : {1, 2, 7, 8, 9, 31, 67}) {
      std::vector<float> values = Values(count, 3);
      for (size_t at = 0; at < count; ++at) {
        values[at] = -9;
        values[count - 1 - at] = 11;
        float low = 0, high = 0;
        FindRange(values.data(), static_cast<int64_t>(count), &low, &high);
        EXPECT_EQ(low, *std::min_element(values.begin(), values.end()));
        EXPECT_EQ(high, *std::max_element(values.begin(), values.end()));
        values[at] = values[count - 1 - at] = 1;
      }
    }
  });
}

TEST(DynamicTest, ValuesAreRoundedAwayFromZeroAndLimited) {
  OnEveryTarget([] {
    const DynamicValues by{.inverse = 2, .low = -100, .high = 155};
    const std::vector<float> values = {0,
                                       0.2f,
                                       0.25f,
                                       -0.25f,
                                       0.75f,
                                       -0.75f,
                                       50,
                                       -50,
                                       -51,
                                       77.5f,
                                       78.f,
                                       1e9f,
                                       -1e9f,
                                       std::numeric_limits<float>::infinity(),
                                       std::nanf("")};
    const std::vector<int16_t> expected = {0, 0, 1, -1, 2, -2, 100, -100, -100, 155, 155, 155, -100, 155, -100};
    for (size_t count = 1; count <= values.size(); ++count) {
      std::vector<int16_t> out(values.size() + 1, 99);
      QuantizeDynamic(values.data(), static_cast<int64_t>(count), by, out.data());
      for (size_t i = 0; i < count; ++i) EXPECT_EQ(out[i], expected[i]) << "element " << i << " of " << count;
      EXPECT_EQ(out[count], 99);
    }
  });
}

TEST(DynamicTest, SumsAreScaledInTheOrderThatIsAskedFor) {
  OnEveryTarget([] {
    constexpr size_t kMost = 40;
    const std::vector<float> scales = Values(kMost, 5), bias = Values(kMost, 7);
    std::vector<int32_t> sums(kMost);
    for (size_t c = 0; c < kMost; ++c) sums[c] = static_cast<int32_t>(c) * 7919 - 100000;
    for (const bool first : {false, true}) {
      for (size_t count = 1; count <= kMost; ++count) {
        DynamicResults by{.scales = scales.data(), .scale = 0.3f, .scales_first = first, .low = -4e5f, .high = 3e5f};
        for (const float* with : {static_cast<const float*>(nullptr), bias.data()}) {
          by.bias = with;
          std::vector<float> out(kMost + 1, 99);
          FinishDynamic(sums.data(), static_cast<int64_t>(count), by, out.data());
          for (size_t c = 0; c < count; ++c) {
            const float sum = static_cast<float>(sums[c]);
            float x = first ? sum * (scales[c] * 0.3f) : sum * scales[c] * 0.3f;
            if (with != nullptr) x += with[c];
            EXPECT_EQ(out[c], std::min(std::max(x, -4e5f), 3e5f));
          }
          EXPECT_EQ(out[count], 99);
        }
      }
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
