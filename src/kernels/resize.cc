// SPDX-License-Identifier: Apache-2.0
#include "kernels/resize.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/resize.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One vector of channels from `c` on.
template <class D>
HWY_INLINE void Blend(D d, const BlendRow& row, const BlendColumn& column, int64_t c, float* out) {
  const auto v = hn::Set(d, row.weight), u = hn::Set(d, column.weight);
  const auto rest_v = hn::Set(d, 1 - row.weight), rest_u = hn::Set(d, 1 - column.weight);
  const auto top_left = hn::Mul(hn::Mul(hn::LoadU(d, row.top + column.left + c), rest_v), rest_u);
  const auto bottom_left = hn::Mul(hn::Mul(hn::LoadU(d, row.bottom + column.left + c), v), rest_u);
  const auto top_right = hn::Mul(hn::Mul(hn::LoadU(d, row.top + column.right + c), rest_v), u);
  const auto bottom_right = hn::Mul(hn::Mul(hn::LoadU(d, row.bottom + column.right + c), v), u);
  hn::StoreU(hn::Add(hn::Add(hn::Add(top_left, bottom_left), top_right), bottom_right), d, out + c);
}

void Run(const BlendRow& row) {
  const hn::CappedTag<float, 16> wide;
  const hn::CappedTag<float, 4> least;
  const hn::CappedTag<float, 1> one;
  const int64_t wide_lanes = static_cast<int64_t>(hn::Lanes(wide)), lanes = static_cast<int64_t>(hn::Lanes(least));
  int64_t i = 0;
  if (row.channels < lanes && row.out_step == row.channels) {
    // A whole vector reaches into pixels that exist, and spoils only such as are made next.
    const int64_t read_end = row.columns[row.pixels - 1].right + row.channels - lanes;
    for (; (row.pixels - 1 - i) * row.out_step + row.channels >= lanes; ++i) {
      if (row.columns[i].left > read_end || row.columns[i].right > read_end) break;
      Blend(least, row, row.columns[i], 0, row.out + i * row.out_step);
    }
  }
  for (; i < row.pixels; ++i) {
    float* out = row.out + i * row.out_step;
    int64_t c = 0;
    for (; c + wide_lanes <= row.channels; c += wide_lanes) Blend(wide, row, row.columns[i], c, out);
    for (; c + lanes <= row.channels; c += lanes) Blend(least, row, row.columns[i], c, out);
    for (; c < row.channels; ++c) Blend(one, row, row.columns[i], c, out);
  }
}

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Run);
}  // namespace

void RunBlendRow(const BlendRow& row) { HWY_DYNAMIC_DISPATCH(Run)(row); }

}  // namespace safelight::kernels
#endif  // HWY_ONCE
