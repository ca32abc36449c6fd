// SPDX-License-Identifier: Apache-2.0
//
// Pixels to planes, mixed, and back, on every SIMD target of this machine, against plain loops.
#include "kernels/pixels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

constexpr size_t kCounts[] = {1, 3, 7, 8, 9, 31, 67, kPixelChunk};

struct PlanesForTests {
  explicit PlanesForTests(size_t count, int planes = 4) : memory(static_cast<size_t>(planes), Plane(count + 1, -7)) {
    for (Plane& plane : memory) rows.push_back(plane.data());
  }
  using Plane = std::vector<float>;
  std::vector<Plane> memory;
  std::vector<float*> rows;
};

template <typename T>
void ExpectThereAndBack(PixelForm form, float white) {
  for (const size_t count : kCounts) {
    for (int channels = 1; channels <= 4; ++channels) {
      SCOPED_TRACE(testing::Message() << count << " pixels of " << channels << " channels");
      std::vector<T> pixels(count * static_cast<size_t>(channels));
      for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<T>(i * 37 % 251);
      PlanesForTests planes(count);
      LoadPixels(pixels.data(), form, channels, count, white, planes.rows.data());
      for (int c = 0; c < channels; ++c) {
        const auto& plane = planes.memory[static_cast<size_t>(c)];
        for (size_t i = 0; i < count; ++i) {
          ASSERT_EQ(plane[i],
                    static_cast<float>(pixels[i * static_cast<size_t>(channels) + static_cast<size_t>(c)]) / white);
        }
        ASSERT_EQ(plane[count], -7) << "written past the end";
      }
      std::vector<T> back(pixels.size() + 1, T{99});
      StorePixels(planes.rows.data(), channels, count, white, form, back.data());
      ASSERT_EQ(back.back(), T{99}) << "written past the end";
      back.pop_back();
      ASSERT_EQ(back, pixels);
    }
  }
}

TEST(PixelsTest, GoToPlanesAndBack) {
  OnEveryTarget([] {
    ExpectThereAndBack<uint8_t>(PixelForm::kU8, 255);
    ExpectThereAndBack<uint16_t>(PixelForm::kU16, 65535);
    ExpectThereAndBack<float>(PixelForm::kF32, 1);
  });
}

TEST(PixelsTest, IntegersAreRoundedAndClipped) {
  OnEveryTarget([] {
    const float values[] = {-1, 0.5f, 1.5f, 300, NAN, 254.6f};
    const float* planes[] = {values, values};
    uint8_t pixels[12] = {};
    StorePixels(planes, 2, 6, 1, PixelForm::kU8, pixels);
    EXPECT_EQ(std::vector<uint8_t>(pixels, pixels + 12),
              (std::vector<uint8_t>{0, 0, 0, 0, 2, 2, 255, 255, 0, 0, 255, 255}));
  });
}

TEST(PixelsTest, PlanesAreMixedByAMatrix) {
  OnEveryTarget([] {
    constexpr int kIn = 6, kOut = 3;
    std::vector<float> weights(size_t{kIn} * kOut);
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = i % 4 == 0 ? 0 : 0.25f * static_cast<float>(i) - 1;
    const float offsets[kOut] = {0.5f, 0, -3};
    for (const size_t count : kCounts) {
      PlanesForTests in(count, kIn), out(count, kOut);
      for (int j = 0; j < kIn; ++j) {
        for (size_t i = 0; i < count; ++i)
          in.rows[static_cast<size_t>(j)][i] = static_cast<float>((i * 7 + static_cast<size_t>(j)) % 13);
      }
      MixPlanes(in.rows.data(), kIn, weights.data(), offsets, count, kOut, out.rows.data());
      for (int k = 0; k < kOut; ++k) {
        for (size_t i = 0; i < count; ++i) {
          float sum = offsets[k];
          for (int j = 0; j < kIn; ++j) {
            sum = std::fma(weights[static_cast<size_t>(k * kIn + j)], in.rows[static_cast<size_t>(j)][i], sum);
          }
          // Small multiples of a quarter: exact in any order.
          ASSERT_EQ(out.rows[static_cast<size_t>(k)][i], sum) << count << " " << k << " " << i;
        }
        ASSERT_EQ(out.rows[static_cast<size_t>(k)][count], -7) << "written past the end";
      }
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
