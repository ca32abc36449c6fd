// SPDX-License-Identifier: Apache-2.0
#include "kernels/requantize.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/requantize.cc"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/highway.h>

#include "kernels/requantize-inl.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Sums = hn::CappedTag<int32_t, 16>;

// The channels from `c` on, of all pixels: a whole vector, or `few` of one.
template <Requantize::Rule rule, Results results, bool whole, typename T>
HWY_INLINE void Column(const Requantize& by, const SumPixels& p, int64_t c, int64_t few, T* out) {
  const Sums d;
  const hn::Rebind<T, Sums> to;
  Scaler<Sums, rule, results> scaler;
  scaler.Load(by, c);
  for (int64_t i = 0; i < p.pixels; ++i) {
    const auto x = hn::DemoteTo(to, scaler(hn::LoadU(d, p.sums + i * p.sum_step + c)));
    T* const at = out + i * p.out_step + c;
    if constexpr (whole) {
      hn::StoreU(x, to, at);
    } else {
      T last[16];
      hn::StoreU(x, to, last);
      std::copy(last, last + few, at);
    }
  }
}

template <Requantize::Rule rule, Results results, typename T>
void Columns(const Requantize& by, const SumPixels& p, T* out) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(Sums()));
  int64_t c = 0;
  for (; c + lanes <= p.channels; c += lanes) Column<rule, results, true>(by, p, c, lanes, out);
  if (c == p.channels) return;
  if (p.channels < lanes) return Column<rule, results, false>(by, p, 0, p.channels, out);
  // The last vector overlaps the one before it.
  Column<rule, results, true>(by, p, p.channels - lanes, lanes, out);
}

template <typename T>
void Pixels(const Requantize& by, const SumPixels& p, T* out) {
  using Rule = Requantize::Rule;
  if (by.rule == Rule::kWide) return Columns<Rule::kWide, Results::kAny>(by, p, out);
  if (by.rule == Rule::kAny) return Columns<Rule::kAny, Results::kAny>(by, p, out);
  switch (ResultsOf<T>(by)) {
    case Results::kAny: return Columns<Rule::kSmall, Results::kAny>(by, p, out);
    case Results::kPositive: return Columns<Rule::kSmall, Results::kPositive>(by, p, out);
    case Results::kWhole: return Columns<Rule::kSmall, Results::kWhole>(by, p, out);
  }
}

void Pixels8(const Requantize& by, const SumPixels& p, int8_t* out) { Pixels(by, p, out); }
void PixelsU8(const Requantize& by, const SumPixels& p, uint8_t* out) { Pixels(by, p, out); }
void Pixels16(const Requantize& by, const SumPixels& p, int16_t* out) { Pixels(by, p, out); }

}  // namespace safelight::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {
namespace {
HWY_EXPORT(Pixels8);
HWY_EXPORT(PixelsU8);
HWY_EXPORT(Pixels16);
}  // namespace

void RunRequantize(const Requantize& by, const SumPixels& pixels, int8_t* out) {
  HWY_DYNAMIC_DISPATCH(Pixels8)(by, pixels, out);
}
void RunRequantize(const Requantize& by, const SumPixels& pixels, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(PixelsU8)(by, pixels, out);
}
void RunRequantize(const Requantize& by, const SumPixels& pixels, int16_t* out) {
  HWY_DYNAMIC_DISPATCH(Pixels16)(by, pixels, out);
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
