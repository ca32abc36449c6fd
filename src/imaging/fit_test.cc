// SPDX-License-Identifier: Apache-2.0
//
// Networks that only move pixels show where each came from: a result in the wrong place has the wrong pixels.
#include <gmock/gmock.h>

#include <functional>

#include "imaging/pictures_for_tests.h"

namespace safelight {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

using Writer = std::function<ValueId(NetworkForTests&, ValueId)>;

Model Network(const Shape& in, const Writer& write) {
  NetworkForTests net;
  const ValueId input = net.Input(in);
  const ValueId output = write(net, input);
  return ModelOf(net.Finish({output}));
}

// A convolution of `size` by `size` that copies the pixel under tap (at, at).
ValueId Copying(NetworkForTests& net, ValueId in, int64_t size, int64_t at, bool padded, int stride = 1) {
  std::vector<float> weights(static_cast<size_t>(3 * size * size * 3), 0.0f);
  for (int64_t c = 0; c < 3; ++c) weights[((c * size + at) * size + at) * 3 + c] = 1;
  return net.Op("CONV_2D", {in, net.Floats({3, size, size, 3}, weights)},
                {{0, padded ? 0 : 1}, {1, static_cast<double>(stride)}, {2, static_cast<double>(stride)}});
}

// Every pixel of the result is the photo's at (y / scale, x / scale).
void ExpectEnlarged(const PictureRun& run, const Image& photo, int64_t scale) {
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  ASSERT_EQ(run.result->width(), photo.width() * scale);
  ASSERT_EQ(run.result->height(), photo.height() * scale);
  for (int64_t y = 0; y < run.result->height(); ++y) {
    for (int64_t x = 0; x < run.result->width() * 3; ++x) {
      const float expected = photo.row<float>(y / scale)[x / 3 / scale * 3 + x % 3];
      ASSERT_EQ(run.result->row<float>(y)[x], expected) << "row " << y << " column " << x / 3;
    }
  }
}

TEST(FitTest, WhatConvolutionsWithoutPaddingLoseIsPaddedBefore) {
  // Like ESPCN: 5, 3 and 3 taps without padding, then twice as large.
  const Model model = Network({1, 33, 33, 3}, [](NetworkForTests& net, ValueId v) {
    v = Copying(net, Copying(net, Copying(net, v, 5, 2, false), 3, 1, false), 3, 1, false);
    return net.Resize(v, 50, 50);
  });
  for (const auto& [width, height] : {std::pair{61, 48}, {33, 33}, {41, 41}, {5, 3}, {200, 9}}) {
    SCOPED_TRACE(testing::Message() << width << "x" << height);
    const Image photo = NoisePicture(width, height);
    const PictureRun run = RunPicture(model, photo);
    ExpectEnlarged(run, photo, 2);
    EXPECT_THAT(run.notes, Contains(HasSubstr("4 left, 4 right, 4 above, 4 below")));
    EXPECT_THAT(run.notes, Contains(HasSubstr("16 columns and 16 rows less than its scale of 2")));
  }
}

TEST(FitTest, FastConvolutionsDoNotMoveTheResult) {
  // Enough channels for Winograd, whose tiles look further to one side: the loss is still the same on both.
  const Model model = Network({1, 64, 64, 3}, [](NetworkForTests& net, ValueId v) {
    const ValueId wide = net.Conv(v, 3, 32);
    const ValueId valid = net.Op("CONV_2D", {wide, net.Floats({32, 3, 3, 32})}, {{0, 1}, {1, 1}, {2, 1}});
    return net.Op("CONV_2D", {valid, net.Floats({3, 3, 3, 32})}, {{0, 1}, {1, 1}, {2, 1}});
  });
  const PictureRun run = RunPicture(model, NoisePicture(61, 48));
  ASSERT_TRUE(run.result.ok()) << run.result.status().message();
  EXPECT_THAT(run.notes, Contains(HasSubstr("Winograd")));
  EXPECT_THAT(run.notes, Contains(HasSubstr("2 left, 2 right, 2 above, 2 below")));
}

TEST(FitTest, ALopsidedLossIsPaddedWhereItIsLost) {
  const Model model = Network({1, 32, 32, 3}, [](NetworkForTests& net, ValueId v) {
    // Three rows and columns cut off in front, one behind.
    return net.Op("STRIDED_SLICE", {v, net.Ints({0, 3, 3, 0}), net.Ints({1, 31, 31, 3}), net.Ints({1, 1, 1, 1})});
  });
  const Image photo = NoisePicture(45, 37);
  const PictureRun run = RunPicture(model, photo);
  ExpectEnlarged(run, photo, 1);
  EXPECT_THAT(run.notes, Contains(HasSubstr("3 left, 1 right, 3 above, 1 below")));
}

TEST(FitTest, WhatATransposedConvolutionAddsIsCutOff) {
  // Without padding it gives 2 n + 1 rows of n; tap (1, 1) writes row 2 y + 1, tap (0, 0) row 2 y: here all of a
  // 2 by 2 block.
  const Model model = Network({1, 16, 16, 3}, [](NetworkForTests& net, ValueId v) {
    std::vector<float> weights(3 * 3 * 3 * 3, 0.0f);
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t ky = 1; ky < 3; ++ky) {
        for (int64_t kx = 1; kx < 3; ++kx) weights[((c * 3 + ky) * 3 + kx) * 3 + c] = 1;
      }
    }
    return net.Op("TRANSPOSE_CONV", {net.Ints({1, 33, 33, 3}), net.Floats({3, 3, 3, 3}, weights), v},
                  {{0, 1}, {1, 2}, {2, 2}});
  });
  const Image photo = NoisePicture(21, 18);
  ExpectEnlarged(RunPicture(model, photo), photo, 2);
}

