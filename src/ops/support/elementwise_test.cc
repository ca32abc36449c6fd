// SPDX-License-Identifier: Apache-2.0
//
// The loop behind element-by-element ops, against plain index arithmetic: all kinds of broadcasts, element sizes and
// tails, whole and in strips.
#include "ops/support/elementwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "ops/support/spatial_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

// The element of `in` that belongs to `index` of an output of `rank` axes.
int64_t Place(const Shape& in, const int64_t* index, int rank) {
  int64_t place = 0;
  for (int axis = 0; axis < in.rank(); ++axis) {
    place = place * in[axis] + (in[axis] == 1 ? 0 : index[axis + rank - in.rank()]);
  }
  return place;
}

template <typename T, typename F>
Tensor Plain(const Shape& out, DType dtype, F element) {
  Tensor result(dtype, out);
  T* next = result.data<T>();
  ForEachIndex(WholeBox(out).axis, out.rank(), [&](const int64_t* index) { *next++ = element(index); });
  return result;
}

template <typename T>
Tensor RandomIntegers(const Shape& shape, unsigned seed, int low, int high) {
  std::mt19937 random(seed);
  std::vector<T> elements(static_cast<size_t>(shape.elements()));
  for (T& element : elements) element = static_cast<T>(std::uniform_int_distribution<int>(low, high)(random));
  return MakeTensor<T>(shape, elements);
}

Shape RandomShape(Dice& dice, int rank, int64_t most) {
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) shape.push_back(dice.Of({1, 2, 3, 7, 8, 9, 31, 67}));
  while (shape.elements() > most) {
    int64_t* largest = std::max_element(&shape[0], &shape[0] + rank);
    *largest /= 2;
  }
  return shape;
}

// `shape` with some sizes 1 and perhaps without its first axes.
Shape Broadcastable(Dice& dice, const Shape& shape) {
  Shape part;
  const int first = dice.Coin() ? 0 : static_cast<int>(dice.Seed() % (static_cast<unsigned>(shape.rank()) + 1));
  for (int axis = first; axis < shape.rank(); ++axis) part.push_back(dice.Coin() ? shape[axis] : 1);
  return part;
}

TEST(ElementwiseTest, OperandsAreBroadcastFromTheRight) {
  Dice dice(501);
  for (int i = 0; i < 120; ++i) {
    SCOPED_TRACE(testing::Message() << "case " << i << " seed 501");
    const Shape shape = RandomShape(dice, 1 + i % 5, 1200), part = Broadcastable(dice, shape);
    const bool swapped = dice.Coin();
    const Shape a = swapped ? part : shape, b = swapped ? shape : part;
    const unsigned seed = dice.Seed();
    const Tensor x = RandomTensor(a, seed), y = RandomTensor(b, seed + 1);
    const Tensor expected = Plain<float>(shape, DType::kFloat32, [&](const int64_t* index) {
      return x.data<float>()[Place(a, index, shape.rank())] - y.data<float>()[Place(b, index, shape.rank())];
    });
    const OneNode node("SUB", {}, Inputs(RandomTensor(a, seed), RandomTensor(b, seed + 1)), {});
    ASSERT_TRUE(SameBits(node.Whole(), expected)) << a.ToString() << " and " << b.ToString();
    ASSERT_TRUE(SameBits(node.Expected(), expected)) << a.ToString() << " and " << b.ToString();
    ExpectSameBitsInStrips(node);
  }
}

template <typename T>
void ExpectSelection(Dice& dice, int rank, DType dtype) {
  const Shape shape = RandomShape(dice, rank, 1200);
  std::array<Shape, 3> shapes = {shape, Broadcastable(dice, shape), Broadcastable(dice, shape)};
  std::swap(shapes[0], shapes[dice.Of({0, 1, 2})]);
  const unsigned seed = dice.Seed();
  const auto make = [&](int k) {
    return k == 0 ? RandomIntegers<uint8_t>(shapes[0], seed, 0, 1) : RandomIntegers<T>(shapes[k], seed + k, 0, 100);
  };
  const Tensor condition = make(0), a = make(1), b = make(2);
  const Tensor expected = Plain<T>(shape, dtype, [&](const int64_t* index) {
    const bool first = condition.data<uint8_t>()[Place(shapes[0], index, rank)] != 0;
    return first ? a.data<T>()[Place(shapes[1], index, rank)] : b.data<T>()[Place(shapes[2], index, rank)];
  });
  const OneNode node("SELECT_V2", {}, Inputs(make(0), make(1), make(2)), {});
  ASSERT_TRUE(SameBits(node.Whole(), expected));
  ExpectSameBitsInStrips(node);
}

