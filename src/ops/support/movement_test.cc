// SPDX-License-Identifier: Apache-2.0
//
// Ops that move elements, each against a formula for where an output element comes from.
#include "ops/support/movement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

// Writes the index of the input element that output element `out` is; false where it is padding.
using From = std::function<bool(const int64_t* out, int64_t* in)>;

// The kernel, the reference and all strips agree with the formula; padding is `fill`.
void ExpectPlaces(const OneNode& node, const Tensor& input, const From& from, float fill = 0) {
  const Shape &in = input.shape(), &out = node.output().shape;
  Tensor expected(DType::kFloat32, out);
  float* next = expected.data<float>();
  ForEachIndex(WholeBox(out).axis, out.rank(), [&](const int64_t* index) {
    int64_t place[Shape::kMaxRank] = {}, offset = 0;
    const bool found = from(index, place);
    for (int axis = 0; axis < in.rank(); ++axis) {
      ASSERT_TRUE(!found || (place[axis] >= 0 && place[axis] < in[axis])) << "axis " << axis;
      offset = offset * in[axis] + place[axis];
    }
    *next++ = found ? input.data<float>()[offset] : fill;
  });
  EXPECT_TRUE(SameBits(node.Whole(), expected));
  EXPECT_TRUE(SameBits(node.Expected(), expected));
  ExpectSameBitsInStrips(node);
}

Tensor Ints(const std::vector<int32_t>& values) {
  return MakeTensor<int32_t>({static_cast<int64_t>(values.size())}, values);
}

TEST(MovementTest, TransposePermutesTheIndices) {
  std::vector<int32_t> perm = {0, 1, 2, 3};
  do {
    SCOPED_TRACE(testing::PrintToString(perm));
    const Shape shape{2, 7, 9, 5};
    const OneNode node("TRANSPOSE", {}, Inputs(RandomTensor(shape, 61), Ints(perm)), {1});
    ExpectPlaces(node, RandomTensor(shape, 61), [&](const int64_t* out, int64_t* in) {
      for (int axis = 0; axis < 4; ++axis) in[perm[static_cast<size_t>(axis)]] = out[axis];
      return true;
    });
  } while (std::next_permutation(perm.begin(), perm.end()));
}

TEST(MovementTest, PadFillsOutsideThePicture) {
  const Shape shape{1, 8, 9, 3};
  const std::vector<int32_t> pads = {0, 0, 2, 1, 7, 0, 1, 3};
  const auto from = [&](const int64_t* out, int64_t* in) {
    for (int axis = 0; axis < 4; ++axis) {
      in[axis] = out[axis] - pads[static_cast<size_t>(2 * axis)];
      if (in[axis] < 0 || in[axis] >= shape[axis]) return false;
    }
    return true;
  };
  const OneNode zeros("PAD", {}, Inputs(RandomTensor(shape, 62), MakeTensor<int32_t>({4, 2}, pads)), {1});
  ExpectPlaces(zeros, RandomTensor(shape, 62), from);
  const OneNode filled(
      "PADV2", {}, Inputs(RandomTensor(shape, 62), MakeTensor<int32_t>({4, 2}, pads), MakeTensor<float>({}, {7.5f})),
      {1, 2});
  ExpectPlaces(filled, RandomTensor(shape, 62), from, 7.5f);
}

TEST(MovementTest, MirrorPadReflectsAtTheBorder) {
  const Shape shape{1, 8, 9, 2};
  for (int symmetric : {0, 1}) {
    const std::vector<int32_t> pads = {0, 0, 7, 3, 2, 7, 0, 1};
    const OneNode node("MIRROR_PAD", {{0, symmetric}},
                       Inputs(RandomTensor(shape, 63), MakeTensor<int32_t>({4, 2}, pads)), {1});
    ExpectPlaces(node, RandomTensor(shape, 63), [&](const int64_t* out, int64_t* in) {
      for (int axis = 0; axis < 4; ++axis) {
        in[axis] = out[axis] - pads[static_cast<size_t>(2 * axis)];
        if (in[axis] < 0) in[axis] = symmetric ? -1 - in[axis] : -in[axis];
        if (in[axis] >= shape[axis]) in[axis] = 2 * (shape[axis] - 1) - in[axis] + symmetric;
      }
      return true;
    });
  }
}

TEST(MovementTest, StridedSliceStepsBothWays) {
  const Shape shape{2, 31, 9, 7};
  const OneNode node("STRIDED_SLICE", {},
                     Inputs(RandomTensor(shape, 64), Ints({0, 29, 1, -1}), Ints({2, 2, 9, -8}), Ints({1, -3, 2, -1})),
                     {1, 2, 3});
  EXPECT_EQ(node.output().shape, (Shape{2, 9, 4, 7}));
  ExpectPlaces(node, RandomTensor(shape, 64), [](const int64_t* out, int64_t* in) {
    in[0] = out[0];
    in[1] = 29 - 3 * out[1];
    in[2] = 1 + 2 * out[2];
    in[3] = 6 - out[3];
    return true;
  });
}

