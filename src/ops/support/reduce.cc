// SPDX-License-Identifier: Apache-2.0
#include "ops/support/reduce.h"

#include "ops/support/function_kernel.h"
#include "ops/support/quantized_reduce.h"
#include "ops/support/reduce_lanes.h"

namespace safelight {

#define OP(name) extern const OpDef name##_op;
OP(mean)
OP(sum)
OP(reduce_max)
OP(reduce_min)
OP(reduce_prod)
OP(reduce_any)
OP(reduce_all)
#undef OP

namespace {

const ReduceAttrs& Attrs(const OpContext& context) {
  static const ReduceAttrs kDefaults;
  return context.node().attrs == nullptr ? kDefaults : context.attrs<ReduceAttrs>();
}

bool IsReduction(const OpDef* op) {
  return op == &mean_op || op == &sum_op || op == &reduce_max_op || op == &reduce_min_op || op == &reduce_prod_op ||
         op == &reduce_any_op || op == &reduce_all_op;
}

Status CheckDType(ReduceKind kind, DType dtype) {
  const bool logical = kind == ReduceKind::kAny || kind == ReduceKind::kAll;
  if (logical && dtype != DType::kBool) return InvalidArgument("input 0 is ", DTypeName(dtype), ", must be bool");
  if (logical) return {};
  switch (dtype) {
    case DType::kFloat32:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kInt16: return {};
    default: return Unsupported("a reduction of ", DTypeName(dtype));
  }
}

std::shared_ptr<const ReduceAttrs> MakeAttrs(bool keep_dims, int64_t divisor) {
  auto attrs = std::make_shared<ReduceAttrs>();
  attrs->keep_dims = keep_dims;
  attrs->divisor = divisor;
  return attrs;
}

}  // namespace

Result<std::shared_ptr<const OpAttrs>> ReadReduce(const AttrReader& reader) {
  return std::shared_ptr<const OpAttrs>(MakeAttrs(reader.Bool(0, false), 0));
}

Result<std::vector<bool>> ReducedAxes(const OpContext& context) {
  SL_ASSIGN(const std::vector<int64_t> axes, context.ConstInts(1));
  const int rank = context.input(0).shape.rank();
  std::vector<bool> reduced(rank, false);
  if (rank == 0) return reduced;  // a scalar has nothing to reduce; TFLite does not look at the axes either
  for (int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      return InvalidArgument("axis ", axis, " of an input of ", rank, " dimensions, must be ", -rank, " to ", rank - 1);
    }
    reduced[axis < 0 ? axis + rank : axis] = true;
  }
  return reduced;
}

template <ReduceKind kind>
Status InferReduce(InferContext& context) {
  const Value& input = context.input(0);
  SL_TRY(CheckDType(kind, input.dtype));
  SL_ASSIGN(const std::vector<bool> reduced, ReducedAxes(context));
  Shape shape;
  for (int axis = 0; axis < input.shape.rank(); ++axis) {
    if (!reduced[axis]) {
      shape.push_back(input.shape[axis]);
    } else if (Attrs(context).keep_dims) {
      shape.push_back(1);
    }
  }
  context.SetOutput(0, input.dtype, shape);
  return {};
}

std::vector<AxisRule> ReduceAxisRules(const OpContext& context, int out_axis) {
  const Shape& shape = context.input(0).shape;
  const auto reduced = ReducedAxes(context);
  if (!reduced.ok()) return {};
  int next = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool in_output = !(*reduced)[axis] || Attrs(context).keep_dims;
    if (!in_output) continue;
    if (next++ != out_axis) continue;
    if ((*reduced)[axis]) return {AxisRule::All(), AxisRule::All()};
    return {AxisRule::Same(axis, shape[axis]), AxisRule::All()};
  }
  return {};
}

Cost ReduceCost(const OpContext& context) { return {.other = context.input(0).shape.elements()}; }

std::optional<ReduceSplit> SplitReduction(const OpContext& context, int row_axis) {
  if (!IsReduction(context.node().op)) return std::nullopt;
  const Value& input = context.input(0);
  const auto reduced = ReducedAxes(context);
  if (!reduced.ok() || row_axis < 0 || row_axis >= input.shape.rank() || !(*reduced)[row_axis]) return std::nullopt;
  const bool mean = context.node().op == &mean_op;
  if (mean && input.dtype != DType::kFloat32) return std::nullopt;
  // Sums and products of quantized values are scaled once, at their end.
  const bool sum = context.node().op == &sum_op || context.node().op == &reduce_prod_op;
  if (sum && IsQuantizedReduce(ReduceKind::kSum, input)) return std::nullopt;

  ReduceSplit split;
  split.partial_shape = input.shape;
  int64_t row_elements = 1;
  for (int axis = 0; axis < input.shape.rank(); ++axis) {
    if (!(*reduced)[axis]) continue;
    split.over_rows_axes.push_back(axis);
    if (axis == row_axis) continue;
    split.per_row_axes.push_back(axis);
    row_elements *= input.shape[axis];
    split.partial_shape[axis] = 1;
  }
  if (row_elements <= 1) return std::nullopt;
  int64_t divisor = 0;
  if (mean) {
    divisor = Attrs(context).divisor > 0 ? Attrs(context).divisor : row_elements * input.shape[row_axis];
  }
  split.per_row = mean ? &sum_op : context.node().op;
  split.per_row_attrs = MakeAttrs(true, 0);
  split.over_rows = context.node().op;
  split.over_rows_attrs = MakeAttrs(Attrs(context).keep_dims, divisor);
  return split;
}

template <ReduceKind kind>
Status ReduceReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                       std::span<const TensorView> outputs) {
  SL_ASSIGN(const std::vector<bool> reduced, ReducedAxes(context));
  if (IsQuantizedReduce(kind, context.input(0))) {
    SL_ASSIGN(const auto kernel, PrepareQuantizedReduce(context, kind, reduced, Attrs(context).keep_dims));
    return RunWhole(*kernel, inputs, outputs);
  }
  return ReduceWhole(kind, reduced, Attrs(context).divisor, inputs[0], outputs[0]);
}

template <ReduceKind kind>
Result<std::unique_ptr<Kernel>> PrepareReduce(const OpContext& context, const PrepareOptions&) {
  SL_ASSIGN(const std::vector<bool> reduced, ReducedAxes(context));
  const Value& input = context.input(0);
  if (IsQuantizedReduce(kind, input)) {
    return PrepareQuantizedReduce(context, kind, reduced, Attrs(context).keep_dims);
  }
  SL_ASSIGN(const ReduceLoops loops, FindReduceLoops(kind, input.dtype));
  return MakeReduceKernel(loops, reduced, Attrs(context).keep_dims, Attrs(context).divisor, input.shape);
}

#define SL_REDUCE(kind)                                                                     \
  template Status InferReduce<kind>(InferContext&);                                         \
  template Status ReduceReference<kind>(const OpContext&, std::span<const ConstTensorView>, \
                                        std::span<const TensorView>);                       \
  template Result<std::unique_ptr<Kernel>> PrepareReduce<kind>(const OpContext&, const PrepareOptions&);
SL_REDUCE(ReduceKind::kMean)
SL_REDUCE(ReduceKind::kSum)
SL_REDUCE(ReduceKind::kMax)
SL_REDUCE(ReduceKind::kMin)
SL_REDUCE(ReduceKind::kProd)
SL_REDUCE(ReduceKind::kAny)
SL_REDUCE(ReduceKind::kAll)
#undef SL_REDUCE

}  // namespace safelight
