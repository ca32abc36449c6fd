// SPDX-License-Identifier: Apache-2.0
//
// CONV_2D_SHUFFLE: a 3x3 convolution of stride 1 whose channels are stored as pixels: channel (dy * bw + dx) * C + c of
// pixel (y, x) becomes channel c of pixel (y * bh + dy, x * bw + dx), as in DEPTH_TO_SPACE. Only passes make it.
//
// It may have other filters along the borders of the picture: nine sets [top, inside, bottom][left, inside, right], of
// which the inner one is not used. So it can be all that a resize and the convolution after it do together.
//
// Inside it multiplies in Winograd tiles, on the convolution's own grid of 4; border pixels are direct sums. A piece of
// four rows is made in scratch and shuffled from there.
#include <algorithm>

#include "kernels/copy_runs.h"
#include "ops/support/shuffle.h"
#include "ops/support/spatial_filters.h"
#include "ops/support/winograd_filters.h"

namespace safelight {
namespace {

constexpr int kTile = 4, kTaps = 3, kPatch = 6;
constexpr int64_t kSets = 9;  // of filters

Sliding SlidingOf(const OpContext& context) {
  return *MakeSliding(context.input(0).shape, kTaps, kTaps, context.attrs<ShuffleAttrs>().conv);
}

Status Infer(InferContext& context) {
  SL_TRY(CheckPicture(context, 0));
  SL_TRY(CheckPicture(context, 1));
  const ShuffleAttrs& attrs = context.attrs<ShuffleAttrs>();
  const SlidingAttrs& conv = attrs.conv;
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape;
  const bool fits = filter[1] == kTaps && filter[2] == kTaps && filter[3] == in[3] && conv.stride_h == 1 &&
                    conv.stride_w == 1 && conv.dilation_h == 1 && conv.dilation_w == 1;
  if (!fits) return InvalidArgument("only ungrouped 3x3 filters of stride 1 are shuffled");
  const int64_t block = attrs.block_h * attrs.block_w;
  if (block < 1 || filter[0] % block != 0) {
    return InvalidArgument(filter[0], " channels do not divide into ", attrs.block_h, " by ", attrs.block_w);
  }
  SL_TRY(CheckBias(context, 2, filter[0]));
  SL_ASSIGN(const Sliding s, MakeSliding(in, kTaps, kTaps, conv));
  if (context.has_input(kShuffleBorders)) {
    const bool inside = s.rows.out == in[1] && s.columns.out == in[2] && in[1] > 1 && in[2] > 1;
    if (!inside || attrs.tail_first)
      return InvalidArgument("filters along borders are for pictures that keep their size");
    if (!(context.input(kShuffleBorders).shape == Shape{kSets * filter[0], kTaps, kTaps, in[3]})) {
      return InvalidArgument("filters along the borders of shape ", context.input(kShuffleBorders).shape.ToString());
    }
  }
  context.SetOutput(0, context.input(0).dtype, {in[0], s.rows.out, s.columns.out, filter[0]});
  if (attrs.tail_first) SL_TRY(CheckTail(context, attrs.tail, kShuffleInputs));
  context.SetOutput(0, context.input(0).dtype,
                    {in[0], s.rows.out * attrs.block_h, s.columns.out * attrs.block_w, filter[0] / block});
  return attrs.tail_first ? Status() : CheckTail(context, attrs.tail, kShuffleInputs);
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const ShuffleAttrs& attrs = context.attrs<ShuffleAttrs>();
  const Sliding s = SlidingOf(context);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  const auto rule = [&](const SlidingAxis& axis, int64_t block) {
    return AxisRule::Gridded(out_axis, axis.in, 1, -axis.pad * block, 2 * block + 1, kTile * block, block);
  };
  rules[0] = out_axis == 0   ? AxisRule::Same(0, context.input(0).shape[0])
             : out_axis == 1 ? rule(s.rows, attrs.block_h)
                             : rule(s.columns, attrs.block_w);
  SetTailRules(context, attrs.tail, out_axis, &rules);
  if (attrs.tail_first && attrs.tail.residual != kNone && out_axis > 0) {
    const int64_t size = out_axis == 1 ? s.rows.out : s.columns.out;
    rules[attrs.tail.residual] =
        AxisRule::Divided(out_axis, size, 1, 0, 1, out_axis == 1 ? attrs.block_h : attrs.block_w);
  }
  return rules;
}

Cost ShuffleCost(const OpContext& context) {
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape;
  const Sliding s = SlidingOf(context);
  const int64_t pixels = in[0] * s.rows.out * s.columns.out;
  Cost cost;
  cost.macs = pixels * filter[0] * kTaps * kTaps * filter[3];
  cost.macs_done = WinogradMacs(pixels, {filter[3], filter[0]});
  cost.other = context.output(0).shape.elements();
  cost.weight_bytes = WinogradWeightBytes({filter[3], filter[0]});
  return cost;
}

int Grain(const OpContext& context) {
  const ShuffleAttrs& attrs = context.attrs<ShuffleAttrs>();
  return kTile * static_cast<int>(std::max(attrs.block_h, attrs.block_w));
}

// Before, inside or behind: which set of filters an index of an axis belongs to.
int64_t PlaceOf(const SlidingAxis& axis, int64_t index) { return index == 0 ? 0 : index + 1 == axis.out ? 2 : 1; }

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  SL_TRY(CheckFloat(context));
  const ShuffleAttrs& attrs = context.attrs<ShuffleAttrs>();
  const Sliding s = SlidingOf(context);
  std::vector<Window> windows;
  for (const ConstTensorView& view : inputs) {
    windows.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const KernelArgs args{.inputs = windows, .outputs = {}, .box = {}, .scratch = nullptr};
  const bool borders = context.has_input(kShuffleBorders);
  const Window& filters = windows[borders ? kShuffleBorders : 1];
  const float* bias = context.has_input(2) ? static_cast<const float*>(inputs[2].data) : nullptr;
  const Shape& out = outputs[0].shape;
  const int64_t channels = context.input(1).shape[0];
  for (int64_t i = 0; i < out.elements(); ++i) {
    const int64_t index[] = {i / out[3] / out[2] / out[1], i / out[3] / out[2] % out[1], i / out[3] % out[2],
                             i % out[3]};
    const int64_t y = index[1] / attrs.block_h, x = index[2] / attrs.block_w;
    const int64_t in_block = index[1] % attrs.block_h * attrs.block_w + index[2] % attrs.block_w;
    const int64_t o = in_block * out[3] + index[3];
    const int64_t set = borders ? PlaceOf(s.rows, y) * 3 + PlaceOf(s.columns, x) : 0;
    float sum = bias == nullptr ? 0.0f : bias[o];
    const Range ky = s.rows.ValidTaps(y), kx = s.columns.ValidTaps(x);
    for (int64_t v = ky.begin; v < ky.end; ++v) {
      for (int64_t u = kx.begin; u < kx.end; ++u) {
        const float* from = windows[0].Pixel<float>(index[0], s.rows.InputOf(y, v), s.columns.InputOf(x, u));
        const float* weights = filters.Pixel<float>(set * channels + o, v, u);
        for (int64_t c = 0; c < inputs[0].shape[3]; ++c) sum += from[c] * weights[c];
      }
    }
    const int64_t conv_index[] = {index[0], y, x, o};
    static_cast<float*>(outputs[0].data)[i] =
        ApplyTail(attrs.tail, attrs.clamp, args, attrs.tail_first ? conv_index : index, sum);
  }
  return {};
}

class ShuffleKernel : public Kernel {
 public:
  ShuffleKernel(const OpContext& context, const PrepareOptions& options)
      : attrs_(context.attrs<ShuffleAttrs>()), sliding_(SlidingOf(context)) {
    const Shape& filter = context.input(1).shape;
    size_ = {filter[3], filter[0], kTaps};
    border_size_ = {filter[3], filter[0], kTaps, kTaps};
    const float* bias = context.has_input(2) ? context.constant<float>(2) : nullptr;
    packed_ = PackWinogradFilters(size_, context.constant<float>(1), bias, options.pack_cache);
    if (!context.has_input(kShuffleBorders)) return;
    const int64_t set_floats = filter.elements();
    for (int64_t set = 0; set < kSets; ++set) {
      const float* weights = context.constant<float>(kShuffleBorders) + set * set_floats;
      borders_.push_back(PackFilters(border_size_, 1, weights, bias, options.pack_cache)[0]);
    }
  }

