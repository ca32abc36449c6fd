// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_winograd.h"

#include <algorithm>
#include <cstdlib>

#include "graph/pack_cache.h"
#include "kernels/int_product.h"
#include "kernels/int_winograd.h"
#include "ops/support/int_inputs.h"

namespace safelight {
namespace {

using kernels::kIntWinogradPatch;
using kernels::kIntWinogradPoints;
using kernels::kIntWinogradTile;

constexpr int64_t kTogether = 12;  // tiles that the product makes at once
// Of what one block of tiles takes, so that it stays in a core's own cache with the weights.
constexpr int64_t kBlockBytes = 224 << 10;

class WinogradKernel : public Kernel {
 public:
  WinogradKernel(const OpContext& context, const Sliding& sliding, SumScaling scaling, const PrepareOptions& options)
      : sliding_(sliding),
        in_(context.input(0).shape[3]),
        out_(context.output(0).shape[3]),
        dtype_(context.input(0).dtype),
        words_(dtype_ == DType::kInt16),
        scaling_(std::move(scaling)),
        padded_(kernels::PaddedChannels(out_)),
        tiles_(TilesOf()),
        packed_(Pack(context.input(1), options)) {
    scaling_.PrepareRows(Bounds(context.input(1)), context.has_input(2) ? &context.input(2) : nullptr);
  }

  // Sums and biases stay within 32 bits, or count modulo 2^32.
  bool fits() const { return !scaling_.sums_wide() && !scaling_.one_by_one(); }

  size_t scratch_bytes() const override { return static_cast<size_t>(BlockBytes(tiles_)); }

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      // Any tiles give the same bits; those on a grid are the ones that neighbours need not make again.
      for (int64_t y = box[1].begin; y < box[1].end; y += kIntWinogradTile) {
        const int64_t most = args.outputs[0].row_axis == 2 ? 1 : tiles_ * kIntWinogradTile;
        for (int64_t x = box[2].begin; x < box[2].end; x += most) {
          RunTiles(args, {n, y, x}, std::min(most, box[2].end - x), std::min(box[1].end - y, kIntWinogradTile));
        }
      }
    }
    return {};
  }

 private:
  struct Place {
    int64_t n, y, x;
  };

  int64_t size() const { return words_ ? 2 : 1; }  // of an input in bytes
  int64_t planes() const { return words_ ? 2 : 1; }
  // Inputs of a row under some tiles, and a vector more.
  static int64_t Columns(int64_t tiles) { return tiles * kIntWinogradTile + kIntWinogradPatch - kIntWinogradTile; }
  int64_t RowValues(int64_t tiles) const { return Columns(tiles) * in_ + 64; }
  int64_t GroupsOf() const { return (in_ + 1) / 2; }

  int64_t PatchBytes(int64_t tiles) const { return RoundUp(kIntWinogradPatch * RowValues(tiles) * size()); }
  int64_t RowBytes(int64_t tiles) const { return RoundUp(kIntWinogradPatch * RowValues(tiles) * 2); }
  // Points lie an odd number of cache lines apart, for a tile is read at all of them: against conflicts in L1.
  static int64_t OddLines(int64_t bytes) { return ((bytes + 63) / 64 | 1) * 64; }
  int64_t ValueStep(int64_t tiles) const {
    return OddLines(planes() * tiles * kernels::IntWinogradChannels(in_) * 2) / 2;
  }
  int64_t SumStep(int64_t tiles) const { return OddLines(planes() * tiles * padded_ * 4) / 4; }
  int64_t ValueBytes(int64_t tiles) const { return kIntWinogradPoints * ValueStep(tiles) * 2; }
  int64_t SumBytes(int64_t tiles) const { return kIntWinogradPoints * SumStep(tiles) * 4; }
  int64_t BlockBytes(int64_t tiles) const {
    return PatchBytes(tiles) + RowBytes(tiles) + ValueBytes(tiles) + SumBytes(tiles);
  }
  static int64_t RoundUp(int64_t bytes) { return (bytes + 63) / 64 * 64; }
  int64_t TilesOf() const { return BlockBytes(2 * kTogether) <= kBlockBytes ? 2 * kTogether : kTogether; }

  // Kernels see bytes as they are, so the zero point counts as often as there are taps.
  std::vector<SumBound> Bounds(const Value& weights) const {
    std::vector<SumBound> bounds;
    for (int64_t o = 0; o < out_; ++o) {
      SumBound bound;
      for (int64_t i = 0; i < 9 * in_; ++i) {
        const int64_t w = StoredAt(weights.dtype, weights.constant, o * 9 * in_ + i);
        bound.largest += std::abs(w) * scaling_.LargestInput(dtype_);
        bound.excess += w * scaling_.zero_point();
      }
      bounds.push_back(bound);
    }
    return bounds;
  }

