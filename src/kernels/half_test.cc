// SPDX-License-Identifier: Apache-2.0
#include "kernels/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.h"
#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

TEST(HalfTest, EveryHalfSurvivesAndRunsEndWhereTheyShould) {
  std::vector<uint16_t> all;
  for (int bits = 0; bits < 0x10000; ++bits) {
    if (!std::isnan(HalfToFloat(static_cast<uint16_t>(bits)))) all.push_back(static_cast<uint16_t>(bits));
  }
  OnEveryTarget([&] {
    std::vector<float> wide(all.size());
    std::vector<uint16_t> back(all.size());
    FromHalf(all.data(), static_cast<int64_t>(all.size()), wide.data());
    for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(wide[i], HalfToFloat(all[i])) << all[i];
    ToHalf(wide.data(), static_cast<int64_t>(all.size()), back.data());
    EXPECT_EQ(back, all);
    for (int64_t count = 0; count < 40; ++count) {
      std::vector<uint16_t> some(41, 77);
      ToHalf(wide.data(), count, some.data());
      EXPECT_EQ(some[static_cast<size_t>(count)], 77);
    }
  });
}

TEST(HalfTest, NumbersBetweenAreRoundedToEvenOnEveryTarget) {
  std::vector<float> values;
  for (uint32_t bits = 0x33000000; bits < 0x47800100; bits += 0x7FF) {  // from subnormal numbers to beyond the largest
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
    values.push_back(-value);
  }
  OnEveryTarget([&] {
    std::vector<uint16_t> halves(values.size());
    ToHalf(values.data(), static_cast<int64_t>(values.size()), halves.data());
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(halves[i], FloatToHalf(values[i])) << values[i];
  });
}

TEST(HalfTest, LossCountsWhatIsBeyondAndWhatIsOff) {
  HalfLoss loss;
  const float values[] = {1, 70000, -1e9f, 1e-9f, std::numeric_limits<float>::infinity(), std::nanf("")};
  AddHalfLoss(values, 6, &loss);
  EXPECT_EQ(loss.beyond, 2);
  EXPECT_FLOAT_EQ(static_cast<float>(loss.squares), 1);
  EXPECT_FLOAT_EQ(static_cast<float>(loss.errors), 1e-18f);
}

}  // namespace
}  // namespace safelight::kernels
