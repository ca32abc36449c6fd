// SPDX-License-Identifier: Apache-2.0
//
// Values laid side by side along an axis (CONCATENATION, PACK) and cut apart again (SPLIT, SPLIT_V, UNPACK).
#pragma once

#include "ops/support/movement.h"

namespace safelight {

// Indices [range) of the output's axis `axis` come from input `input` by `plan`.
struct JoinPart {
  int input = 0;
  Range range;
  MovePlan plan;
};
struct JoinPlan {
  int axis = 0;
  std::vector<JoinPart> parts;
};
void RunJoin(const JoinPlan& plan, const KernelArgs& args);
std::unique_ptr<Kernel> MakeJoinKernel(JoinPlan plan);
Status JoinReference(const JoinPlan& plan, std::span<const ConstTensorView> inputs,
                     std::span<const TensorView> outputs);

// Output k is made from input `input` by plans[k]. Along `axis` of the outputs (kNone: they all have the same
// shape) each output is made in full.
struct CutPlan {
  int input = 0;
  int axis = kNone;
  std::vector<MovePlan> plans;
};
std::unique_ptr<Kernel> MakeCutKernel(CutPlan plan);
Status CutReference(const CutPlan& plan, std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);

}  // namespace safelight
