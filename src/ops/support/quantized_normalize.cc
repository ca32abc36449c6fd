// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_normalize.h"

#include "ops/support/fixed_point.h"
#include "ops/support/function_kernel.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

template <typename T>
void Normalize(const T* in, T* out, int64_t depth, int32_t zero_point) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < depth; ++i) {
    const int32_t value = in[i] - zero_point;
    sum += static_cast<uint32_t>(value * value);
  }
  Multiplier root = InverseRoot(static_cast<int32_t>(sum));
  constexpr bool kSigned = std::numeric_limits<T>::is_signed;
  if (kSigned) root.shift += 7;
  for (int64_t i = 0; i < depth; ++i) {
    const int32_t value = in[i] - zero_point;
    const int64_t result = kSigned ? Scaled(value, root) : 128 + int64_t{Scaled(128 * value, root)};
    out[i] = static_cast<T>(std::clamp<int64_t>(result, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
}

template <typename T>
std::unique_ptr<Kernel> MakeKernel(int32_t zero_point) {
  return MakeFunctionKernel([zero_point](const KernelArgs& args) {
    const Window &in = args.inputs[0], &out = args.outputs[0];
    const int last = out.shape.rank() - 1;
    ForEachIndex(args.box.axis, last, [&](const int64_t* index) {
      Normalize(in.at<T>(OffsetOf(in, index, last) + in.Offset(last, 0)),
                out.at<T>(OffsetOf(out, index, last) + out.Offset(last, 0)), out.shape[last], zero_point);
    });
  });
}

}  // namespace

Result<std::unique_ptr<Kernel>> PrepareQuantizedNormalize(const OpContext& context) {
  const Value& in = context.input(0);
  if (in.dtype == DType::kInt16) return Unsupported("int16 arithmetic, which TFLite does not define for this op");
  SL_ASSIGN(const Quantization quantization, QuantizationOf(in));
  if (in.dtype == DType::kInt8) return MakeKernel<int8_t>(quantization.zero_point);
  return MakeKernel<uint8_t>(quantization.zero_point);
}

}  // namespace safelight
