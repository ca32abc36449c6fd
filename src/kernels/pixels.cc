// SPDX-License-Identifier: Apache-2.0
//
// Channels are taken apart as integers, in whole vectors and a scalar tail that moves the same numbers; arithmetic
// happens on planes, whose tails go through image_rows.h or a padded buffer.
#include "kernels/pixels.h"

#include <cstring>

#include "kernels/image_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pixels.cc"
#include "hwy/foreach_target.h"  // NOLINT(build/include_order): Highway's own order
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace safelight::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;

template <typename T>
void Deinterleave(const T* source, int channels, size_t count, T* const* planes) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  hn::Vec<decltype(d)> a, b, c, e;
  for (; i + lanes <= count; i += lanes) {
    const T* from = source + i * static_cast<size_t>(channels);
    if (channels == 2) {
      hn::LoadInterleaved2(d, from, a, b);
    } else if (channels == 3) {
      hn::LoadInterleaved3(d, from, a, b, c);
      hn::StoreU(c, d, planes[2] + i);
    } else {
      hn::LoadInterleaved4(d, from, a, b, c, e);
      hn::StoreU(c, d, planes[2] + i);
      hn::StoreU(e, d, planes[3] + i);
    }
    hn::StoreU(a, d, planes[0] + i);
    hn::StoreU(b, d, planes[1] + i);
  }
  for (; i < count; ++i) {
    for (int k = 0; k < channels; ++k)
      planes[k][i] = source[i * static_cast<size_t>(channels) + static_cast<size_t>(k)];
  }
}

template <typename T>
void Interleave(const T* const* planes, int channels, size_t count, T* target) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    T* to = target + i * static_cast<size_t>(channels);
    const auto a = hn::LoadU(d, planes[0] + i), b = hn::LoadU(d, planes[1] + i);
    if (channels == 2) {
      hn::StoreInterleaved2(a, b, d, to);
    } else if (channels == 3) {
      hn::StoreInterleaved3(a, b, hn::LoadU(d, planes[2] + i), d, to);
    } else {
      hn::StoreInterleaved4(a, b, hn::LoadU(d, planes[2] + i), hn::LoadU(d, planes[3] + i), d, to);
    }
  }
  for (; i < count; ++i) {
    for (int k = 0; k < channels; ++k)
      target[i * static_cast<size_t>(channels) + static_cast<size_t>(k)] = planes[k][i];
  }
}

void DeinterleaveU8(const uint8_t* source, int channels, size_t count, uint8_t* const* planes) {
  Deinterleave(source, channels, count, planes);
}
void DeinterleaveU16(const uint16_t* source, int channels, size_t count, uint16_t* const* planes) {
  Deinterleave(source, channels, count, planes);
}
void DeinterleaveF32(const float* source, int channels, size_t count, float* const* planes) {
  Deinterleave(source, channels, count, planes);
}
void InterleaveU8(const uint8_t* const* planes, int channels, size_t count, uint8_t* target) {
  Interleave(planes, channels, count, target);
}
void InterleaveU16(const uint16_t* const* planes, int channels, size_t count, uint16_t* target) {
  Interleave(planes, channels, count, target);
}
void InterleaveF32(const float* const* planes, int channels, size_t count, float* target) {
  Interleave(planes, channels, count, target);
}

void ScalePlane(const float* source, size_t count, float divisor, float factor, float* target) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  const auto by = hn::Set(d, divisor), times = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Mul(hn::Div(hn::LoadU(d, source + i), by), times), d, target + i);
  }
  for (; i < count; ++i) target[i] = source[i] / divisor * factor;
}

