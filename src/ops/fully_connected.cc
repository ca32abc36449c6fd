// SPDX-License-Identifier: Apache-2.0
//
// FULLY_CONNECTED: every pixel's K inputs times a matrix of N x K weights, plus a bias, clamped.
//
// The input is seen as rows of K: its trailing axes that hold K elements; the axes before them stay (keep_num_dims) or
// become one. Every one of those leading axes can be split.
#include <algorithm>

#include "graph/pack_cache.h"
#include "ops/support/clamped.h"
#include "ops/support/dynamic.h"
#include "ops/support/int_fully_connected.h"
#include "ops/support/matrix_rows.h"
#include "ops/support/product.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

struct FullyConnectedAttrs : ClampedAs<FullyConnectedAttrs> {
  bool keep_num_dims = false;
  bool narrow_sums = false;  // int16 without a bias
  bool asymmetric = false;   // how float values that meet integer weights are quantized
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<FullyConnectedAttrs>();
  SL_ASSIGN(attrs->clamp, ClampOfActivation(reader.Int(0, 0)));
  if (reader.Int(1, 0) != 0) return Unsupported("weights format ", reader.Int(1, 0), ", only 0 (rows) is built");
  attrs->keep_num_dims = reader.Bool(2, false);
  attrs->asymmetric = reader.Bool(3, false);
  attrs->narrow_sums = reader.Int(4, 0) == kInt32Sums;
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

const FullyConnectedAttrs& Attrs(const OpContext& context) {
  static const FullyConnectedAttrs kDefaults;
  return context.node().attrs == nullptr ? kDefaults : context.attrs<FullyConnectedAttrs>();
}

Status Infer(InferContext& context) {
  const Value& input = context.input(0);
  const Value& weights = context.input(1);
  if (weights.shape.rank() != 2) {
    return InvalidArgument("weights of shape ", weights.shape.ToString(), ", must have 2 dimensions");
  }
  const int64_t n = weights.shape[0], k = weights.shape[1];
  if (k == 0) return InvalidArgument("weights of shape ", weights.shape.ToString(), " take no input");
  const int64_t elements = input.shape.elements();
  if (elements % k != 0) {
    return InvalidArgument("input of shape ", input.shape.ToString(), " does not fall into rows of ", k);
  }
  if (context.has_input(2) && context.input(2).shape.elements() != n) {
    return InvalidArgument("bias of ", context.input(2).shape.elements(), " elements, must be ", n);
  }
  const bool is_float = input.dtype == DType::kFloat32;
  if (is_float && context.has_input(2) && context.input(2).dtype != DType::kFloat32) {
    return InvalidArgument("bias is ", DTypeName(context.input(2).dtype), ", must be float32");
  }
  Shape shape{elements / k, n};
  if (Attrs(context).keep_num_dims) {
    if (input.shape.rank() == 0 || input.shape[input.shape.rank() - 1] != k) {
      return InvalidArgument("input of shape ", input.shape.ToString(), ", its last dimension must be ", k);
    }
    shape = input.shape;
    shape[input.shape.rank() - 1] = n;
  }
  // Old uint8 files ask for int16 results.
  const DType dtype = is_float || context.output(0).dtype == DType::kFloat32 ? input.dtype : context.output(0).dtype;
  context.SetOutput(0, dtype, shape);
  return {};
}

// How many axes stand before those that make a row of k elements; kNone where rows begin inside an axis.
int LeadingAxes(const Shape& input, int64_t k) {
  for (int axis = std::max(input.rank() - 1, 0); axis >= 0; --axis) {
    if (input.Product(axis, input.rank()) == k) return axis;
  }
  return kNone;
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const Shape& input = context.input(0).shape;
  const Shape& output = context.output(0).shape;
  const int leading = LeadingAxes(input, context.input(1).shape[1]);
  if (leading <= 0 || out_axis >= output.rank() - 1) return {};
  std::vector<AxisRule> rules(context.num_inputs(), AxisRule::All());
  if (Attrs(context).keep_num_dims) {
    rules[0] = AxisRule::Same(out_axis, input[out_axis]);
    return rules;
  }
  int axis = 0;
  while (axis < leading - 1 && input[axis] == 1) ++axis;
  rules[0] = AxisRule::Divided(axis, input[axis], 1, 0, 1, std::max<int64_t>(1, input.Product(axis + 1, leading)));
  return rules;
}

Cost CostOf(const OpContext& context) {
  const Shape& weights = context.input(1).shape;
  return {.macs = context.input(0).shape.elements() * weights[0], .weight_bytes = weights.elements() * 4};
}

// The output has the input's leading axes.
bool KeepsAxes(const OpContext& context, int leading) {
  return Attrs(context).keep_num_dims || (context.input(0).shape.rank() == 2 && leading == 1);
}

IntFullyConnected SumsOf(const OpContext& context) {
  return {.clamp = Attrs(context).clamp, .narrow_sums = Attrs(context).narrow_sums};
}

DynamicFullyConnected DynamicOf(const OpContext& context) {
  return {.clamp = Attrs(context).clamp, .symmetric = !Attrs(context).asymmetric};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  if (IsQuantizedType(context.input(0).dtype)) {
    return IntFullyConnectedReference(context, SumsOf(context), inputs, outputs);
  }
  if (IsDynamic(context)) return DynamicFullyConnectedReference(context, DynamicOf(context), inputs, outputs);
  SL_TRY(CheckFloat(context));
  const int64_t n = inputs[1].shape[0], k = inputs[1].shape[1];
  const float* x = static_cast<const float*>(inputs[0].data);
  const float* weights = static_cast<const float*>(inputs[1].data);
  const float* bias = inputs.size() > 2 ? static_cast<const float*>(inputs[2].data) : nullptr;
  float* out = static_cast<float*>(outputs[0].data);
  const int64_t rows = inputs[0].shape.elements() / k;
  for (int64_t b = 0; b < rows; ++b) {
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t i = 0; i < k; ++i) sum += x[b * k + i] * weights[j * k + i];
      *out++ = Attrs(context).clamp(sum + (bias == nullptr ? 0.0f : bias[j]));
    }
  }
  return {};
}