  std::shared_ptr<const AlignedBuffer> Pack(const Value& weights, const PrepareOptions& options) const {
    const auto make = [&] {
      const size_t count = static_cast<size_t>(2 * GroupsOf() * out_),
                   bytes = kernels::IntPackedBytes(out_, GroupsOf());
      std::vector<int16_t> points(kIntWinogradPoints * count, 0);
      for (int64_t o = 0; o < out_; ++o) {
        for (int64_t i = 0; i < in_; ++i) {
          int16_t taps[9], at[kIntWinogradPoints];
          for (int64_t t = 0; t < 9; ++t) {
            taps[t] = static_cast<int16_t>(StoredAt(weights.dtype, weights.constant, (o * 9 + t) * in_ + i));
          }
          kernels::IntWinogradFilter(taps, at);
          for (size_t p = 0; p < kIntWinogradPoints; ++p) {
            points[p * count + static_cast<size_t>(o * 2 * GroupsOf() + i)] = at[p];
          }
        }
      }
      AlignedBuffer buffer(kIntWinogradPoints * bytes);
      for (size_t p = 0; p < kIntWinogradPoints; ++p) {
        kernels::PackInt(2, out_, GroupsOf(), points.data() + p * count, buffer.data() + p * bytes);
      }
      return buffer;
    };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(weights.constant,
                                   Cat("int winograd ", out_, "x", in_, " ", DTypeName(weights.dtype)), make);
  }

  // `columns` outputs of `rows` rows from `at` on.
  void RunTiles(const KernelArgs& args, const Place& at, int64_t columns, int64_t rows) const {
    const int64_t tiles = (columns + kIntWinogradTile - 1) / kIntWinogradTile;
    std::byte* const patch = args.scratch;
    auto* const transformed = reinterpret_cast<int16_t*>(patch + PatchBytes(tiles_));
    auto* const values = reinterpret_cast<int16_t*>(patch + PatchBytes(tiles_) + RowBytes(tiles_));
    auto* const sums = reinterpret_cast<int32_t*>(patch + PatchBytes(tiles_) + RowBytes(tiles_) + ValueBytes(tiles_));
    const std::byte* from[kIntWinogradPatch];
    for (int64_t r = 0; r < kIntWinogradPatch; ++r) {
      std::byte* const row = patch + r * RowValues(tiles_) * size();
      from[r] = FillRow(args.inputs[0], at, r, Columns(tiles), row);
    }
    // At each point the tiles of the lower bytes, then those of the upper ones, which meet the same weights.
    const int64_t tile_step = kernels::IntWinogradChannels(in_), point_step = ValueStep(tiles_);
    for (int64_t plane = 0; plane < planes(); ++plane) {
      const auto bytes = words_ ? (plane == 0 ? kernels::WinogradBytes::kLow : kernels::WinogradBytes::kHigh)
                         : dtype_ == DType::kInt8 ? kernels::WinogradBytes::kSigned
                                                  : kernels::WinogradBytes::kUnsigned;
      kernels::IntWinogradColumns(bytes, from, Columns(tiles) * in_, transformed, RowValues(tiles_));
      kernels::IntWinogradRows(transformed, RowValues(tiles_), in_, tiles,
                               {values + plane * tiles * tile_step, tile_step, point_step});
    }
    for (int64_t p = 0; p < kIntWinogradPoints; ++p) {
      const kernels::IntRun run{values + p * point_step, 0, GroupsOf()};
      kernels::PairProduct().run(out_, GroupsOf(),
                                 packed_->data() + static_cast<size_t>(p) * kernels::IntPackedBytes(out_, GroupsOf()),
                                 {.runs = &run,
                                  .num_runs = 1,
                                  .in_step = 2 * tile_step,
                                  .pixels = planes() * tiles,
                                  .sums = sums + p * SumStep(tiles_)});
    }
    Store(args, at, columns, rows, sums);
  }

  // Row `r` of the inputs under the tiles: in place where all of it lies in the picture, otherwise copied.
  const std::byte* FillRow(const Window& in, const Place& at, int64_t r, int64_t count, std::byte* to) const {
    const int64_t y = at.y + r - sliding_.rows.pad, first = at.x - sliding_.columns.pad;
    const IntInputs copy = words_ ? IntInputs(0) : IntInputs(scaling_.zero_point(), dtype_, dtype_ == DType::kInt8);
    if (y < 0 || y >= sliding_.rows.in) {
      copy.Zeros(count * in_, to);
      return to;
    }
    const int64_t begin = std::clamp<int64_t>(-first, 0, count);
    const int64_t end = std::clamp<int64_t>(sliding_.columns.in - first, begin, count);
    const auto place = [&](int64_t x) { return in.Offset(0, at.n) + in.Offset(1, y) + in.Offset(2, first + x); };
    const bool together = in.row_axis != 2 && in.strides[2] == in_;
    // Vectors that would read beyond the row need the copy's margin.
    if (together && begin == 0 && end == count && count * in_ % 32 == 0) return in.data + place(0) * size();
    copy.Zeros(begin * in_, to);
    if (together) {
      if (end > begin) copy.Copy(in, place(begin), (end - begin) * in_, to + begin * in_ * size());
    } else {
      for (int64_t x = begin; x < end; ++x) copy.Copy(in, place(x), in_, to + x * in_ * size());
    }
    copy.Zeros((count - end) * in_, to + end * in_ * size());
    return to;
  }