void MixPlane(const float* const* in, int in_planes, const float* weights, float offset, size_t count, float* out) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float tail[kPixelChunk];
  for (size_t i = 0; i < count; i += lanes) {
    const size_t here = count - i < lanes ? count - i : lanes;
    auto sum = hn::Set(d, offset);
    for (int j = 0; j < in_planes; ++j) {
      if (weights[j] == 0) continue;
      const float* from = in[j] + i;
      if (here < lanes) {
        std::memset(tail, 0, lanes * sizeof(float));
        std::memcpy(tail, from, here * sizeof(float));
        from = tail;
      }
      sum = hn::MulAdd(hn::Set(d, weights[j]), hn::LoadU(d, from), sum);
    }
    if (here == lanes) {
      hn::StoreU(sum, d, out + i);
    } else {
      hn::StoreU(sum, d, tail);
      std::memcpy(out + i, tail, here * sizeof(float));
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace safelight::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace safelight::kernels {

HWY_EXPORT(DeinterleaveU8);
HWY_EXPORT(DeinterleaveU16);
HWY_EXPORT(DeinterleaveF32);
HWY_EXPORT(InterleaveU8);
HWY_EXPORT(InterleaveU16);
HWY_EXPORT(InterleaveF32);
HWY_EXPORT(ScalePlane);
HWY_EXPORT(MixPlane);

namespace {

// Planes of a chunk in the pixels' own type.
template <typename T>
struct Planes {
  T memory[4][kPixelChunk];
  T* rows[4] = {memory[0], memory[1], memory[2], memory[3]};
};

}  // namespace

void LoadPixels(const void* source, PixelForm form, int channels, size_t count, float divisor, float* const* planes) {
  if (form == PixelForm::kU8) {
    const auto* from = static_cast<const uint8_t*>(source);
    if (channels == 1) return ImageU8ToF32(from, count, divisor, planes[0]);
    Planes<uint8_t> apart;
    HWY_DYNAMIC_DISPATCH(DeinterleaveU8)(from, channels, count, apart.rows);
    for (int c = 0; c < channels; ++c) ImageU8ToF32(apart.rows[c], count, divisor, planes[c]);
  } else if (form == PixelForm::kU16) {
    const auto* from = static_cast<const uint16_t*>(source);
    if (channels == 1) return ImageU16ToF32(from, count, divisor, planes[0]);
    Planes<uint16_t> apart;
    HWY_DYNAMIC_DISPATCH(DeinterleaveU16)(from, channels, count, apart.rows);
    for (int c = 0; c < channels; ++c) ImageU16ToF32(apart.rows[c], count, divisor, planes[c]);
  } else {
    const auto* from = static_cast<const float*>(source);
    if (channels == 1) return HWY_DYNAMIC_DISPATCH(ScalePlane)(from, count, divisor, 1, planes[0]);
    HWY_DYNAMIC_DISPATCH(DeinterleaveF32)(from, channels, count, planes);
    for (int c = 0; c < channels; ++c) HWY_DYNAMIC_DISPATCH(ScalePlane)(planes[c], count, divisor, 1, planes[c]);
  }
}

void StorePixels(const float* const* planes, int channels, size_t count, float factor, PixelForm form, void* target) {
  if (form == PixelForm::kU8) {
    auto* to = static_cast<uint8_t*>(target);
    if (channels == 1) return ImageF32ToU8(planes[0], count, factor, to);
    Planes<uint8_t> apart;
    for (int c = 0; c < channels; ++c) ImageF32ToU8(planes[c], count, factor, apart.rows[c]);
    HWY_DYNAMIC_DISPATCH(InterleaveU8)(apart.rows, channels, count, to);
  } else if (form == PixelForm::kU16) {
    auto* to = static_cast<uint16_t*>(target);
    if (channels == 1) return ImageF32ToU16(planes[0], count, factor, to);
    Planes<uint16_t> apart;
    for (int c = 0; c < channels; ++c) ImageF32ToU16(planes[c], count, factor, apart.rows[c]);
    HWY_DYNAMIC_DISPATCH(InterleaveU16)(apart.rows, channels, count, to);
  } else {
    auto* to = static_cast<float*>(target);
    if (channels == 1) return HWY_DYNAMIC_DISPATCH(ScalePlane)(planes[0], count, 1, factor, to);
    Planes<float> apart;
    for (int c = 0; c < channels; ++c) HWY_DYNAMIC_DISPATCH(ScalePlane)(planes[c], count, 1, factor, apart.rows[c]);
    HWY_DYNAMIC_DISPATCH(InterleaveF32)(apart.rows, channels, count, to);
  }
}

void MixPlanes(const float* const* in, int in_planes, const float* weights, const float* offsets, size_t count,
               int out_planes, float* const* out) {
  for (int k = 0; k < out_planes; ++k) {
    HWY_DYNAMIC_DISPATCH(MixPlane)(in, in_planes, weights + k * in_planes, offsets[k], count, out[k]);
  }
}

}  // namespace safelight::kernels
#endif  // HWY_ONCE