class FullyConnectedKernel : public MatrixRowsKernel {
 public:
  FullyConnectedKernel(const OpContext& context, int leading, std::shared_ptr<const AlignedBuffer> packed)
      : MatrixRowsKernel(context.input(1).shape[0], context.input(1).shape[1], leading, KeepsAxes(context, leading)),
        clamp_(Attrs(context).clamp),
        packed_(std::move(packed)) {}

  // The packed part of computed weights, then one row that did not lie in one piece.
  size_t scratch_bytes() const override { return kGemmScratchBytes + static_cast<size_t>(k_) * sizeof(float); }

 protected:
  void Product(const KernelArgs& args, int64_t in, int64_t in_stride, int64_t out, int64_t out_stride,
               int64_t rows) const override {
    const Window& from = args.inputs[0];
    kernels::GemmPanelArgs product{};
    product.a_row_stride = in_stride;
    product.a_k_stride = 1;
    product.k = k_;
    product.columns = n_;
    product.bias = args.inputs.size() > 2 ? reinterpret_cast<const float*>(args.inputs[2].data) : nullptr;
    product.c_row_stride = out_stride;
    product.low = clamp_.low;
    product.high = clamp_.high;
    product.first = product.last = true;
    for (int axis = std::max(leading_, 0); axis < from.shape.rank(); ++axis) in += from.Offset(axis, 0);
    out += args.outputs[0].Offset(args.outputs[0].shape.rank() - 1, 0);
    if (RowsLieInOnePiece(from)) {
      product.a = from.at<const float>(in);
      product.rows = rows;
      product.c = args.outputs[0].at<float>(out);
      Multiply(args, product);
      return;
    }
    float* row = reinterpret_cast<float*>(args.scratch + kGemmScratchBytes);
    product.a = row;
    product.rows = 1;
    for (int64_t i = 0; i < rows; ++i) {
      float* to = row;
      ForEachOfRow(from, in + i * in_stride, [&](int64_t at) { *to++ = *from.at<const float>(at); });
      product.c = args.outputs[0].at<float>(out + i * out_stride);
      Multiply(args, product);
    }
  }

 private:
  void Multiply(const KernelArgs& args, const kernels::GemmPanelArgs& product) const {
    if (packed_ != nullptr) {
      GemmPacked(product, reinterpret_cast<const float*>(packed_->data()));
      return;
    }
    const Window& weights = args.inputs[1];
    GemmUnpacked(product, weights.at<const float>(weights.Offset(0, 0) + weights.Offset(1, 0)), weights.strides[1],
                 weights.strides[0], reinterpret_cast<float*>(args.scratch));
  }

  Clamp clamp_;
  std::shared_ptr<const AlignedBuffer> packed_;  // null where the weights are computed
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions& options) {
  const Value& weights = context.input(1);
  const int64_t n = weights.shape[0], k = weights.shape[1];
  const int leading = LeadingAxes(context.input(0).shape, k);
  if (IsQuantizedType(context.input(0).dtype)) {
    return PrepareIntFullyConnected(context, SumsOf(context), leading, KeepsAxes(context, leading), options);
  }
  if (IsDynamic(context) && n > 0) {
    return PrepareDynamicFullyConnected(context, DynamicOf(context), leading, KeepsAxes(context, leading), options);
  }
  SL_TRY(CheckFloat(context));
  std::shared_ptr<const AlignedBuffer> packed;
  if (weights.is_constant()) {
    const auto make = [&] { return PackGemm(context.constant<float>(1), 1, k, k, n); };
    packed = options.pack_cache != nullptr ? options.pack_cache->Get(weights.constant, Cat("gemm ", k, "x", n), make)
                                           : std::make_shared<const AlignedBuffer>(make());
  }
  return std::unique_ptr<Kernel>(std::make_unique<FullyConnectedKernel>(context, leading, std::move(packed)));
}

}  // namespace

extern const OpDef fully_connected_op;
const OpDef fully_connected_op{
    .name = "FULLY_CONNECTED",
    .tflite_code = 9,
    .min_inputs = 2,
    .max_inputs = 3,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .cost = CostOf,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
