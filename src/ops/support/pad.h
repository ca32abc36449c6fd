// SPDX-License-Identifier: Apache-2.0
//
// PAD, PADV2 and MIRROR_PAD.
#pragma once

#include "ops/support/movement.h"

namespace safelight {

struct PadSizes {
  int64_t before[Shape::kMaxRank], after[Shape::kMaxRank];
};
// Input 1 as sizes before and after every axis; checked.
Result<PadSizes> ReadPads(const OpContext& context);
Status InferPad(InferContext& context);
// What lies outside is fill.
Result<MovePlan> PadPlan(const OpContext& context);

}  // namespace safelight
