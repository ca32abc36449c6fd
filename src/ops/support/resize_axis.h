// SPDX-License-Identifier: Apache-2.0
//
// Source coordinates of RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR, in TFLite's own float32 expressions.
// The rows rule and the kernel both use these tables, so they cannot disagree.
#pragma once

#include <vector>

#include "graph/op_def.h"

namespace safelight {

struct ResizeAttrs : OpAttrs {
  bool align_corners = false, half_pixel_centers = false;
};
// Slots of the two options.
Result<std::shared_ptr<const OpAttrs>> ReadResize(const AttrReader& reader, int align_slot, int half_slot);

// Where one output index looks: (1 - weight) * in[low] + weight * in[high].
struct ResizeTap {
  int64_t low = 0, high = 0;
  float weight = 0;
};
std::vector<ResizeTap> BilinearTaps(int64_t in, int64_t out, const ResizeAttrs& attrs);
// The same with weight 0 and low == high.
std::vector<ResizeTap> NearestTaps(int64_t in, int64_t out, const ResizeAttrs& attrs);
AxisRule ResizeRule(int axis, int64_t in, const std::vector<ResizeTap>& taps);

// The rows rule of either resize, from the taps of `out_axis`. Channels stay together.
using ResizeTaps = std::vector<ResizeTap> (*)(int64_t in, int64_t out, const ResizeAttrs& attrs);
std::vector<AxisRule> ResizeAxes(const OpContext& context, int out_axis, ResizeTaps taps);
// The taps of rows (axis 1) or columns (axis 2) of a node that passed InferResize.
std::vector<ResizeTap> TapsOfAxis(const OpContext& context, int axis, ResizeTaps taps);

Status InferResize(InferContext& context);
// The sizes keep their ratio to the input; the picture's own size by no whole ratio stays the picture's size.
Result<std::vector<int64_t>> RescaleResize(const OpContext& before, const OpContext& after, int input);

}  // namespace safelight
