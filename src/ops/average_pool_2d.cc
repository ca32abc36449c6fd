// SPDX-License-Identifier: Apache-2.0
//
// AVERAGE_POOL_2D: the mean of the pixels of a window that lie inside the picture, channel by channel.
#include "ops/support/pool.h"

namespace safelight {

extern const OpDef average_pool_2d_op;
const OpDef average_pool_2d_op = PoolOpDef<PoolKind::kAverage>("AVERAGE_POOL_2D", 1);

}  // namespace safelight
