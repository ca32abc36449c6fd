// SPDX-License-Identifier: Apache-2.0
//
// The row loops on every SIMD target of this machine, against plain ones.
#include "kernels/image_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight {
namespace {

using kernels::OnEveryTarget;

constexpr size_t kCounts[] = {0, 1, 3, 7, 8, 9, 31, 67};

TEST(ImageRowsTest, IntegersBecomeTheirQuotients) {
  OnEveryTarget([] {
    for (const size_t count : kCounts) {
      std::vector<uint8_t> narrow(count);
      std::vector<uint16_t> wide(count);
      for (size_t i = 0; i < count; ++i) {
        narrow[i] = static_cast<uint8_t>(i * 37 + 250);
        wide[i] = static_cast<uint16_t>(i * 4001 + 65000);
      }
      std::vector<float> out(count + 1, -5.0f);
      ImageU8ToF32(narrow.data(), count, 255.0f, out.data());
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], static_cast<float>(narrow[i]) / 255.0f);
      ImageU16ToF32(wide.data(), count, 1.0f, out.data());
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], static_cast<float>(wide[i]));
      ASSERT_EQ(out[count], -5.0f) << "written past the end";
    }
  });
}

TEST(ImageRowsTest, FloatsAreRoundedToNearestAndClipped) {
  OnEveryTarget([] {
    std::vector<float> in = {-3.0f,  -0.4f,  0.49f, 0.51f,  1.5f, 2.5f,    254.6f,
                             255.4f, 300.0f, 1e30f, -1e30f, NAN,  INFINITY};
    const std::vector<uint8_t> expected = {0, 0, 0, 1, 2, 2, 255, 255, 255, 255, 0, 0, 255};
    std::vector<uint8_t> out(in.size() + 1, 77);
    ImageF32ToU8(in.data(), in.size(), 1.0f, out.data());
    for (size_t i = 0; i < in.size(); ++i) EXPECT_EQ(out[i], expected[i]) << in[i];
    EXPECT_EQ(out[in.size()], 77);
    std::vector<uint16_t> wide(in.size() + 1, 77);
    for (float& v : in) v *= 256;
    ImageF32ToU16(in.data(), in.size(), 1.0f, wide.data());
    EXPECT_EQ(wide[0], 0);
    EXPECT_EQ(wide[3], std::nearbyint(0.51 * 256));
    EXPECT_EQ(wide[8], 65535);
    EXPECT_EQ(wide[11], 0);
    EXPECT_EQ(wide[in.size()], 77);
  });
}

TEST(ImageRowsTest, SumsOfRowsDoNotDependOnWhereTheRowStarts) {
  OnEveryTarget([] {
    std::mt19937 random(5);
    std::vector<std::vector<float>> data(4, std::vector<float>(80));
    for (auto& row : data) {
      for (float& v : row) v = static_cast<float>(random()) / 4294967296.0f;
    }
    const float weights[] = {-0.1f, 0.6f, 0.7f, -0.2f};
    const float* rows[] = {data[0].data(), data[1].data(), data[2].data(), data[3].data()};
    std::vector<float> whole(67);
    ImageWeightedSum(rows, weights, 4, 67, whole.data());
    for (size_t i = 0; i < 67; ++i) {
      double sum = 0;
      for (int k = 0; k < 4; ++k) sum += static_cast<double>(weights[k]) * static_cast<double>(rows[k][i]);
      ASSERT_NEAR(whole[i], sum, 1e-6);
    }
    for (const size_t begin : {1u, 3u, 8u}) {
      const float* shifted[] = {rows[0] + begin, rows[1] + begin, rows[2] + begin, rows[3] + begin};
      std::vector<float> part(67 - begin);
      ImageWeightedSum(shifted, weights, 4, part.size(), part.data());
      for (size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], whole[i + begin]) << begin;
    }
  });
}

TEST(ImageRowsTest, AddScaledAddsAndStaysInBounds) {
  OnEveryTarget([] {
    for (const size_t count : kCounts) {
      std::vector<float> row(count, 3.0f), target(count + 1, 1.0f);
      ImageAddScaled(row.data(), 0.5f, count, target.data());
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(target[i], 2.5f);
      ASSERT_EQ(target[count], 1.0f);
    }
  });
}

}  // namespace
}  // namespace safelight
