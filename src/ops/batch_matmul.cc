// SPDX-License-Identifier: Apache-2.0
//
// BATCH_MATMUL: the product of the last two axes of both inputs, for every index of the axes before.
//
// adj_x and adj_y say that an input lies transposed; axes before the last two are broadcast. Both inputs may be
// computed. All axes of the output can be split: rows of it need rows of the left input and all of
// the right one, columns the other way round. Quantized values: support/int_batch_matmul.h.
#include <algorithm>
#include <limits>

#include "ops/support/int_batch_matmul.h"
#include "ops/support/product.h"
#include "ops/support/quantized.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

struct BatchMatmulAttrs : OpAttrs {
  bool adj_x = false;
  bool adj_y = false;
};

Result<std::shared_ptr<const OpAttrs>> Read(const AttrReader& reader) {
  auto attrs = std::make_shared<BatchMatmulAttrs>();
  attrs->adj_x = reader.Bool(0, false);
  attrs->adj_y = reader.Bool(1, false);
  return std::shared_ptr<const OpAttrs>(std::move(attrs));
}

MatmulLayout LayoutOf(const OpContext& context) {
  static const BatchMatmulAttrs kDefaults;
  const auto& attrs = context.node().attrs == nullptr ? kDefaults : context.attrs<BatchMatmulAttrs>();
  const int lhs = context.input(0).shape.rank(), rhs = context.input(1).shape.rank();
  const int rank = std::max(lhs, rhs);
  MatmulLayout layout{lhs - 2, lhs - 1, rhs - 2, rhs - 1, rank - lhs, rank - rhs};
  if (attrs.adj_x) std::swap(layout.lhs_m, layout.lhs_k);
  if (attrs.adj_y) std::swap(layout.rhs_k, layout.rhs_n);
  return layout;
}

Status Infer(InferContext& context) {
  const Shape& lhs = context.input(0).shape;
  const Shape& rhs = context.input(1).shape;
  if (lhs.rank() < 2 || rhs.rank() < 2) {
    return InvalidArgument("inputs of shapes ", lhs.ToString(), " and ", rhs.ToString(),
                           ", both must have at least 2 dimensions");
  }
  const MatmulLayout layout = LayoutOf(context);
  if (lhs[layout.lhs_k] != rhs[layout.rhs_k]) {
    return InvalidArgument("inputs of shapes ", lhs.ToString(), " and ", rhs.ToString(),
                           " share no inner size: ", lhs[layout.lhs_k], " and ", rhs[layout.rhs_k]);
  }
  Shape shape;
  const int rank = std::max(lhs.rank(), rhs.rank());
  for (int axis = 0; axis < rank - 2; ++axis) {
    const int64_t a = axis < layout.lhs_lead ? 1 : lhs[axis - layout.lhs_lead];
    const int64_t b = axis < layout.rhs_lead ? 1 : rhs[axis - layout.rhs_lead];
    if (a != b && a != 1 && b != 1) {
      return InvalidArgument("inputs of shapes ", lhs.ToString(), " and ", rhs.ToString(), " do not broadcast");
    }
    shape.push_back(a == 1 ? b : a);
  }
  shape.push_back(lhs[layout.lhs_m]);
  shape.push_back(rhs[layout.rhs_n]);
  const DType dtype = context.input(0).dtype;
  if (dtype == DType::kFloat32 && context.input(1).dtype != DType::kFloat32 && context.input(1).dtype != DType::kInt8) {
    return InvalidArgument("inputs are ", DTypeName(dtype), " and ", DTypeName(context.input(1).dtype));
  }
  const DType declared = context.output(0).dtype;
  context.SetOutput(0, dtype == DType::kFloat32 || declared == DType::kFloat32 ? dtype : declared, shape);
  return {};
}

AxisRule BatchRule(const Shape& shape, int axis, int64_t out_size) {
  if (axis < 0) return AxisRule::All();
  return shape[axis] == 1 && out_size != 1 ? AxisRule::Broadcast(axis) : AxisRule::Same(axis, shape[axis]);
}

std::vector<AxisRule> Axes(const OpContext& context, int out_axis) {
  const Shape& lhs = context.input(0).shape;
  const Shape& rhs = context.input(1).shape;
  const MatmulLayout layout = LayoutOf(context);
  const int rank = context.output(0).shape.rank();
  if (out_axis == rank - 2) return {AxisRule::Same(layout.lhs_m, lhs[layout.lhs_m]), AxisRule::All()};
  if (out_axis == rank - 1) return {AxisRule::All(), AxisRule::Same(layout.rhs_n, rhs[layout.rhs_n])};
  const int64_t size = context.output(0).shape[out_axis];
  return {BatchRule(lhs, out_axis - layout.lhs_lead, size), BatchRule(rhs, out_axis - layout.rhs_lead, size)};
}

Cost CostOf(const OpContext& context) {
  return {.macs = context.output(0).shape.elements() * context.input(0).shape[LayoutOf(context).lhs_k]};
}

