// SPDX-License-Identifier: Apache-2.0
#include "ops/support/resize_axis.h"

#include <algorithm>
#include <cmath>

#include "ops/support/spatial.h"

namespace safelight {
namespace {

constexpr int64_t kMaxSize = int64_t{1} << 24;

float ScaleOf(int64_t in, int64_t out, bool align_corners) {
  if (align_corners && out > 1) return static_cast<float>(in - 1) / static_cast<float>(out - 1);
  return static_cast<float>(in) / static_cast<float>(out);
}

}  // namespace

Result<std::shared_ptr<const OpAttrs>> ReadResize(const AttrReader& reader, int align_slot, int half_slot) {
  auto attrs = std::make_shared<ResizeAttrs>();
  attrs->align_corners = reader.Bool(align_slot, false);
  attrs->half_pixel_centers = reader.Bool(half_slot, false);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

std::vector<ResizeTap> BilinearTaps(int64_t in, int64_t out, const ResizeAttrs& attrs) {
  const float scale = ScaleOf(in, out, attrs.align_corners);
  std::vector<ResizeTap> taps(static_cast<size_t>(out));
  for (int64_t y = 0; y < out; ++y) {
    const float at =
        attrs.half_pixel_centers ? (static_cast<float>(y) + 0.5f) * scale - 0.5f : static_cast<float>(y) * scale;
    const float floor = std::floor(at);
    taps[y].low = std::clamp<int64_t>(static_cast<int64_t>(floor), 0, in - 1);
    taps[y].high = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(at)), 0, in - 1);
    // TFLite weighs with the distance to the clamped lower index, which is what keeps borders flat.
    taps[y].weight = at - static_cast<float>(std::max<int64_t>(static_cast<int64_t>(floor), 0));
  }
  return taps;
}

std::vector<ResizeTap> NearestTaps(int64_t in, int64_t out, const ResizeAttrs& attrs) {
  const float scale = ScaleOf(in, out, attrs.align_corners);
  const float offset = attrs.half_pixel_centers ? 0.5f : 0.0f;
  std::vector<ResizeTap> taps(static_cast<size_t>(out));
  for (int64_t y = 0; y < out; ++y) {
    const float at = (static_cast<float>(y) + offset) * scale;
    const int64_t index = static_cast<int64_t>(attrs.align_corners ? std::round(at) : std::floor(at));
    taps[y].low = taps[y].high = std::clamp<int64_t>(index, 0, in - 1);
  }
  return taps;
}

AxisRule ResizeRule(int axis, int64_t in, const std::vector<ResizeTap>& taps) {
  std::vector<Range> table;
  for (const ResizeTap& tap : taps) {
    table.push_back({std::min(tap.low, tap.high), std::max(tap.low, tap.high) + 1});
  }
  return AxisRule::Table(axis, in, std::move(table));
}

std::vector<ResizeTap> TapsOfAxis(const OpContext& context, int axis, ResizeTaps taps) {
  return taps(context.input(0).shape[axis], context.output(0).shape[axis], context.attrs<ResizeAttrs>());
}

std::vector<AxisRule> ResizeAxes(const OpContext& context, int out_axis, ResizeTaps taps) {
  if (out_axis == 3) return {};
  const int64_t in = context.input(0).shape[out_axis];
  const bool resized = out_axis == 1 || out_axis == 2;
  return {resized ? ResizeRule(out_axis, in, TapsOfAxis(context, out_axis, taps)) : AxisRule::Same(out_axis, in),
          AxisRule::All()};
}

Status InferResize(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  SL_ASSIGN(const std::vector<int64_t> size, context.ConstInts(1));
  const Shape& in = context.input(0).shape;
  if (size.size() != 2) return InvalidArgument("size of ", size.size(), " numbers, must be 2 (height, width)");
  for (int64_t s : size) {
    if (s < 1 || s > kMaxSize) return InvalidArgument("size ", s, ", must be 1 to ", kMaxSize);
  }
  if (in[1] < 1 || in[2] < 1) return InvalidArgument("input of shape ", in.ToString(), " is empty");
  context.SetOutput(0, context.input(0).dtype, {in[0], size[0], size[1], in[3]});
  return {};
}

namespace {

bool IsWholeRatio(int64_t a, int64_t b) { return a > 0 && b > 0 && (a % b == 0 || b % a == 0); }

// The picture's new size where `size` is its old one, rows and columns standing before the channels or behind them.
bool FollowPicture(const OpContext& before, const OpContext& after, std::vector<int64_t>* size) {
  if (before.graph().inputs.empty()) return false;
  const Shape& old_picture = before.graph().values[before.graph().inputs[0]].shape;
  const Shape& new_picture = after.graph().values[after.graph().inputs[0]].shape;
  for (int first = 1; first + 1 < old_picture.rank(); ++first) {
    if (old_picture[first] != (*size)[0] || old_picture[first + 1] != (*size)[1]) continue;
    *size = {new_picture[first], new_picture[first + 1]};
    return true;
  }
  return false;
}

}  // namespace

Result<std::vector<int64_t>> RescaleResize(const OpContext& before, const OpContext& after, int) {
  SL_ASSIGN(std::vector<int64_t> size, before.ConstInts(1));
  const Shape &old_in = before.input(0).shape, &new_in = after.input(0).shape;
  // A ratio such as 22 to 172 comes from strides that rounded up: such a target is meant as the picture's own size.
  const bool whole = IsWholeRatio(old_in[1], size[0]) && IsWholeRatio(old_in[2], size[1]);
  if (!whole && FollowPicture(before, after, &size)) return size;
  for (int i = 0; i < 2; ++i) {
    // Rounded: a ratio such as 33 from 65 has no exact counterpart at most sizes.
    size[i] = std::max<int64_t>(1, (size[i] * new_in[i + 1] * 2 + old_in[i + 1]) / (2 * old_in[i + 1]));
  }
  return size;
}

}  // namespace safelight