TEST(FitTest, SizesThatANetworkRoundsUpOrRefusesAreExtended) {
  const auto halves = [](NetworkForTests& net, ValueId v) { return Copying(net, v, 2, 0, true, 2); };
  const Model rounds = Network(
      {1, 32, 32, 3}, [&](NetworkForTests& net, ValueId v) { return net.Resize(halves(net, halves(net, v)), 32, 32); });
  // A skip connection that odd sizes break: the pixel shuffle gives twice the half.
  const Model refuses = Network({1, 32, 32, 3}, [&](NetworkForTests& net, ValueId v) {
    return net.Op("ADD", {v, net.Op("DEPTH_TO_SPACE", {net.Conv(v, 3, 12, 2)}, {{0, 2}})});
  });
  const Image photo = NoisePicture(45, 39);
  const PictureRun rounded = RunPicture(rounds, photo);
  ASSERT_TRUE(rounded.result.ok()) << rounded.result.status().message();
  EXPECT_THAT(rounded.notes, Contains(HasSubstr("reflect-padded to 48x40 (0 left, 3 right, 0 above, 1 below)")));
  EXPECT_EQ(rounded.result->row<float>(38)[44 * 3], photo.row<float>(36)[44 * 3]);
  const PictureRun joined = RunPicture(refuses, photo);
  ASSERT_TRUE(joined.result.ok()) << joined.result.status().message();
  EXPECT_EQ(joined.result->width(), 45);
  EXPECT_THAT(joined.notes, Contains(HasSubstr("reflect-padded to 46x40")));
  EXPECT_THAT(joined.notes, Contains(HasSubstr("node 2 ADD 'ADD2' at this picture size")));
  const PictureRun even = RunPicture(refuses, NoisePicture(46, 40));
  EXPECT_THAT(even.notes, Not(Contains(HasSubstr("reflect-padded"))));
}

TEST(FitTest, AFileFixedToItsSizeRunsAtThatSizeAndIsRefusedAtOthersByName) {
  const Model model = Network({1, 32, 32, 3}, [](NetworkForTests& net, ValueId v) {
    const ValueId placed = net.Op("ADD", {v, net.Floats({1, 32, 32, 3})});
    return net.Op("SLICE", {placed, net.Ints({0, 9, 9, 0}), net.Ints({1, 23, 23, 3})});
  });
  const PictureRun own = RunPicture(model, NoisePicture(32, 32));
  ASSERT_TRUE(own.result.ok()) << own.result.status().message();
  EXPECT_EQ(own.result->width(), 23);
  const PictureRun other = RunPicture(model, NoisePicture(32, 40));
  ASSERT_FALSE(other.result.ok());
  EXPECT_THAT(other.result.status().message(), HasSubstr("node 0 ADD 'ADD0' at this picture size: "));
  EXPECT_THAT(other.result.status().message(), HasSubstr("node 0 ADD 'ADD0' has constants for each of 32 rows"));
}

TEST(FitTest, ChannelsFirstAndOpenSizesFitAsWell) {
  const Model first = Network({1, 3, 32, 32}, [](NetworkForTests& net, ValueId v) {
    const ValueId valid = Copying(net, net.Transpose(v, {0, 2, 3, 1}), 3, 1, false);
    return net.Transpose(net.Resize(valid, 90, 90), {0, 3, 1, 2});
  });
  const Model open = Network(
      {1, 1, 1, 3}, [](NetworkForTests& net, ValueId v) { return net.Resize(Copying(net, v, 3, 1, true), 2, 2); });
  const Image photo = NoisePicture(45, 38);
  ExpectEnlarged(RunPicture(first, photo), photo, 3);
  ExpectEnlarged(RunPicture(open, photo), photo, 2);
}

}  // namespace
}  // namespace safelight