TEST(ElementwiseTest, ThreeOperandsOfAnyElementSizeAreBroadcast) {
  Dice dice(502);
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(testing::Message() << "case " << i << " seed 502");
    const int rank = 1 + i / 3 % 4;
    if (i % 3 == 0) ExpectSelection<uint8_t>(dice, rank, DType::kBool);
    if (i % 3 == 1) ExpectSelection<int32_t>(dice, rank, DType::kInt32);
    if (i % 3 == 2) ExpectSelection<int64_t>(dice, rank, DType::kInt64);
  }
}

TEST(ElementwiseTest, SelectTakesSlicesWhereTheConditionNamesThem) {
  const Shape shape{7, 9, 31};
  const Tensor a = RandomTensor(shape, 1), b = RandomTensor(shape, 2);
  const std::vector<uint8_t> flags = {1, 0, 0, 1, 1, 0, 1};
  const Tensor expected = Plain<float>(shape, DType::kFloat32, [&](const int64_t* index) {
    return (flags[static_cast<size_t>(index[0])] != 0 ? a : b).data<float>()[Place(shape, index, 3)];
  });
  const OneNode node("SELECT", {},
                     Inputs(MakeTensor<uint8_t>({7}, flags), RandomTensor(shape, 1), RandomTensor(shape, 2)), {});
  EXPECT_TRUE(SameBits(node.Whole(), expected));
  EXPECT_TRUE(SameBits(node.Expected(), expected));
  ExpectSameBitsInStrips(node);
}

TEST(ElementwiseTest, ComparisonsMakeBools) {
  const Tensor x = RandomIntegers<int32_t>({3, 67}, 5, 0, 2), y = RandomIntegers<int32_t>({67}, 6, 0, 2);
  const OneNode node("GREATER_EQUAL", {},
                     Inputs(RandomIntegers<int32_t>({3, 67}, 5, 0, 2), RandomIntegers<int32_t>({67}, 6, 0, 2)), {});
  EXPECT_EQ(node.output().dtype, DType::kBool);
  const Tensor whole = node.Whole();
  for (int64_t i = 0; i < 3 * 67; ++i) {
    EXPECT_EQ(whole.data<uint8_t>()[i], x.data<int32_t>()[i] >= y.data<int32_t>()[i % 67] ? 1 : 0) << i;
  }
  ExpectSameBitsInStrips(node);
}

TEST(ElementwiseTest, WhatDoesNotFitIsRefused) {
  const auto refuse = [](const char* op, Tensor a, Tensor b) {
    return Refusal(OneNode(op, {}, Inputs(std::move(a), std::move(b)), {}));
  };
  EXPECT_EQ(refuse("ADD", RandomTensor({2, 3}, 1), RandomTensor({2, 4}, 1)),
            "shapes 2x3 and 2x4 cannot be broadcast against each other");
  EXPECT_EQ(refuse("LESS", RandomTensor({2}, 1), MakeTensor<int32_t>({2}, {1, 2})),
            "input 1 is int32, input 0 is float32; they must be the same");
  EXPECT_EQ(
      Refusal(OneNode("SELECT_V2", {}, Inputs(RandomTensor({2}, 1), RandomTensor({2}, 1), RandomTensor({2}, 1)), {})),
      "the condition is float32, must be bool");
}

TEST(ElementwiseTest, NothingIsMadeOfNothing) {
  EXPECT_EQ(OneNode("ADD", {}, Inputs(RandomTensor({0, 3}, 1), RandomTensor({1, 3}, 1)), {}).Whole().shape(),
            (Shape{0, 3}));
}

}  // namespace
}  // namespace safelight
