// SPDX-License-Identifier: Apache-2.0
#include "kernels/int_product.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

// Value `k` at `in`, as the product takes it.
int32_t ValueAt(const IntProduct& product, const std::byte* in, int64_t k) {
  if (product.values == 4) {
    const uint8_t byte = static_cast<uint8_t>(in[k]);
    return product.signed_bytes ? static_cast<int8_t>(byte) : byte;
  }
  int16_t word;
  std::memcpy(&word, in + 2 * k, sizeof(word));
  return word;
}

// What the instructions are said to do, one product at a time: the sum modulo 2^32.
int32_t PlainSum(const IntProduct& product, const std::byte* in, const int16_t* weights, int64_t count) {
  int64_t sum = 0;
  for (int64_t k = 0; k < count; ++k) sum += int64_t{ValueAt(product, in, k)} * weights[k];
  return static_cast<int32_t>(static_cast<uint32_t>(sum));
}

struct Sizes {
  int64_t out, groups, pixels;
};

void ExpectPlainSums(const IntProduct& product, const Sizes& sizes, bool ends, std::mt19937& random) {
  SCOPED_TRACE(product.name);
  const int64_t values = product.values, groups = sizes.groups, out = sizes.out, count = values * groups;
  const int limit = values == 4 ? 127 : 255;
  std::uniform_int_distribution<int> chance(-limit - 1, limit);
  std::vector<int16_t> weights(static_cast<size_t>(out * count));
  for (int16_t& w : weights) w = static_cast<int16_t>(ends ? (random() % 2 == 0 ? -limit - 1 : limit) : chance(random));
  constexpr int64_t kStep = 8;
  std::vector<std::byte> in(static_cast<size_t>(sizes.pixels * kStep + groups * 4));
  // The ends of the types: 300 pairs of them pass 32 bits, two bytes times weights pass 16.
  for (size_t i = 0; i < in.size(); i += 2) {
    const int16_t word = static_cast<int16_t>(ends ? (values == 4 ? -1 : INT16_MIN) : random());
    std::memcpy(&in[i], &word, 2);
  }
  std::vector<std::byte> packed(IntPackedBytes(out, groups));
  PackInt(values, out, groups, weights.data(), packed.data());
  const int64_t first = groups / 3;
  const IntRun runs[] = {{in.data(), 0, first}, {in.data() + 4 * first, first, groups - first}};
  std::vector<int32_t> sums(static_cast<size_t>(sizes.pixels * PaddedChannels(out)));
  product.run(out, groups, packed.data(),
              {.runs = runs, .num_runs = 2, .in_step = kStep, .pixels = sizes.pixels, .sums = sums.data()});
  for (int64_t p = 0; p < sizes.pixels; ++p) {
    for (int64_t c = 0; c < out; ++c) {
      ASSERT_EQ(sums[static_cast<size_t>(p * PaddedChannels(out) + c)],
                PlainSum(product, in.data() + p * kStep, weights.data() + c * count, count));
    }
  }
}

TEST(IntProductTest, SumsAreThoseOfPlainLoopsModulo32BitsForEveryWayToMultiply) {
  OnEveryTarget([] {
    std::mt19937 random(5);
    for (const IntProduct& product : AllIntProducts()) {
      for (const int64_t out : {1, 7, 8, 9, 16, 17, 24, 32, 40, 75}) {
        for (const int64_t groups : {1, 3, 40, 300}) {
          for (const int64_t pixels : {1, 3, 5, 13, 26}) {
            ExpectPlainSums(product, {out, groups, pixels}, random() % 2 == 0, random);
            if (testing::Test::HasFatalFailure()) return;
          }
        }
      }
    }
  });
}

TEST(IntProductTest, TheProductOfBytesIsOneThatThisMachineRuns) {
  const IntProduct* const bytes = BytesProduct();
  if (bytes == nullptr) GTEST_SKIP() << "SKIPPED: this CPU has no products of four bytes";
  EXPECT_EQ(bytes->values, 4);
  EXPECT_EQ(PairProduct().values, 2);
}

TEST(IntProductTest, WideningTakesTheZeroPointOff) {
  OnEveryTarget([] {
    std::vector<int8_t> from(71);
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<int8_t>(37 * i);
    std::vector<int16_t> to(72, 99);
    Widen(from.data(), -5, 71, to.data());
    for (size_t i = 0; i < from.size(); ++i) ASSERT_EQ(to[i], from[i] + 5);
    ASSERT_EQ(to[71], 99);
    std::vector<uint8_t> flipped(71);
    FlipSigns(reinterpret_cast<const uint8_t*>(from.data()), 71, flipped.data());
    for (size_t i = 0; i < from.size(); ++i) ASSERT_EQ(flipped[i], from[i] + 128);
  });
}

}  // namespace
}  // namespace safelight::kernels
