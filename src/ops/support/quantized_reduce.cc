// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_reduce.h"

#include <bit>
#include <cmath>

#include "ops/support/int_sums.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

class QuantizedReduceKernel : public Kernel {
 public:
  QuantizedReduceKernel(ReduceKind kind, const Shape& shape, const std::vector<bool>& reduced, bool keep_dims)
      : kind_(kind), shape_(shape) {
    int next = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const bool stays = !reduced[axis] || keep_dims;
      out_axis_[axis] = stays ? next++ : kNone;
      if (reduced[axis]) {
        reduced_[num_reduced_++] = axis;
        count_ *= shape[axis];
      } else {
        kept_[num_kept_++] = axis;
      }
    }
  }

  Status SetScales(const OpContext& context) {
    SL_ASSIGN(in_, QuantizationOf(context.input(0)));
    SL_ASSIGN(out_, QuantizationOf(context.output(0)));
    limits_ = RangeOfType(context.output(0).dtype);
    if (kind_ == ReduceKind::kProd) {
      const double root =
          std::pow(static_cast<double>(out_.scale), 1.0 / static_cast<double>(std::max<int64_t>(count_, 1)));
      ratio_ = MakeMultiplier(static_cast<double>(in_.scale) / root);
      return {};
    }
    ratio_ = MakeMultiplier(static_cast<double>(in_.scale) / static_cast<double>(out_.scale));
    if (kind_ != ReduceKind::kMean || count_ == 0) return {};
    // The division by the number of elements becomes part of the multiplier.
    const int log2 = 63 - std::countl_zero(static_cast<uint64_t>(count_));
    const int shift = std::min({log2, 32, 31 + ratio_.shift});
    ratio_.factor = static_cast<int32_t>((int64_t{ratio_.factor} << shift) / count_);
    ratio_.shift -= shift;
    return {};
  }

  Status Run(const KernelArgs& args) const override {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    Range kept[Shape::kMaxRank], reduced[Shape::kMaxRank];
    for (int i = 0; i < num_kept_; ++i) kept[i] = args.box.axis[out_axis_[kept_[i]]];
    for (int i = 0; i < num_reduced_; ++i) reduced[i] = {0, shape_[reduced_[i]]};
    int64_t out_base = 0;
    for (int i = 0; i < num_reduced_; ++i) {
      if (out_axis_[reduced_[i]] != kNone) out_base += out.Offset(out_axis_[reduced_[i]], 0);
    }
    ForEachIndex(kept, num_kept_, [&](const int64_t* index) {
      int64_t from = 0, to = out_base;
      for (int i = 0; i < num_kept_; ++i) {
        from += in.Offset(kept_[i], index[i]);
        to += out.Offset(out_axis_[kept_[i]], index[i]);
      }
      uint32_t result = 0;
      bool first = true;
      ForEachIndex(reduced, num_reduced_, [&](const int64_t* at) {
        int64_t offset = from;
        for (int i = 0; i < num_reduced_; ++i) offset += in.Offset(reduced_[i], at[i]);
        result = Take(result, StoredAt(in.dtype, in.data, offset), first);
        first = false;
      });
      StoreAt(out.dtype, out.data, to, Finish(static_cast<int32_t>(result)));
    });
    return {};
  }

 private:
  uint32_t Take(uint32_t so_far, int32_t stored, bool first) const {
    if (kind_ != ReduceKind::kProd) return so_far + static_cast<uint32_t>(stored);
    const int32_t value = stored - in_.zero_point;
    if (first) return static_cast<uint32_t>(value);
    return static_cast<uint32_t>(ScaledWide(int64_t{static_cast<int32_t>(so_far)} * value, ratio_));
  }

  int32_t Finish(int32_t result) const {
    if (count_ == 0) return 0;
    if (kind_ == ReduceKind::kProd) return limits_(int64_t{ScaledWide(result, ratio_)} + out_.zero_point);
    const int32_t sum =
        static_cast<int32_t>(static_cast<uint32_t>(result) - static_cast<uint32_t>(in_.zero_point * count_));
    return limits_(int64_t{Scaled(sum, ratio_)} + out_.zero_point);
  }

  const ReduceKind kind_;
  const Shape shape_;
  int kept_[Shape::kMaxRank], reduced_[Shape::kMaxRank], out_axis_[Shape::kMaxRank];
  int num_kept_ = 0, num_reduced_ = 0;
  int64_t count_ = 1;  // elements reduced into one
  Quantization in_, out_;
  Multiplier ratio_;
  StoredRange limits_;
};

}  // namespace

bool IsQuantizedReduce(ReduceKind kind, const Value& input) {
  if (!IsQuantizedType(input.dtype) || input.quant.empty()) return false;
  return kind == ReduceKind::kMean || kind == ReduceKind::kSum || kind == ReduceKind::kProd;
}

Result<std::unique_ptr<Kernel>> PrepareQuantizedReduce(const OpContext& context, ReduceKind kind,
                                                       const std::vector<bool>& reduced, bool keep_dims) {
  const Value& input = context.input(0);
  if (kind == ReduceKind::kProd && input.dtype == DType::kUInt8) {
    return Unsupported("uint8 arithmetic, which TFLite does not define for this op");
  }
  auto kernel = std::make_unique<QuantizedReduceKernel>(kind, input.shape, reduced, keep_dims);
  SL_TRY(kernel->SetScales(context));
  return std::unique_ptr<Kernel>(std::move(kernel));
}

}  // namespace safelight