TEST(MovementTest, SlicesRepeatsAndReversals) {
  const Shape shape{2, 9, 8, 3};
  const auto check = [&](const char* op, std::vector<std::unique_ptr<Tensor>> inputs, std::vector<int> constants,
                         const From& from) {
    SCOPED_TRACE(op);
    ExpectPlaces(OneNode(op, {}, std::move(inputs), std::move(constants)), RandomTensor(shape, 65), from);
  };
  check("SLICE", Inputs(RandomTensor(shape, 65), Ints({1, 2, 0, 1}), Ints({1, -1, 7, 2})), {1, 2},
        [](const int64_t* out, int64_t* in) {
          in[0] = out[0] + 1;
          in[1] = out[1] + 2;
          in[2] = out[2];
          in[3] = out[3] + 1;
          return true;
        });
  check("TILE", Inputs(RandomTensor(shape, 65), Ints({1, 2, 3, 2})), {1}, [&](const int64_t* out, int64_t* in) {
    for (int axis = 0; axis < 4; ++axis) in[axis] = out[axis] % shape[axis];
    return true;
  });
  check("REVERSE_V2", Inputs(RandomTensor(shape, 65), Ints({1, 3})), {1}, [&](const int64_t* out, int64_t* in) {
    for (int axis = 0; axis < 4; ++axis) in[axis] = axis % 2 == 1 ? shape[axis] - 1 - out[axis] : out[axis];
    return true;
  });
}

TEST(MovementTest, BroadcastToRepeatsSizesOfOne) {
  const Shape shape{9, 1, 8};
  const OneNode node("BROADCAST_TO", {}, Inputs(RandomTensor(shape, 66), Ints({2, 9, 7, 8})), {1});
  ExpectPlaces(node, RandomTensor(shape, 66), [](const int64_t* out, int64_t* in) {
    in[0] = out[1];
    in[2] = out[3];
    return true;
  });
}

TEST(MovementTest, GatherTakesListedIndices) {
  const Shape shape{2, 9, 8, 3};
  const std::vector<int32_t> listed = {8, 0, 3, 3, 1, 7, 2};
  for (int axis = 0; axis < 4; ++axis) {
    std::vector<int32_t> indices;
    for (int32_t index : listed) indices.push_back(index % static_cast<int32_t>(shape[axis]));
    const OneNode node("GATHER", {{0, axis}}, Inputs(RandomTensor(shape, 67), Ints(indices)), {1});
    ExpectPlaces(node, RandomTensor(shape, 67), [&](const int64_t* out, int64_t* in) {
      for (int a = 0; a < 4; ++a) in[a] = a == axis ? indices[static_cast<size_t>(out[a])] : out[a];
      return true;
    });
  }
}

TEST(MovementTest, PixelsAreShuffledIntoChannelsAndBack) {
  for (int64_t block : {1, 2, 3}) {
    const Shape deep{2, 7, 9, 3 * block * block}, wide{2, 7 * block, 9 * block, 3};
    const OneNode up("DEPTH_TO_SPACE", {{0, static_cast<double>(block)}}, Inputs(RandomTensor(deep, 68)), {});
    ExpectPlaces(up, RandomTensor(deep, 68), [&](const int64_t* out, int64_t* in) {
      in[0] = out[0];
      in[1] = out[1] / block;
      in[2] = out[2] / block;
      in[3] = (out[1] % block * block + out[2] % block) * 3 + out[3];
      return true;
    });
    const OneNode down("SPACE_TO_DEPTH", {{0, static_cast<double>(block)}}, Inputs(RandomTensor(wide, 69)), {});
    ExpectPlaces(down, RandomTensor(wide, 69), [&](const int64_t* out, int64_t* in) {
      const int64_t part = out[3] / 3;
      in[0] = out[0];
      in[1] = out[1] * block + part / block;
      in[2] = out[2] * block + part % block;
      in[3] = out[3] % 3;
      return true;
    });
  }
}

