// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_batch_matmul.h"

#include "ops/support/int_sums.h"
#include "ops/support/quantized.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

// How a sum becomes a stored value.
struct Scaling {
  int32_t lhs_zero = 0, rhs_zero = 0, out_zero = 0;
  Multiplier scale;
  StoredRange limits;
  bool plain = false;  // the sum itself, as int32
  bool wide = false;   // sums of 64 bits

  void Store(const Window& out, int64_t to, int64_t sum) const {
    const int32_t narrow = static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(sum)));
    if (plain) {
      *out.at<int32_t>(to) = narrow;
      return;
    }
    const int64_t scaled = wide ? ScaledWide(sum, scale) : Scaled(narrow, scale);
    StoreAt(out.dtype, out.data, to, limits(scaled + out_zero));
  }
};

Result<Scaling> ScalingOf(const OpContext& context) {
  const Value &lhs = context.input(0), &rhs = context.input(1), &out = context.output(0);
  const bool bytes = lhs.dtype == DType::kInt8 && rhs.dtype == DType::kInt8;
  const bool words = lhs.dtype == DType::kInt16 && (rhs.dtype == DType::kInt16 || rhs.dtype == DType::kInt8);
  Scaling scaling;
  scaling.plain = bytes && out.dtype == DType::kInt32;
  scaling.wide = words;
  if ((!bytes && !words) || (!scaling.plain && out.dtype != lhs.dtype)) {
    return Unsupported(DTypeName(out.dtype), " products of ", DTypeName(lhs.dtype), " and ", DTypeName(rhs.dtype));
  }
  if (scaling.plain) return scaling;  // of the stored numbers, whatever they stand for
  SL_ASSIGN(const Quantization left, QuantizationOf(lhs));
  SL_ASSIGN(const Quantization right, QuantizationOf(rhs));
  SL_ASSIGN(const Quantization result, QuantizationOf(out));
  if (words && right.zero_point != 0) {
    return InvalidArgument("'", rhs.name, "' has zero point ", right.zero_point, ", must be 0 beside int16");
  }
  scaling.lhs_zero = left.zero_point;
  scaling.rhs_zero = right.zero_point;
  scaling.out_zero = result.zero_point;
  scaling.scale = MakeMultiplier(static_cast<double>(left.scale * right.scale) / static_cast<double>(result.scale));
  scaling.limits = RangeOfType(out.dtype);
  return scaling;
}

class IntBatchMatmulKernel : public Kernel {
 public:
  IntBatchMatmulKernel(const Scaling& scaling, const MatmulLayout& layout, int64_t k)
      : scaling_(scaling), layout_(layout), k_(k) {}

  Status Run(const KernelArgs& args) const override {
    const Window &lhs = args.inputs[0], &rhs = args.inputs[1], &out = args.outputs[0];
    const int rank = out.shape.rank();
    ForEachIndex(args.box.axis, rank, [&](const int64_t* index) {
      const int64_t a = MatrixOffset(lhs, index, layout_.lhs_lead) + lhs.Offset(layout_.lhs_m, index[rank - 2]);
      const int64_t b = MatrixOffset(rhs, index, layout_.rhs_lead) + rhs.Offset(layout_.rhs_n, index[rank - 1]);
      int64_t sum = 0;
      for (int64_t k = 0; k < k_; ++k) {
        sum += int64_t{StoredAt(lhs.dtype, lhs.data, a + lhs.Offset(layout_.lhs_k, k)) - scaling_.lhs_zero} *
               (StoredAt(rhs.dtype, rhs.data, b + rhs.Offset(layout_.rhs_k, k)) - scaling_.rhs_zero);
      }
      scaling_.Store(out, OffsetOf(out, index, rank), sum);
    });
    return {};
  }

 private:
  const Scaling scaling_;
  const MatmulLayout layout_;
  const int64_t k_;
};

}  // namespace

int64_t MatrixOffset(const Window& window, const int64_t* index, int lead) {
  int64_t offset = 0;
  for (int axis = 0; axis < window.shape.rank() - 2; ++axis) {
    offset += window.Offset(axis, window.shape[axis] == 1 ? 0 : index[axis + lead]);
  }
  return offset;
}

Result<std::unique_ptr<Kernel>> PrepareIntBatchMatmul(const OpContext& context, const MatmulLayout& layout) {
  SL_ASSIGN(const Scaling scaling, ScalingOf(context));
  return std::unique_ptr<Kernel>(
      std::make_unique<IntBatchMatmulKernel>(scaling, layout, context.input(0).shape[layout.lhs_k]));
}

}  // namespace safelight
