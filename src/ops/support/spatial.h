// SPDX-License-Identifier: Apache-2.0
//
// Windows that slide over pictures: sizes, paddings and rows rules shared by convolutions and pools.
#pragma once

#include <cstdint>

#include "graph/op_def.h"
#include "kernels/elementwise.h"
#include "ops/support/clamped.h"

namespace safelight {

enum class Padding { kSame, kValid };

// One axis of a sliding window: output index y sees inputs y * stride - pad + k * dilation, k < taps.
struct SlidingAxis {
  int64_t in = 0, out = 0;
  int64_t taps = 1, stride = 1, dilation = 1, pad = 0;
  int64_t extent() const { return (taps - 1) * dilation + 1; }
  AxisRule Rule(int axis) const { return AxisRule::Window(axis, in, stride, -pad, extent()); }
  // The taps of output y that lie inside the input.
  Range ValidTaps(int64_t y) const;
  // The outputs all of whose taps lie inside.
  Range Interior() const;
  // The input under tap k of output y.
  int64_t InputOf(int64_t y, int64_t k) const { return y * stride - pad + k * dilation; }
};

// Neighbouring output pixels of one row that see the same taps along x.
struct PixelRun {
  int64_t x = 0;
  int64_t pixels = 0;
  Range taps;
};
// The longest run from `x` on, up to `end`. One pixel where columns are split into a ring, which may wrap anywhere.
PixelRun NextPixels(const SlidingAxis& columns, const Window& in, const Window& out, int64_t x, int64_t end);

// Sizes as TFLite computes them; SAME puts the smaller half of the padding first. Errors name what is wrong.
Result<SlidingAxis> MakeSlidingAxis(int64_t in, int64_t taps, int64_t stride, int64_t dilation, Padding padding);

// Options common to convolutions and pools, read from the slots given (-1: the option does not exist).
struct SlidingAttrs : ClampedAs<SlidingAttrs> {
  Padding padding = Padding::kSame;
  int64_t stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int64_t filter_h = 1, filter_w = 1;  // pools only
  int64_t multiplier = 1;              // depthwise only
};
struct SlidingSlots {
  int padding, stride_w, stride_h, activation, dilation_w, dilation_h, filter_w, filter_h, multiplier;
};
Result<std::shared_ptr<const OpAttrs>> ReadSliding(const AttrReader& reader, const SlidingSlots& slots);

struct Sliding {
  SlidingAxis rows, columns;
};
// Of an n h w c input and a filter of the given size.
Result<Sliding> MakeSliding(const Shape& in, int64_t filter_h, int64_t filter_w, const SlidingAttrs& attrs);

// n h w c with rank 4; the error names the input.
Status CheckPicture(const OpContext& context, int input);
// Bias (input 2) absent, or one number for each of `channels`.
Status CheckBias(const OpContext& context, int input, int64_t channels);
// float32 data and weights, else a sentence that says which arithmetic is not built.
Status CheckFloat(const OpContext& context);

}  // namespace safelight
