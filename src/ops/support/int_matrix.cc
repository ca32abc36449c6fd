// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_matrix.h"

#include <algorithm>
#include <cstdlib>

namespace safelight {
namespace {

// At most so many pairs may be summed in 32 bits: 510 products of 2^7 and 2^15.
constexpr int64_t kPairsOf32Bits = 255;

}  // namespace

struct IntMatrix::Sizes {
  bool bytes = true;                // all weights fit into int8
  std::vector<int64_t> sum, total;  // of each output channel: of the weights, and of their absolute values
};

IntMatrix::IntMatrix(SumScaling scaling, const Value& data, const Value& weights, const Value* bias,
                     const Filters& filters, PackCache* cache)
    : scaling_(std::move(scaling)),
      inputs_(scaling_.zero_point()),
      product_(&kernels::PairProduct()),
      groups_(filters.groups),
      group_out_(weights.shape.elements() / (filters.groups * filters.runs * filters.length)),
      runs_(filters.runs),
      length_(filters.length) {
  const Sizes sizes = Measure(weights);
  const kernels::IntProduct* const bytes = kernels::BytesProduct();
  // Bytes keep their zero point, whose share is that of a whole filter.
  if (bytes != nullptr && sizes.bytes && !filters.skips && data.dtype != DType::kInt16) {
    product_ = bytes;
    inputs_ = IntInputs(scaling_.zero_point(), data.dtype, bytes->signed_bytes);
  }
  run_groups_ = (length_ + product_->values - 1) / product_->values;
  std::vector<SumBound> bounds;
  for (size_t c = 0; c < sizes.sum.size(); ++c) {
    bounds.push_back({.largest = sizes.total[c] * scaling_.LargestInput(data.dtype),
                      .excess = sizes.sum[c] * inputs_.stored_zero()});
  }
  scaling_.PrepareRows(bounds, bias);
  if (cache == nullptr) {
    packed_ = std::make_shared<const AlignedBuffer>(Pack(weights));
    return;
  }
  packed_ = cache->Get(weights.constant,
                       Cat("int ", groups_, "x", group_out_, "x", runs_, "x", length_, " ", DTypeName(weights.dtype),
                           " zero ", scaling_.weight_zero_point(), " by ", product_->values),
                       [&] { return Pack(weights); });
}

IntMatrix::Sizes IntMatrix::Measure(const Value& weights) const {
  Sizes sizes;
  const int64_t length = runs_ * length_;
  for (int64_t o = 0; o < groups_ * group_out_; ++o) {
    int64_t sum = 0, total = 0;
    for (int64_t i = 0; i < length; ++i) {
      const int32_t w = StoredAt(weights.dtype, weights.constant, o * length + i) - scaling_.weight_zero_point();
      sizes.bytes = sizes.bytes && w >= INT8_MIN && w <= INT8_MAX;
      sum += w;
      total += std::abs(w);
    }
    sizes.sum.push_back(sum);
    sizes.total.push_back(total);
  }
  return sizes;
}

AlignedBuffer IntMatrix::Pack(const Value& weights) const {
  const int64_t all = runs_ * run_groups_, row = run_groups_ * product_->values;
  const size_t bytes = kernels::IntPackedBytes(group_out_, all);
  AlignedBuffer buffer(bytes * static_cast<size_t>(groups_));
  std::vector<int16_t> rows(static_cast<size_t>(group_out_ * runs_ * row), 0);
  for (int64_t g = 0; g < groups_; ++g) {
    for (int64_t r = 0; r < group_out_ * runs_; ++r) {
      for (int64_t i = 0; i < length_; ++i) {
        const int64_t from = (g * group_out_ * runs_ + r) * length_ + i;
        rows[static_cast<size_t>(r * row + i)] =
            static_cast<int16_t>(StoredAt(weights.dtype, weights.constant, from) - scaling_.weight_zero_point());
      }
    }
    kernels::PackInt(product_->values, group_out_, all, rows.data(), buffer.data() + bytes * static_cast<size_t>(g));
  }
  return buffer;
}

size_t IntMatrix::scratch_bytes(int64_t pixels) const {
  const auto sums = static_cast<size_t>(pixels * kernels::PaddedChannels(group_out_) + kernels::kRequantizeReads);
  return sums * (sizeof(int32_t) + (scaling_.sums_wide() ? sizeof(int64_t) : 0));
}

void IntMatrix::Run(const Pixels& p, const Window& out, const Window* bias, std::byte* scratch) const {
  const int64_t padded = kernels::PaddedChannels(group_out_), all = runs_ * run_groups_;
  const int64_t first = p.group * group_out_;
  const std::byte* packed = packed_->data() + kernels::IntPackedBytes(group_out_, all) * static_cast<size_t>(p.group);
  kernels::IntPixels of{.runs = p.runs, .num_runs = p.num_runs, .in_step = p.in_step, .pixels = p.pixels};
  if (!scaling_.sums_wide()) {
    of.sums = reinterpret_cast<int32_t*>(scratch);
    product_->run(group_out_, all, packed, of);
    StoreSums(scaling_,
              {.sums = of.sums, .sum_step = padded, .channels = group_out_, .pixels = p.pixels, .out_step = p.out_step},
              first, out, p.to);
    return;
  }
  int64_t* wide = reinterpret_cast<int64_t*>(scratch);
  of.sums = reinterpret_cast<int32_t*>(wide + p.pixels * padded);
  SumWide(packed, of, p.pixels * padded, wide);
  for (int64_t i = 0; i < p.pixels; ++i) {
    int16_t* to = out.at<int16_t>(p.to + i * p.out_step);
    for (int64_t c = 0; c < group_out_; ++c) {
      to[first + c] = static_cast<int16_t>(scaling_.Finish(wide[i * padded + c], first + c, bias));
    }
  }
}

// Sums of 64 bits, from as many of 32 as it takes.
void IntMatrix::SumWide(const std::byte* packed, kernels::IntPixels of, int64_t count, int64_t* wide) const {
  std::fill_n(wide, count, 0);
  const kernels::IntRun* runs = of.runs;
  const int64_t num_runs = of.num_runs;
  for (int64_t r = 0; r < num_runs; ++r) {
    for (int64_t k = 0; k < runs[r].groups; k += kPairsOf32Bits) {
      const kernels::IntRun part{static_cast<const int16_t*>(runs[r].in) + 2 * k, runs[r].group + k,
                                 std::min(kPairsOf32Bits, runs[r].groups - k)};
      of.runs = &part;
      of.num_runs = 1;
      product_->run(group_out_, runs_ * run_groups_, packed, of);
      for (int64_t i = 0; i < count; ++i) wide[i] += of.sums[i];
    }
  }
}

}  // namespace safelight
