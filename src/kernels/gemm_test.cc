// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace safelight::kernels {
namespace {

constexpr float kMost = std::numeric_limits<float>::max();

std::vector<float> RandomFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  std::vector<float> x(count);
  for (float& v : x) v = value(random);
  return x;
}

// Each element as one chain of fused multiply-adds, in the order of k.
float Element(const std::vector<float>& a, const std::vector<float>& b, int64_t k, int64_t i, int64_t j,
              int64_t columns) {
  float sum = 0;
  for (int64_t l = 0; l < k; ++l) sum = std::fma(a[i * k + l], b[l * columns + j], sum);
  return sum;
}

struct Case {
  int64_t rows, k, columns;
};

std::vector<float> Multiply(const Case& c, const std::vector<float>& a, const std::vector<float>& b, const float* bias,
                            float low, float high) {
  std::vector<float> packed(std::max<int64_t>(c.k, 1) * kGemmPanel, 99.0f);
  PackGemmPanel(b.data(), c.columns, 1, c.k, c.columns, packed.data());
  std::vector<float> out(c.rows * (c.columns + 2), -3.0f);
  GemmPanel({.a = a.data(),
             .a_row_stride = c.k,
             .a_k_stride = 1,
             .rows = c.rows,
             .k = c.k,
             .packed = packed.data(),
             .columns = c.columns,
             .bias = bias,
             .c = out.data(),
             .c_row_stride = c.columns + 2,
             .low = low,
             .high = high});
  return out;
}

// One vector multiply-add is one rounding where the machine has it, two where it has not.
TEST(GemmTest, EveryElementIsItsOwnChainOfMultiplyAdds) {
  for (const Case& c : {Case{1, 1, 1}, {7, 8, 9}, {6, 31, 16}, {13, 67, 7}, {31, 3, 15}, {5, 9, 8}, {67, 16, 16}}) {
    SCOPED_TRACE(testing::Message() << c.rows << "x" << c.k << "x" << c.columns << " seed 21");
    const std::vector<float> a = RandomFloats(c.rows * c.k, 21), b = RandomFloats(c.k * c.columns, 22);
    const std::vector<float> bias = RandomFloats(c.columns, 23);
    const std::vector<float> out = Multiply(c, a, b, bias.data(), -kMost, kMost);
    for (int64_t i = 0; i < c.rows; ++i) {
      for (int64_t j = 0; j < c.columns; ++j) {
        EXPECT_NEAR(out[i * (c.columns + 2) + j], Element(a, b, c.k, i, j, c.columns) + bias[j], 1e-5f * c.k);
      }
      EXPECT_EQ(out[i * (c.columns + 2) + c.columns], -3.0f) << "written beside row " << i;
    }
  }
}

TEST(GemmTest, RowsMadeAloneHaveTheSameBits) {
  const Case all{13, 67, 11};
  const std::vector<float> a = RandomFloats(all.rows * all.k, 31), b = RandomFloats(all.k * all.columns, 32);
  const std::vector<float> together = Multiply(all, a, b, nullptr, -kMost, kMost);
  for (int64_t i = 0; i < all.rows; ++i) {
    const std::vector<float> row(a.begin() + i * all.k, a.begin() + (i + 1) * all.k);
    const std::vector<float> alone = Multiply({1, all.k, all.columns}, row, b, nullptr, -kMost, kMost);
    for (int64_t j = 0; j < all.columns; ++j) EXPECT_EQ(alone[j], together[i * (all.columns + 2) + j]);
  }
}

TEST(GemmTest, PartsOfKGiveTheBitsOfTheWhole) {
  const Case c{9, 40, 13};
  const std::vector<float> a = RandomFloats(c.rows * c.k, 41), b = RandomFloats(c.k * c.columns, 42);
  const std::vector<float> bias = RandomFloats(c.columns, 43);
  const std::vector<float> whole = Multiply(c, a, b, bias.data(), -0.5f, 0.5f);
  std::vector<float> packed(c.k * kGemmPanel), out(c.rows * (c.columns + 2), -3.0f);
  PackGemmPanel(b.data(), c.columns, 1, c.k, c.columns, packed.data());
  for (int64_t k : {0, 17}) {
    GemmPanel({.a = a.data() + k,
               .a_row_stride = c.k,
               .a_k_stride = 1,
               .rows = c.rows,
               .k = k == 0 ? 17 : c.k - 17,
               .packed = packed.data() + k * kGemmPanel,
               .columns = c.columns,
               .bias = bias.data(),
               .c = out.data(),
               .c_row_stride = c.columns + 2,
               .low = -0.5f,
               .high = 0.5f,
               .first = k == 0,
               .last = k != 0});
  }
  EXPECT_EQ(out, whole);
}

TEST(GemmTest, ATransposedInputIsReadThroughItsStrides) {
  // A = [1 2; 3 4] stored by columns, B = [5 6; 7 8].
  const float a[] = {1, 3, 2, 4};
  const float b[] = {5, 7, 6, 8};  // transposed too
  float packed[2 * kGemmPanel];
  PackGemmPanel(b, 1, 2, 2, 2, packed);
  float out[4];
  GemmPanel({.a = a,
             .a_row_stride = 1,
             .a_k_stride = 2,
             .rows = 2,
             .k = 2,
             .packed = packed,
             .columns = 2,
             .bias = nullptr,
             .c = out,
             .c_row_stride = 2,
             .low = -kMost,
             .high = 44.0f});
  EXPECT_EQ(std::vector<float>(out, out + 4), (std::vector<float>{19, 22, 43, 44}));
}

TEST(GemmTest, NothingToSumLeavesTheBias) {
  const float bias[] = {1.5f, -2.0f};
  const std::vector<float> out = Multiply({1, 0, 2}, {}, {}, bias, 0.0f, kMost);
  EXPECT_EQ(out[0], 1.5f);
  EXPECT_EQ(out[1], 0.0f);
}

}  // namespace
}  // namespace safelight::kernels
