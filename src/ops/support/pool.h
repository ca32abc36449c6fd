// SPDX-License-Identifier: Apache-2.0
//
// AVERAGE_POOL_2D and MAX_POOL_2D.
#pragma once

#include "kernels/pool.h"
#include "ops/support/spatial.h"

namespace safelight {

using kernels::PoolKind;

Result<std::shared_ptr<const OpAttrs>> ReadPool(const AttrReader& reader);
Status InferPool(InferContext& context);
std::vector<AxisRule> PoolAxes(const OpContext& context, int out_axis);
Status PoolReference(const OpContext& context, PoolKind kind, std::span<const ConstTensorView> inputs,
                     std::span<const TensorView> outputs);
// A pool over all of its input stays one.
std::shared_ptr<const OpAttrs> RescalePool(const OpContext& before, const OpContext& after);
Result<std::unique_ptr<Kernel>> PreparePool(const OpContext& context, PoolKind kind);

template <PoolKind kind>
constexpr OpDef PoolOpDef(const char* name, int tflite_code) {
  OpDef op{};
  op.name = name;
  op.tflite_code = tflite_code;
  op.read = ReadPool;
  op.infer = InferPool;
  op.axes = PoolAxes;
  op.reference = [](const OpContext& context, std::span<const ConstTensorView> in, std::span<const TensorView> out) {
    return PoolReference(context, kind, in, out);
  };
  op.rescale_options = RescalePool;
  op.prepare = [](const OpContext& context, const PrepareOptions&) { return PreparePool(context, kind); };
  return op;
}

}  // namespace safelight
