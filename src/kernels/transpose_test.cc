// SPDX-License-Identifier: Apache-2.0
#include "kernels/transpose.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/every_target_for_tests.h"

namespace safelight::kernels {
namespace {

TEST(TransposeTest, RowsBecomeColumnsAndNothingElseIsWritten) {
  OnEveryTarget([] {
    for (int64_t rows : {1, 3, 4, 7, 16, 21}) {
      for (int64_t columns : {1, 2, 4, 5, 16, 19, 35}) {
        const int64_t from_step = rows + 2, to_step = columns + 3;
        std::vector<uint32_t> from(static_cast<size_t>(columns * from_step)),
            to(static_cast<size_t>(rows * to_step), 7);
        for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<uint32_t>(1000 + i);
        Transpose(from.data(), from_step, to.data(), to_step, rows, columns);
        for (int64_t a = 0; a < rows; ++a) {
          for (int64_t b = 0; b < to_step; ++b) {
            const uint32_t expected = b < columns ? static_cast<uint32_t>(1000 + b * from_step + a) : 7;
            ASSERT_EQ(to[static_cast<size_t>(a * to_step + b)], expected)
                << a << ", " << b << " of " << rows << " by " << columns;
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace safelight::kernels