Status CheckFloat(const OpContext& context) {
  for (int i = 0; i < 2; ++i) {
    if (context.input(i).dtype != DType::kFloat32) {
      return Unsupported(DTypeName(context.input(i).dtype), " arithmetic is not built yet");
    }
  }
  return {};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  const MatmulLayout layout = LayoutOf(context);
  if (IsQuantizedType(context.input(0).dtype)) {
    SL_ASSIGN(const auto kernel, PrepareIntBatchMatmul(context, layout));
    return RunWhole(*kernel, inputs, outputs);
  }
  SL_TRY(CheckFloat(context));
  const Window lhs = WholeWindow(DType::kFloat32, inputs[0].shape, const_cast<void*>(inputs[0].data));
  const Window rhs = WholeWindow(DType::kFloat32, inputs[1].shape, const_cast<void*>(inputs[1].data));
  const int rank = outputs[0].shape.rank();
  const int64_t m = outputs[0].shape[rank - 2], n = outputs[0].shape[rank - 1], k = lhs.shape[layout.lhs_k];
  float* out = static_cast<float*>(outputs[0].data);
  ForEachIndex(WholeBox(outputs[0].shape).axis, rank - 2, [&](const int64_t* index) {
    const float* a = lhs.at<float>(MatrixOffset(lhs, index, layout.lhs_lead));
    const float* b = rhs.at<float>(MatrixOffset(rhs, index, layout.rhs_lead));
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0;
        for (int64_t l = 0; l < k; ++l) {
          sum += a[i * lhs.strides[layout.lhs_m] + l * lhs.strides[layout.lhs_k]] *
                 b[l * rhs.strides[layout.rhs_k] + j * rhs.strides[layout.rhs_n]];
        }
        *out++ = sum;
      }
    }
  });
  return {};
}

class BatchMatmulKernel : public Kernel {
 public:
  BatchMatmulKernel(const MatmulLayout& layout, int64_t k) : layout_(layout), k_(k) {}

  size_t scratch_bytes() const override { return kGemmScratchBytes; }

  Status Run(const KernelArgs& args) const override {
    const Window& out = args.outputs[0];
    const int rank = out.shape.rank();
    ForEachIndex(args.box.axis, rank - 2, [&](const int64_t* index) {
      const int64_t lhs =
          MatrixOffset(args.inputs[0], index, layout_.lhs_lead) + args.inputs[0].Offset(layout_.lhs_k, 0);
      const int64_t rhs =
          MatrixOffset(args.inputs[1], index, layout_.rhs_lead) + args.inputs[1].Offset(layout_.rhs_k, 0);
      const int64_t to = OffsetOf(out, index, rank - 2);
      const Range rows = args.box.axis[rank - 2], columns = args.box.axis[rank - 1];
      // Stretches in which neither the inputs' nor the output's ring turns over.
      for (int64_t j = columns.begin, n = 0; j < columns.end; j += n) {
        n = std::min(EvenSteps(args.inputs[1], layout_.rhs_n, j, columns.end),
                     EvenSteps(out, rank - 1, j, columns.end));
        for (int64_t i = rows.begin, m = 0; i < rows.end; i += m) {
          m = std::min(EvenSteps(args.inputs[0], layout_.lhs_m, i, rows.end), EvenSteps(out, rank - 2, i, rows.end));
          Product(args, lhs + args.inputs[0].Offset(layout_.lhs_m, i), rhs + args.inputs[1].Offset(layout_.rhs_n, j),
                  to + out.Offset(rank - 2, i) + out.Offset(rank - 1, j), m, n);
        }
      }
    });
    return {};
  }

 private:
  void Product(const KernelArgs& args, int64_t lhs, int64_t rhs, int64_t out, int64_t m, int64_t n) const {
    const Window& a = args.inputs[0];
    const Window& b = args.inputs[1];
    kernels::GemmPanelArgs product{};
    product.a = a.at<const float>(lhs);
    product.a_row_stride = a.strides[layout_.lhs_m];
    product.a_k_stride = a.strides[layout_.lhs_k];
    product.rows = m;
    product.k = k_;
    product.columns = n;
    product.c = args.outputs[0].at<float>(out);
    product.c_row_stride = args.outputs[0].strides[args.outputs[0].shape.rank() - 2];
    product.low = -std::numeric_limits<float>::infinity();
    product.high = std::numeric_limits<float>::infinity();
    product.first = product.last = true;
    GemmUnpacked(product, b.at<const float>(rhs), b.strides[layout_.rhs_k], b.strides[layout_.rhs_n],
                 reinterpret_cast<float*>(args.scratch));
  }

  MatmulLayout layout_;
  int64_t k_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  const MatmulLayout layout = LayoutOf(context);
  if (IsQuantizedType(context.input(0).dtype)) return PrepareIntBatchMatmul(context, layout);
  SL_TRY(CheckFloat(context));
  return std::unique_ptr<Kernel>(std::make_unique<BatchMatmulKernel>(layout, context.input(0).shape[layout.lhs_k]));
}

}  // namespace

extern const OpDef batch_matmul_op;
const OpDef batch_matmul_op{
    .name = "BATCH_MATMUL",
    .tflite_code = 126,
    .min_inputs = 2,
    .max_inputs = 2,
    .read = Read,
    .infer = Infer,
    .axes = Axes,
    .cost = CostOf,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