TEST(MovementTest, PicturesAreDealtOutToBatchesAndCollected) {
  const Shape shape{2, 7, 10, 3};
  const OneNode deal("SPACE_TO_BATCH_ND", {},
                     Inputs(RandomTensor(shape, 70), Ints({2, 3}), MakeTensor<int32_t>({2, 2}, {1, 2, 0, 2})), {1, 2});
  EXPECT_EQ(deal.output().shape, (Shape{12, 5, 4, 3}));
  ExpectPlaces(deal, RandomTensor(shape, 70), [&](const int64_t* out, int64_t* in) {
    const int64_t part = out[0] / 2;
    in[0] = out[0] % 2;
    in[1] = out[1] * 2 + part / 3 - 1;
    in[2] = out[2] * 3 + part % 3;
    in[3] = out[3];
    return in[1] >= 0 && in[1] < 7 && in[2] < 10;
  });
  const Shape dealt{12, 5, 4, 3};
  const OneNode collect("BATCH_TO_SPACE_ND", {},
                        Inputs(RandomTensor(dealt, 71), Ints({2, 3}), MakeTensor<int32_t>({2, 2}, {1, 2, 0, 2})),
                        {1, 2});
  EXPECT_EQ(collect.output().shape, shape);
  ExpectPlaces(collect, RandomTensor(dealt, 71), [](const int64_t* out, int64_t* in) {
    const int64_t y = out[1] + 1, x = out[2];
    in[0] = (y % 2 * 3 + x % 3) * 2 + out[0];
    in[1] = y / 2;
    in[2] = x / 3;
    in[3] = out[3];
    return true;
  });
}

TEST(MovementTest, ReshapeKeepsTheOrderOfElements) {
  const struct {
    Shape from;
    std::vector<int32_t> to;
  } cases[] = {{{1, 8, 9, 6}, {1, 8, 54}}, {{1, 8, 9, 6}, {8, 9, 6}},     {{2, 9, 8, 3}, {2, 72, 3}},
               {{4, 7, 6}, {4, 7, 2, 3}},  {{1, 6, 6, 4}, {1, 3, 2, 24}}, {{2, 3, 5}, {-1}},
               {{5, 6, 7}, {7, 6, 5}},     {{67}, {1, 1, 67, 1}},         {{1, 12, 10, 2}, {1, 4, 3, 5, 2, 2}}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.from.ToString() + " to " + testing::PrintToString(c.to));
    const OneNode node("RESHAPE", {}, Inputs(RandomTensor(c.from, 72), Ints(c.to)), {1});
    const Shape out = node.output().shape;
    ExpectPlaces(node, RandomTensor(c.from, 72), [&](const int64_t* index, int64_t* in) {
      int64_t rest = 0;
      for (int axis = 0; axis < out.rank(); ++axis) rest = rest * out[axis] + index[axis];
      for (int axis = c.from.rank() - 1; axis >= 0; --axis) {
        in[axis] = rest % c.from[axis];
        rest /= c.from[axis];
      }
      return true;
    });
  }
}

TEST(MovementTest, ValuesAreLaidSideBySide) {
  const Tensor a = RandomTensor({2, 7, 3}, 73), b = RandomTensor({2, 9, 3}, 74), c = RandomTensor({2, 1, 3}, 75);
  const OneNode node("CONCATENATION", {{0, -2}},
                     Inputs(RandomTensor({2, 7, 3}, 73), RandomTensor({2, 9, 3}, 74), RandomTensor({2, 1, 3}, 75)),
                     {1});
  ASSERT_EQ(node.output().shape, (Shape{2, 17, 3}));
  const Tensor whole = node.Whole();
  const float* next = whole.data<float>();
  for (int64_t n = 0; n < 2; ++n) {
    for (const Tensor* part : {&a, &b, &c}) {
      const int64_t count = part->shape()[1] * 3;
      for (int64_t i = 0; i < count; ++i) EXPECT_EQ(*next++, part->data<float>()[n * count + i]);
    }
  }
  EXPECT_TRUE(SameBits(whole, node.Expected()));
  ExpectSameBitsInStrips(node);
}

TEST(MovementTest, WhatLiesOutsideIsRefused) {
  const auto refuse = [](const char* op, std::map<int, double> attrs, Tensor second) {
    return Refusal(OneNode(op, std::move(attrs), Inputs(RandomTensor({2, 3}, 1), std::move(second)), {1}));
  };
  EXPECT_EQ(refuse("TRANSPOSE", {}, Ints({0, 0})), "axis 0 stands twice in the permutation");
  EXPECT_EQ(refuse("RESHAPE", {}, Ints({4, 2})), "shape 2x3 has 6 elements, 4x2 has 8");
  EXPECT_EQ(refuse("MIRROR_PAD", {}, MakeTensor<int32_t>({2, 2}, {0, 0, 3, 0})),
            "paddings 3 and 0 of axis 1 mirror more than its size 3");
  EXPECT_EQ(refuse("TILE", {}, Ints({1, -2})), "multiple -2 of axis 1");
  EXPECT_EQ(refuse("GATHER", {{0, 2}}, Ints({0})), "axis 2 of a value of rank 2");
}

}  // namespace
}  // namespace safelight