  size_t scratch_bytes() const override {
    return AlignUp(kernels::WinogradScratchBytes(size_)) +
           static_cast<size_t>(kTile * Piece() * size_.out_channels) * sizeof(float);
  }

  Status Run(const KernelArgs& args) const override {
    if (args.inputs[0].row_axis == 2 || args.outputs[0].row_axis == 2)
      return Internal("a shuffle on a ring of columns");
    const Range* box = args.box.axis;
    const int64_t bh = attrs_.block_h, bw = attrs_.block_w, piece = Piece();
    const Range rows{box[1].begin / bh, (box[1].end + bh - 1) / bh};
    const int64_t end = (box[2].end + bw - 1) / bw;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = rows.begin / kTile * kTile; y < rows.end; y += kTile) {
        const Range tile_rows{std::max(y, rows.begin), std::min(y + kTile, rows.end)};
        for (int64_t x = box[2].begin / bw, next; x < end; x = next) {
          next = std::min(end, x / piece * piece + piece);
          MakePiece(args, n, y, tile_rows, {x, next});
        }
      }
    }
    return {};
  }

 private:
  // Columns of the convolution that are made before they are shuffled: whole blocks of tiles, near the first cache.
  int64_t Piece() const {
    constexpr int64_t kBlock = 48, kFloats = 2048;
    return std::clamp<int64_t>(kFloats / size_.out_channels, kBlock, 4 * kBlock) / kBlock * kBlock;
  }
  float* Made(const KernelArgs& args) const {
    return reinterpret_cast<float*>(args.scratch + AlignUp(kernels::WinogradScratchBytes(size_)));
  }