  void Store(const KernelArgs& args, const Place& at, int64_t columns, int64_t rows, const int32_t* sums) const {
    const Window& out = args.outputs[0];
    const int64_t tiles = (columns + kIntWinogradTile - 1) / kIntWinogradTile;
    kernels::WinogradProducts of{.products = sums,
                                 .high_products = words_ ? sums + tiles * padded_ : nullptr,
                                 .tile_step = padded_,
                                 .point_step = SumStep(tiles_),
                                 .channels = out_,
                                 .columns = columns,
                                 .out_step = out.strides[2]};
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t place = out.Offset(0, at.n) + out.Offset(1, at.y + r) + out.Offset(2, at.x);
      of.out[r] = out.data + place * static_cast<int64_t>(DTypeSize(out.dtype));
    }
    const kernels::Requantize by = scaling_.AsRequantize();
    switch (out.dtype) {
      case DType::kInt8: return kernels::RunIntWinogradOutputs(by, of, static_cast<int8_t*>(nullptr));
      case DType::kUInt8: return kernels::RunIntWinogradOutputs(by, of, static_cast<uint8_t*>(nullptr));
      default: return kernels::RunIntWinogradOutputs(by, of, static_cast<int16_t*>(nullptr));
    }
  }

  const Sliding sliding_;
  const int64_t in_, out_;
  const DType dtype_;
  const bool words_;
  SumScaling scaling_;
  const int64_t padded_, tiles_;
  const std::shared_ptr<const AlignedBuffer> packed_;
};

// Sums stay within what the shifts leave, whatever the inputs are.
bool SumsFit(const OpContext& context) {
  const Value &weights = context.input(1), &data = context.input(0);
  const int64_t inner = 9 * data.shape[3];
  const int64_t largest = data.dtype == DType::kInt8 ? 128 : 255;
  for (int64_t o = 0; o < context.output(0).shape[3]; ++o) {
    int64_t total = 0;
    for (int64_t i = 0; i < inner; ++i) total += std::abs(StoredAt(weights.dtype, weights.constant, o * inner + i));
    if (total * largest >= kernels::kIntWinogradLargest) return false;
  }
  return true;
}

}  // namespace

Cost IntWinogradCost(const OpContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  const int64_t pixels = out.Product(0, 3), planes = context.input(0).dtype == DType::kInt16 ? 2 : 1;
  const double products = 2.25 * static_cast<double>(in[3] * ((out[3] + 7) / 8 * 8));
  // Transforms take about as long as so many products.
  const double transforms = 7 * static_cast<double>(in[3]) + 12 * static_cast<double>(out[3]);
  Cost cost;
  cost.macs = pixels * out[3] * 9 * in[3];
  cost.macs_done = static_cast<int64_t>(static_cast<double>(pixels * planes) * (products + transforms) / 1.6);
  cost.weight_bytes = kernels::kIntWinogradPoints * 2 * in[3] * out[3];
  return cost;
}

bool IntWinogradPays(const OpContext& context, const Sliding& sliding) {
  const Value &data = context.input(0), &weights = context.input(1);
  const auto plain = [](const SlidingAxis& axis) { return axis.taps == 3 && axis.stride == 1 && axis.dilation == 1; };
  const bool constant = weights.is_constant() && (!context.has_input(2) || context.input(2).is_constant());
  const bool bytes = weights.dtype == DType::kInt8 || weights.dtype == DType::kInt4;
  if (!constant || !bytes || !plain(sliding.rows) || !plain(sliding.columns)) return false;
  if (weights.shape[3] != data.shape[3] || context.output(0).dtype != data.dtype) return false;
  if (sliding.rows.out < 2 * kIntWinogradTile || sliding.columns.out < 2 * kIntWinogradTile) return false;
  return data.shape[3] >= 12 && weights.shape[0] >= 12 && SumsFit(context);
}

std::unique_ptr<Kernel> PrepareIntWinograd(const OpContext& context, const Sliding& sliding, const SumScaling& scaling,
                                           const PrepareOptions& options) {
  auto kernel = std::make_unique<WinogradKernel>(context, sliding, scaling, options);
  return kernel->fits() ? std::move(kernel) : nullptr;
}

}  // namespace safelight
