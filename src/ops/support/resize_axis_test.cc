// SPDX-License-Identifier: Apache-2.0
#include "ops/support/resize_axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kBilinear = "RESIZE_BILINEAR";
constexpr const char* kNearest = "RESIZE_NEAREST_NEIGHBOR";

// The options stand in other slots of the two tables.
OneNode Resize(const char* op, Tensor data, int32_t height, int32_t width, bool align_corners,
               bool half_pixel_centers) {
  const int first = op == kBilinear ? 2 : 0;
  return OneNode(op, {{first, align_corners}, {first + 1, half_pixel_centers}},
                 Inputs(std::move(data), MakeTensor<int32_t>({2}, {height, width})), {1});
}

std::vector<float> Row(const char* op, std::vector<float> in, int32_t width, bool align_corners, bool half_pixel) {
  const int64_t size = static_cast<int64_t>(in.size());
  const OneNode node = Resize(op, MakeTensor<float>({1, 1, size, 1}, in), 1, width, align_corners, half_pixel);
  EXPECT_TRUE(node.status().ok()) << node.status().message();
  return Floats(node.Whole());
}

TEST(ResizeTest, BilinearPlacesPixelsAsTheOptionsSay) {
  EXPECT_THAT(Row(kBilinear, {0, 4}, 4, false, false), ElementsAre(0, 2, 4, 4));
  EXPECT_THAT(Row(kBilinear, {0, 4}, 4, false, true), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(Row(kBilinear, {0, 3}, 4, true, false), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Row(kBilinear, {0, 4, 8, 12}, 2, false, true), ElementsAre(2, 10));
}

TEST(ResizeTest, NearestPlacesPixelsAsTheOptionsSay) {
  EXPECT_THAT(Row(kNearest, {1, 2, 3}, 5, false, false), ElementsAre(1, 1, 2, 2, 3));
  EXPECT_THAT(Row(kNearest, {1, 2, 3}, 5, false, true), ElementsAre(1, 1, 2, 3, 3));
  // Halves go away from zero: 0, 0.5, 1, 1.5, 2.
  EXPECT_THAT(Row(kNearest, {1, 2, 3}, 5, true, false), ElementsAre(1, 2, 2, 3, 3));
  EXPECT_THAT(Row(kNearest, {1, 2, 3}, 5, true, true), ElementsAre(1, 2, 2, 3, 3));
}

TEST(ResizeTest, KernelsHaveTheBitsOfPlainLoopsOnEveryTargetWholeAndInStrips) {
  Dice dice(405);
  for (int i = 0; i < 30;) {
    const Shape data{dice.Of({1, 1, 2}), dice.Size(), dice.Size(), dice.Channels()};
    const int32_t height = static_cast<int32_t>(dice.Size()),
                  width = static_cast<int32_t>(dice.Of({1, 2, 14, 31, 130}));
    const int64_t made = data[0] * height * width * data[3];
    if (data.elements() > 6000 || made > 6000) continue;
    ++i;
    const unsigned seed = dice.Seed();
    for (const char* op : {kBilinear, kNearest}) {
      for (const auto& [align, half] : {std::pair{false, false}, {true, false}, {false, true}}) {
        SCOPED_TRACE(testing::Message() << op << " " << data.ToString() << " to " << height << "x" << width
                                        << " seed 405/" << seed << " align " << align << " half " << half);
        const OneNode node = Resize(op, RandomTensor(data, seed), height, width, align, half);
        ASSERT_TRUE(node.status().ok()) << node.status().message();
        ForEachTarget([&] {
          EXPECT_TRUE(SameBits(node.Whole(), node.Expected()));
          ExpectSameBitsInStrips(node);
        });
      }
    }
  }
}

TEST(ResizeTest, NearestMovesElementsOfAnySize) {
  const OneNode node = OneNode(
      kNearest, {}, Inputs(MakeTensor<int8_t>({1, 2, 1, 2}, {1, 2, 3, 4}), MakeTensor<int32_t>({2}, {3, 2})), {1});
  const Tensor out = node.Whole();
  EXPECT_THAT(std::vector<int8_t>(out.data<int8_t>(), out.data<int8_t>() + 12),
              ElementsAre(1, 2, 1, 2, 1, 2, 1, 2, 3, 4, 3, 4));
  ExpectSameBitsInStrips(node);
}

TEST(ResizeTest, SizesKeepTheirRatioToTheInput) {
  const auto rescaled = [](const Shape& before_in, int32_t height, int32_t width, const Shape& after_in) {
    const OneNode before = Resize(kBilinear, Tensor(DType::kFloat32, before_in), height, width, false, false);
    const OneNode after = Resize(kBilinear, Tensor(DType::kFloat32, after_in), 1, 1, false, false);
    return *before.context().node().op->rescale(before.context(), after.context(), 1);
  };
  EXPECT_THAT(rescaled({1, 8, 8, 1}, 16, 24, {1, 10, 100, 1}), ElementsAre(20, 300));
  EXPECT_THAT(rescaled({1, 8, 8, 1}, 4, 2, {1, 11, 13, 1}), ElementsAre(6, 3));
  EXPECT_THAT(rescaled({1, 64, 64, 1}, 1, 1, {1, 3, 3, 1}), ElementsAre(1, 1));
}

TEST(ResizeTest, HostileSizesAndOptionsAreRefusedBySentences) {
  const auto sized = [](int32_t height, int32_t width) {
    return Refusal(Resize(kNearest, RandomTensor({1, 4, 4, 3}, 1), height, width, false, false));
  };
  EXPECT_THAT(sized(0, 4), HasSubstr("size 0"));
  EXPECT_THAT(sized(4, -1), HasSubstr("size -1"));
  EXPECT_THAT(sized(4, 2147483647), HasSubstr("size 2147483647"));
  EXPECT_THAT(Refusal(Resize(kBilinear, RandomTensor({1, 4, 4, 3}, 1), 4, 4, true, true)), HasSubstr("both set"));
  EXPECT_THAT(Refusal(Resize(kBilinear, RandomTensor({4, 4, 3}, 1), 4, 4, false, false)), HasSubstr("rank 4"));
  EXPECT_THAT(Refusal(Resize(kBilinear, Tensor(DType::kFloat32, {1, 0, 4, 3}), 4, 4, false, false)),
              HasSubstr("is empty"));
  EXPECT_THAT(
      Refusal(OneNode(kBilinear, {}, Inputs(RandomTensor({1, 4, 4, 3}, 1), MakeTensor<int32_t>({3}, {1, 2, 3})), {1})),
      HasSubstr("size of 3 numbers"));
}

}  // namespace
}  // namespace safelight