  // Row `r` of the tiles that begin in row y stands r * Piece() pixels into what is made, from column columns.begin on.
  void MakePiece(const KernelArgs& args, int64_t n, int64_t y, Range rows, Range columns) const {
    MakeTiles(args, n, y, rows, columns);
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      float* const made = Made(args) + (row - y) * Piece() * size_.out_channels;
      if (!borders_.empty()) MakeBorders(args, n, row, columns, made);
      Store(args, n, row, columns, made);
    }
  }

  void MakeTiles(const KernelArgs& args, int64_t n, int64_t y, Range rows, Range columns) const {
    const Window& in = args.inputs[0];
    kernels::WinogradStrip strip;
    for (int64_t r = 0; r < kPatch; ++r) {
      const int64_t from = y + r - sliding_.rows.pad;
      strip.in[r] = from >= 0 && from < sliding_.rows.in ? in.Pixel<float>(n, from, 0) : nullptr;
    }
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      strip.out[row - y] = Made(args) + ((row - y) * Piece() - columns.begin) * size_.out_channels;
    }
    strip.in_step = in.strides[2];
    strip.out_step = size_.out_channels;
    strip.width = sliding_.columns.in;
    strip.pad = sliding_.columns.pad;
    strip.x_begin = columns.begin;
    strip.x_end = columns.end;
    const kernels::Clamp clamp = InnerClamp();
    strip.low = clamp.low;
    strip.high = clamp.high;
    if (attrs_.tail_first) SetTail(args, n, y, rows, &strip);
    strip.scratch = reinterpret_cast<float*>(args.scratch);
    kernels::RunWinograd(size_, reinterpret_cast<const float*>(packed_->data()), strip);
  }

  // A tail behind the shuffle limits its results itself.
  kernels::Clamp InnerClamp() const {
    return attrs_.tail_first || attrs_.tail.empty() ? attrs_.clamp : kernels::Clamp{};
  }

  void SetTail(const KernelArgs& args, int64_t n, int64_t y, Range rows, kernels::WinogradStrip* strip) const {
    const Tail& tail = attrs_.tail;
    if (tail.slopes != kNone) strip->slopes = args.inputs[tail.slopes].at<float>(0);
    if (tail.residual == kNone) return;
    const Window& residual = args.inputs[tail.residual];
    for (int64_t row = rows.begin; row < rows.end; ++row) strip->residual[row - y] = residual.Pixel<float>(n, row, 0);
    strip->residual_step = residual.strides[2];
    strip->residual_use =
        tail.residual_last ? kernels::WinogradResidual::kAfterActivation : kernels::WinogradResidual::kBeforeActivation;
  }

  // Pixels of `row` on the border once more, with their own filters.
  void MakeBorders(const KernelArgs& args, int64_t n, int64_t row, Range columns, float* made) const {
    const int64_t last = sliding_.columns.out - 1;
    const bool whole_row = PlaceOf(sliding_.rows, row) != 1;
    for (int64_t x = columns.begin, next; x < columns.end; x = next) {
      const bool inside = x > 0 && x < last;
      next = inside ? std::min(last, columns.end) : x + 1;
      if (inside && !whole_row) continue;
      MakeBorderPixels(args, n, row, {x, next}, made + (x - columns.begin) * size_.out_channels);
    }
  }

  void MakeBorderPixels(const KernelArgs& args, int64_t n, int64_t row, Range xs, float* out) const {
    const Window& in = args.inputs[0];
    const Range ky = sliding_.rows.ValidTaps(row), kx = sliding_.columns.ValidTaps(xs.begin);
    kernels::ConvRun runs[kTaps];
    int64_t count = 0;
    for (int64_t k = ky.begin; k < ky.end; ++k, ++count) {
      const float* from =
          in.Pixel<float>(n, sliding_.rows.InputOf(row, k), sliding_.columns.InputOf(xs.begin, kx.begin));
      runs[count] = {from, (k * kTaps + kx.begin) * size_.in_channels, kx.size() * size_.in_channels};
    }
    const int64_t set = PlaceOf(sliding_.rows, row) * 3 + PlaceOf(sliding_.columns, xs.begin);
    const kernels::Clamp clamp = InnerClamp();
    kernels::RunConv(border_size_, reinterpret_cast<const float*>(borders_[set]->data()),
                     {.runs = runs,
                      .num_runs = count,
                      .in_step = in.strides[2],
                      .out = out,
                      .out_step = size_.out_channels,
                      .pixels = xs.size(),
                      .low = clamp.low,
                      .high = clamp.high});
  }

  // Shuffles the part of what is made that lies in the box.
  void Store(const KernelArgs& args, int64_t n, int64_t row, Range columns, const float* made) const {
    const Window& out = args.outputs[0];
    const int64_t bh = attrs_.block_h, bw = attrs_.block_w, channels = out.shape[3];
    const Range ys{std::max(row * bh, args.box.axis[1].begin), std::min((row + 1) * bh, args.box.axis[1].end)};
    const Range xs{std::max(columns.begin * bw, args.box.axis[2].begin),
                   std::min(columns.end * bw, args.box.axis[2].end)};
    for (int64_t y = ys.begin; y < ys.end; ++y) {
      for (int64_t x = xs.begin, count; x < xs.end; x += count) {
        // Whole pixels of the convolution together; a part of one at either end.
        const int64_t first = x % bw, whole = first == 0 ? (xs.end - x) / bw : 0;
        count = whole > 0 ? whole * bw : std::min(bw - first, xs.end - x);
        const int64_t run = whole > 0 ? bw : count;
        const float* from =
            made + (x / bw - columns.begin) * size_.out_channels + ((y - row * bh) * bw + first) * channels;
        kernels::CopyRuns(reinterpret_cast<const std::byte*>(from), size_.out_channels * int64_t{sizeof(float)},
                          reinterpret_cast<std::byte*>(out.Pixel<float>(n, y, x)),
                          bw * out.strides[2] * int64_t{sizeof(float)},
                          static_cast<size_t>(run * channels) * sizeof(float), std::max<int64_t>(whole, 1));
      }
      if (attrs_.tail_first || attrs_.tail.empty()) continue;
      RunTail(attrs_.tail, attrs_.clamp, args, {.n = n, .y = y, .x = xs.begin, .pixels = xs.size()});
    }
  }

  const ShuffleAttrs attrs_;
  const Sliding sliding_;
  kernels::WinogradSize size_;
  kernels::ConvSize border_size_;
  std::shared_ptr<const AlignedBuffer> packed_;
  PackedFilters borders_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  SL_TRY(CheckFloat(context));
  for (int i : {1, 2, kShuffleBorders}) {
    if (context.has_input(i) && !context.input(i).is_constant()) return Unsupported("weights computed at run time");
  }
  return std::unique_ptr<Kernel>(std::make_unique<ShuffleKernel>(context, options));
}

}  // namespace

extern const OpDef conv_2d_shuffle_op;
const OpDef conv_2d_shuffle_op{
    .name = "CONV_2D_SHUFFLE",
    .min_inputs = 2,
    .max_inputs = kShuffleInputs + 2,
    .infer = Infer,
    .axes = Axes,
    .grain = Grain,
    .cost = ShuffleCost,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
