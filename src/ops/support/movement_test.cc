// SPDX-License-Identifier: Apache-2.0
//
// Ops that move elements, against the place of every element worked out on its own, whole and in strips.
#include "ops/support/movement.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "kernels/copy_runs.h"
#include "ops/support/reduce_test_util.h"

namespace safelight {
namespace {

using namespace testing_ops;  // NOLINT(build/namespaces): the helpers of these tests

using Index = std::vector<int64_t>;

int64_t LinearOf(const Shape& shape, const Index& index) {
  int64_t linear = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) linear = linear * shape[axis] + index[axis];
  return linear;
}

// `from` gives the place in input 0 of the output's element at an index; -1: padding of 0.
void ExpectMoved(const OneNode& node, const Shape& in, const Tensor& data,
                 const std::function<int64_t(const Index&)>& from) {
  ASSERT_TRUE(node.status().ok()) << node.status().message();
  const Tensor whole = node.Whole();
  const Shape& out = whole.shape();
  Index index(static_cast<size_t>(out.rank()), 0);
  for (int64_t i = 0; i < out.elements(); ++i) {
    for (int64_t axis = out.rank() - 1, rest = i; axis >= 0; --axis) {
      index[axis] = rest % out[axis];
      rest /= out[axis];
    }
    const int64_t place = from(index);
    ASSERT_LT(place, in.elements());
    ASSERT_EQ(whole.data<float>()[i], place < 0 ? 0.0f : data.data<float>()[place]) << "element " << i;
  }
  ExpectSameBitsInStrips(node);
}

OneNode Moved(const char* op, const Shape& shape, std::map<int, double> options, const std::vector<int32_t>& ints = {},
              const std::vector<int32_t>& more = {}) {
  auto inputs = Inputs(RandomTensor(shape, 3));
  std::vector<int> constants;
  for (const std::vector<int32_t>& list : {ints, more}) {
    if (list.empty()) continue;
    constants.push_back(static_cast<int>(inputs.size()));
    inputs.push_back(std::make_unique<Tensor>(MakeTensor<int32_t>({static_cast<int64_t>(list.size())}, list)));
  }
  return OneNode(op, std::move(options), std::move(inputs), constants);
}

TEST(MovementTest, DepthToSpaceAndBackPutEveryElementInItsPlace) {
  for (const int64_t block : {1, 2, 3, 4}) {
    for (const int64_t channels : {1, 3, 4, 9}) {
      SCOPED_TRACE(testing::Message() << "block " << block << " channels " << channels);
      const Shape deep{2, 3, 5, channels * block * block}, wide{2, 3 * block, 5 * block, channels};
      const auto deep_place = [&](int64_t n, int64_t y, int64_t x, int64_t c) {
        return LinearOf(deep, {n, y / block, x / block, (y % block * block + x % block) * channels + c});
      };
      const std::map<int, double> options{{0, static_cast<double>(block)}};
      ExpectMoved(Moved("DEPTH_TO_SPACE", deep, options), deep, RandomTensor(deep, 3),
                  [&](const Index& i) { return deep_place(i[0], i[1], i[2], i[3]); });
      ExpectMoved(Moved("SPACE_TO_DEPTH", wide, options), wide, RandomTensor(wide, 3), [&](const Index& i) {
        const int64_t part = i[3] / channels;
        return LinearOf(wide, {i[0], i[1] * block + part / block, i[2] * block + part % block, i[3] % channels});
      });
    }
  }
}

TEST(MovementTest, TransposesPutEveryElementInItsPlace) {
  const Shape in{2, 3, 5, 4};
  for (const std::vector<int32_t>& order :
       {std::vector<int32_t>{0, 3, 1, 2}, {0, 2, 3, 1}, {0, 2, 1, 3}, {3, 2, 1, 0}, {1, 0, 2, 3}, {0, 1, 3, 2}}) {
    ExpectMoved(Moved("TRANSPOSE", in, {}, order), in, RandomTensor(in, 3), [&](const Index& i) {
      Index from(4);
      for (int axis = 0; axis < 4; ++axis) from[order[axis]] = i[axis];
      return LinearOf(in, from);
    });
  }
}

TEST(MovementTest, ReshapesKeepTheOrder) {
  const Shape in{2, 6, 4, 3};
  for (const std::vector<int32_t>& sizes : {std::vector<int32_t>{2, 24, 3},
                                            {2, 6, 12},
                                            {12, 4, 3},
                                            {2, 3, 2, 4, 3},
                                            {2, 6, 2, 2, 3},
                                            {144},
                                            {1, 2, 6, 4, 3, 1},
                                            {2, 3, 8, 3},
                                            {2, 2, 12, 3},
                                            {4, 3, 12},
                                            {2, 8, 9},
                                            {2, 72, 1},
                                            {48, 3}}) {
    SCOPED_TRACE(testing::Message() << "to " << sizes.size() << " axes, the second of " << sizes[sizes.size() > 1]);
    const std::vector<int64_t> dims(sizes.begin(), sizes.end());
    const Shape out(dims);
    ExpectMoved(Moved("RESHAPE", in, {}, sizes), in, RandomTensor(in, 3),
                [&](const Index& i) { return LinearOf(out, i); });
  }
}

TEST(MovementTest, PaddingSlicesRepeatsAndReversals) {
  const Shape in{1, 4, 5, 3};
  const Tensor data = RandomTensor(in, 3);
  ExpectMoved(Moved("PAD", in, {}, {0, 0, 2, 1, 1, 3, 0, 0}), in, data, [&](const Index& i) -> int64_t {
    const int64_t y = i[1] - 2, x = i[2] - 1;
    return y < 0 || y >= 4 || x < 0 || x >= 5 ? -1 : LinearOf(in, {0, y, x, i[3]});
  });
  ExpectMoved(Moved("PAD", in, {}, {0, 0, 0, 0, 0, 0, 1, 2}), in, data, [&](const Index& i) -> int64_t {
    return i[3] < 1 || i[3] > 3 ? -1 : LinearOf(in, {0, i[1], i[2], i[3] - 1});
  });
  ExpectMoved(Moved("SLICE", in, {}, {0, 1, 2, 1}, {1, 2, 3, 2}), in, data, [&](const Index& i) {
    return LinearOf(in, {0, i[1] + 1, i[2] + 2, i[3] + 1});
  });
  ExpectMoved(Moved("TILE", in, {}, {1, 2, 3, 2}), in, data, [&](const Index& i) {
    return LinearOf(in, {0, i[1] % 4, i[2] % 5, i[3] % 3});
  });
  ExpectMoved(Moved("REVERSE_V2", in, {}, {2}), in, data, [&](const Index& i) {
    return LinearOf(in, {0, i[1], 4 - i[2], i[3]});
  });
}

TEST(MovementTest, ConcatenationPutsEveryInputInItsPlace) {
  for (const int axis : {1, 2, 3}) {
    for (const int64_t size : {1, 3, 8, 70}) {
      Shape a{2, 3, 4, 5}, b = a;
      a[axis] = size;
      b[axis] = 2;
      const OneNode node("CONCATENATION", {{0, static_cast<double>(axis)}},
                         Inputs(RandomTensor(a, 1), RandomTensor(b, 2)), {});
      const Tensor first = RandomTensor(a, 1), second = RandomTensor(b, 2), whole = node.Whole();
      int64_t wrong = 0;
      for (int64_t i = 0; i < whole.shape().elements(); ++i) {
        const Shape& out = whole.shape();
        Index index{i / out[3] / out[2] / out[1], i / out[3] / out[2] % out[1], i / out[3] % out[2], i % out[3]};
        const bool in_first = index[axis] < size;
        if (!in_first) index[axis] -= size;
        const float expected =
            in_first ? first.data<float>()[LinearOf(a, index)] : second.data<float>()[LinearOf(b, index)];
        wrong += whole.data<float>()[i] != expected;
      }
      EXPECT_EQ(wrong, 0) << "axis " << axis << " size " << size;
      ExpectSameBitsInStrips(node);
    }
  }
}

TEST(MovementTest, RunsOfEveryLengthAreCopiedAndNothingBeside) {
  for (size_t bytes = 1; bytes <= 300; ++bytes) {
    const int64_t step = static_cast<int64_t>(bytes) + 3, count = 4;
    std::vector<std::byte> from(static_cast<size_t>(count * step)), to(from.size() + 20, std::byte{0xEE});
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i % 251);
    kernels::CopyRuns(from.data(), step, to.data() + 5, step + 1, bytes, count);
    std::vector<std::byte> expected(to.size(), std::byte{0xEE});
    for (int64_t k = 0; k < count; ++k) {
      for (size_t i = 0; i < bytes; ++i) expected[5 + k * (step + 1) + i] = from[k * step + i];
    }
    ASSERT_EQ(to, expected) << bytes << " bytes";
  }
}

}  // namespace
}  // namespace safelight
