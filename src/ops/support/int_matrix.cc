// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_matrix.h"

#include <algorithm>
#include <cstdlib>

namespace safelight {
namespace {

// At most so many pairs may be summed in 32 bits: 510 products of 2^7 and 2^15.
constexpr int64_t kPairsOf32Bits = 255;

}  // namespace

IntMatrix::IntMatrix(SumScaling scaling, const Value& weights, const Value* bias, int64_t groups, int64_t runs,
                     int64_t length, PackCache* cache)
    : scaling_(std::move(scaling)),
      groups_(groups),
      group_out_(weights.shape.elements() / (groups * runs * length)),
      runs_(runs),
      length_(length),
      run_pairs_((length + 1) / 2) {
  const bool narrow = bias != nullptr && bias->dtype == DType::kInt32;
  scaling_.PrepareRows(groups_ * group_out_, narrow ? reinterpret_cast<const int32_t*>(bias->constant) : nullptr);
  splits_ = scaling_.wide() && !FitsNarrow(weights);
  if (cache == nullptr) {
    packed_ = std::make_shared<const AlignedBuffer>(Pack(weights));
    return;
  }
  packed_ = cache->Get(weights.constant,
                       Cat("int ", groups_, "x", group_out_, "x", runs_, "x", length_, " ", DTypeName(weights.dtype),
                           " zero ", scaling_.weight_zero_point()),
                       [&] { return Pack(weights); });
}

AlignedBuffer IntMatrix::Pack(const Value& weights) const {
  const int64_t pairs = runs_ * run_pairs_;
  const size_t bytes = kernels::IntPackedBytes(group_out_, pairs);
  AlignedBuffer buffer(bytes * static_cast<size_t>(groups_));
  std::vector<int16_t> rows(static_cast<size_t>(group_out_ * pairs * 2), 0);
  for (int64_t g = 0; g < groups_; ++g) {
    for (int64_t r = 0; r < group_out_ * runs_; ++r) {
      for (int64_t i = 0; i < length_; ++i) {
        const int64_t from = (g * group_out_ * runs_ + r) * length_ + i;
        rows[static_cast<size_t>(r * run_pairs_ * 2 + i)] =
            static_cast<int16_t>(StoredAt(weights.dtype, weights.constant, from) - scaling_.weight_zero_point());
      }
    }
    kernels::PackInt(group_out_, pairs, rows.data(),
                     reinterpret_cast<int16_t*>(buffer.data() + bytes * static_cast<size_t>(g)));
  }
  return buffer;
}

// Sums of 16-bit values with these weights stay within 32 bits.
bool IntMatrix::FitsNarrow(const Value& weights) const {
  const int64_t length = runs_ * length_;
  for (int64_t o = 0; o < groups_ * group_out_; ++o) {
    int64_t sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      sum += std::abs(StoredAt(weights.dtype, weights.constant, o * length + i) - scaling_.weight_zero_point());
    }
    if (sum > INT32_MAX / 32768) return false;
  }
  return true;
}

size_t IntMatrix::scratch_bytes(int64_t pixels) const {
  const size_t sums = static_cast<size_t>(pixels * kernels::PaddedChannels(group_out_));
  return sums * (sizeof(int32_t) + (scaling_.wide() ? sizeof(int64_t) : 0));
}

void IntMatrix::Run(const Pixels& p, const Window& out, const Window* bias, std::byte* scratch) const {
  const int64_t padded = kernels::PaddedChannels(group_out_), pairs = runs_ * run_pairs_;
  const int64_t first = p.group * group_out_;
  const int16_t* packed = reinterpret_cast<const int16_t*>(
      packed_->data() + kernels::IntPackedBytes(group_out_, pairs) * static_cast<size_t>(p.group));
  kernels::IntPixels of{.runs = p.runs, .num_runs = p.num_runs, .in_step = p.in_step, .pixels = p.pixels};
  if (!scaling_.wide()) {
    of.sums = reinterpret_cast<int32_t*>(scratch);
    kernels::RunIntProduct(group_out_, pairs, packed, of);
    for (int64_t i = 0; i < p.pixels; ++i) {
      StoreSums(scaling_, of.sums + i * padded, first, group_out_, out, p.to + i * p.out_step);
    }
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
void IntMatrix::SumWide(const int16_t* packed, kernels::IntPixels of, int64_t count, int64_t* wide) const {
  std::fill_n(wide, count, 0);
  const auto add = [&] {
    kernels::RunIntProduct(group_out_, runs_ * run_pairs_, packed, of);
    for (int64_t i = 0; i < count; ++i) wide[i] += of.sums[i];
  };
  if (!splits_) {
    add();
    return;
  }
  const kernels::IntRun* runs = of.runs;
  const int64_t num_runs = of.num_runs;
  for (int64_t r = 0; r < num_runs; ++r) {
    for (int64_t k = 0; k < runs[r].pairs; k += kPairsOf32Bits) {
      const kernels::IntRun part{runs[r].in + 2 * k, runs[r].pair + k, std::min(kPairsOf32Bits, runs[r].pairs - k)};
      of.runs = &part;
      of.num_runs = 1;
      add();
    }
  }
}

void StoreSums(const SumScaling& scaling, const int32_t* sums, int64_t first, int64_t channels, const Window& out,
               int64_t to) {
  if (scaling.one_by_one()) {
    for (int64_t c = 0; c < channels; ++c) {
      StoreAt(out.dtype, out.data, to + first + c, scaling.FinishBiased(sums[c], first + c));
    }
    return;
  }
  kernels::Requantize by = scaling.AsRequantize();
  by.bias += first;
  by.factor += first;
  by.left += first;
  by.right += first;
  switch (out.dtype) {
    case DType::kInt8: kernels::RunRequantize(by, sums, channels, out.at<int8_t>(to + first)); break;
    case DType::kUInt8: kernels::RunRequantize(by, sums, channels, out.at<uint8_t>(to + first)); break;
    default: kernels::RunRequantize(by, sums, channels, out.at<int16_t>(to + first)); break;
  }
}

}  // namespace safelight
