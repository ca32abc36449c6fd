// SPDX-License-Identifier: Apache-2.0
#include "ops/support/spatial.h"

#include <algorithm>

#include "ops/support/elementwise.h"

namespace safelight {
namespace {

constexpr int64_t kMaxOption = int64_t{1} << 24;

Status CheckAtLeastOne(const char* name, int64_t value) {
  if (value >= 1 && value <= kMaxOption) return {};
  return InvalidArgument(name, " ", value, ", must be 1 to ", kMaxOption);
}

}  // namespace

Range SlidingAxis::ValidTaps(int64_t y) const {
  const int64_t start = y * stride - pad;
  const int64_t first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  const int64_t last = start >= in ? 0 : std::min(taps, (in - start + dilation - 1) / dilation);
  return {std::min(first, taps), last};
}

Range SlidingAxis::Interior() const {
  const int64_t first = std::min(out, (pad + stride - 1) / stride);
  const int64_t room = in - extent() + pad;
  const int64_t end = room < 0 ? first : std::min(out, room / stride + 1);
  return {first, std::max(first, end)};
}

PixelRun NextPixels(const SlidingAxis& columns, const Window& in, const Window& out, int64_t x, int64_t end) {
  const Range interior = columns.Interior();
  const bool together = in.row_axis != 2 && out.row_axis != 2 && x >= interior.begin && x < interior.end;
  return {x, together ? std::min(end, interior.end) - x : 1, columns.ValidTaps(x)};
}

Result<SlidingAxis> MakeSlidingAxis(int64_t in, int64_t taps, int64_t stride, int64_t dilation, Padding padding,
                                    const Pads& pads) {
  SlidingAxis axis{in, 0, taps, stride, dilation, 0};
  if (taps < 1 || taps > kMaxOption) return InvalidArgument("filter size ", taps, ", must be 1 to ", kMaxOption);
  if (in < 1) return InvalidArgument("input size ", in, ", must be at least 1");
  if (padding == Padding::kSame) {
    axis.out = (in + stride - 1) / stride;
    axis.pad = std::max<int64_t>((axis.out - 1) * stride + axis.extent() - in, 0) / 2;
  } else {
    const int64_t padded = padding == Padding::kExplicit ? pads.before + in + pads.after : in;
    if (padded < axis.extent()) {
      return InvalidArgument("a filter of extent ", axis.extent(), " does not fit into an input of ", padded,
                             " without padding");
    }
    axis.out = (padded - axis.extent()) / stride + 1;
    axis.pad = padding == Padding::kExplicit ? pads.before : 0;
  }
  return axis;
}

Result<std::shared_ptr<const OpAttrs>> ReadSliding(const AttrReader& reader, const SlidingSlots& slots) {
  auto attrs = std::make_shared<SlidingAttrs>();
  const int64_t padding = reader.Int(slots.padding, 0);
  if (padding != 0 && padding != 1) return InvalidArgument("padding ", padding, ", must be 0 (SAME) or 1 (VALID)");
  attrs->padding = padding == 0 ? Padding::kSame : Padding::kValid;
  const struct {
    const char* name;
    int slot;
    int64_t fallback;
    int64_t* value;
  } fields[] = {
      {"stride_w", slots.stride_w, 0, &attrs->stride_w},       {"stride_h", slots.stride_h, 0, &attrs->stride_h},
      {"dilation_w", slots.dilation_w, 1, &attrs->dilation_w}, {"dilation_h", slots.dilation_h, 1, &attrs->dilation_h},
      {"filter_width", slots.filter_w, 0, &attrs->filter_w},   {"filter_height", slots.filter_h, 0, &attrs->filter_h},
  };
  for (const auto& field : fields) {
    if (field.slot < 0) continue;
    *field.value = reader.Int(field.slot, field.fallback);
    SL_TRY(CheckAtLeastOne(field.name, *field.value));
  }
  if (slots.multiplier >= 0) attrs->multiplier = reader.Int(slots.multiplier, 0);
  SL_ASSIGN(attrs->clamp, ClampOfActivation(slots.activation < 0 ? 0 : reader.Int(slots.activation, 0)));
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

Result<Sliding> MakeSliding(const Shape& in, int64_t filter_h, int64_t filter_w, const SlidingAttrs& attrs) {
  Result<SlidingAxis> rows =
      MakeSlidingAxis(in[1], filter_h, attrs.stride_h, attrs.dilation_h, attrs.padding, attrs.pads_h);
  if (!rows.ok()) return rows.status().With("height");
  Result<SlidingAxis> columns =
      MakeSlidingAxis(in[2], filter_w, attrs.stride_w, attrs.dilation_w, attrs.padding, attrs.pads_w);
  if (!columns.ok()) return columns.status().With("width");
  return Sliding{*rows, *columns};
}

Status CheckPicture(const OpContext& context, int input) {
  const Shape& shape = context.input(input).shape;
  if (shape.rank() == 4) return {};
  return InvalidArgument("input ", input, " has shape ", shape.ToString(), ", must have rank 4 (n h w c)");
}

Status CheckBias(const OpContext& context, int input, int64_t channels) {
  if (!context.has_input(input)) return {};
  const Shape& shape = context.input(input).shape;
  if (shape.elements() == channels) return {};
  return InvalidArgument("bias of shape ", shape.ToString(), ", must have ", channels, " numbers");
}

Status CheckFloat(const OpContext& context) {
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i) || context.input(i).dtype == DType::kFloat32) continue;
    return Unsupported("input ", i, " is ", DTypeName(context.input(i).dtype), "; ", DTypeName(context.input(i).dtype),
                       " arithmetic is not built yet");
  }
  return {};
}

}  // namespace safelight
