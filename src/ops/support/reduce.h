// SPDX-License-Identifier: Apache-2.0
//
// The reductions MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY and REDUCE_ALL: one family, whose
// members differ in how two elements become one.
//
// Input 1 holds the axes: constant, any order, negative counts from the end, twice is once. What is
// kept can be split; what is reduced is needed whole, so a reduction over the rows is a barrier.
// SplitReduction turns it into a partial result per row, which streams, and a small rest.
#pragma once

#include <optional>
#include <vector>

#include "graph/op_def.h"

namespace safelight {

enum class ReduceKind { kMean, kSum, kMax, kMin, kProd, kAny, kAll };

struct ReduceAttrs : OpAttrs {
  bool keep_dims = false;
  // MEAN divides the sum by this; 0: by the number of elements that it reduces.
  int64_t divisor = 0;
};

// Which axes of input 0 are reduced, by axis.
Result<std::vector<bool>> ReducedAxes(const OpContext& context);

// Two nodes in place of one. Node A: op `per_row` with `per_row_attrs` on (the input, constant int32 vector
// `per_row_axes`), giving a value of shape `partial_shape` and the input's dtype, whose axis
// `row_axis` is the input's. Node B: op `over_rows` with `over_rows_attrs` on (that value, constant
// `over_rows_axes`), giving the outputs of the node that is replaced.
struct ReduceSplit {
  const OpDef* per_row = nullptr;
  std::shared_ptr<const ReduceAttrs> per_row_attrs;
  std::vector<int32_t> per_row_axes;
  Shape partial_shape;
  const OpDef* over_rows = nullptr;
  std::shared_ptr<const ReduceAttrs> over_rows_attrs;
  std::vector<int32_t> over_rows_axes;
};

// How the node's reduction over `row_axis` (of input 0) and others splits. Nothing where the node is no
// reduction, does not reduce `row_axis`, reduces nothing besides, or where the partial result would not hold
// what the whole does (means of integers). Requires an inferred graph.
std::optional<ReduceSplit> SplitReduction(const OpContext& context, int row_axis);

// The functions of the OpDefs.
Result<std::shared_ptr<const OpAttrs>> ReadReduce(const AttrReader& reader);
template <ReduceKind kind>
Status InferReduce(InferContext& context);
std::vector<AxisRule> ReduceAxisRules(const OpContext& context, int out_axis);
Cost ReduceCost(const OpContext& context);
template <ReduceKind kind>
Status ReduceReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                       std::span<const TensorView> outputs);
template <ReduceKind kind>
Result<std::unique_ptr<Kernel>> PrepareReduce(const OpContext& context, const PrepareOptions& options);

template <ReduceKind kind>
constexpr OpDef ReduceOp(const char* name, int tflite_code) {
  return {
      .name = name,
      .tflite_code = tflite_code,
      .min_inputs = 2,
      .max_inputs = 2,
      .read = ReadReduce,
      .infer = InferReduce<kind>,
      .axes = ReduceAxisRules,
      .cost = ReduceCost,
      .reference = ReduceReference<kind>,
      .prepare = PrepareReduce<kind>,
  };
}

}  // namespace safelight
