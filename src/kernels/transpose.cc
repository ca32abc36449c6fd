// SPDX-License-Identifier: Apache-2.0
#include "kernels/transpose.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void Plain(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step, int64_t rows, int64_t columns) {
  for (int64_t a = 0; a < rows; ++a) {
    for (int64_t b = 0; b < columns; ++b) to[a * to_step + b] = from[b * from_step + a];
  }
}

#if HWY_TARGET == HWY_SCALAR
void TransposeT(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step, int64_t rows, int64_t columns) {
  Plain(from, from_step, to, to_step, rows, columns);
}
#else
// Four by four.
HWY_INLINE void Block(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step) {
  const hn::FixedTag<uint32_t, 4> d;
  const hn::FixedTag<uint64_t, 2> pairs;
  const auto r0 = hn::LoadU(d, from), r1 = hn::LoadU(d, from + from_step);
  const auto r2 = hn::LoadU(d, from + 2 * from_step), r3 = hn::LoadU(d, from + 3 * from_step);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + to_step);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * to_step);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * to_step);
}

void TransposeT(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step, int64_t rows, int64_t columns) {
  constexpr int64_t kLine = 16;
  const int64_t whole_rows = rows / 4 * 4;
  for (int64_t b = 0; b < columns; b += kLine) {
    const int64_t count = std::min(kLine, columns - b), whole = count / 4 * 4;
    const uint32_t* const in = from + b * from_step;
    for (int64_t a = 0; a < whole_rows; a += 4) {
      uint32_t* const out = to + a * to_step + b;
      for (int64_t i = 0; i < whole; i += 4) Block(in + i * from_step + a, from_step, out + i, to_step);
      if (whole < count) Plain(in + whole * from_step + a, from_step, out + whole, to_step, 4, count - whole);
    }
    Plain(in + whole_rows, from_step, to + whole_rows * to_step + b, to_step, rows - whole_rows, count);
  }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace safelight::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(TransposeT);

void Transpose(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step, int64_t rows, int64_t columns) {
  HWY_DYNAMIC_DISPATCH(TransposeT)(from, from_step, to, to_step, rows, columns);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
