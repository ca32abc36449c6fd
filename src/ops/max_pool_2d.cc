// SPDX-License-Identifier: Apache-2.0
//
// MAX_POOL_2D: the largest of the pixels of a window that lie inside the picture, channel by channel.
#include "ops/support/pool.h"

namespace safelight {

extern const OpDef max_pool_2d_op;
const OpDef max_pool_2d_op = PoolOpDef<PoolKind::kMax>("MAX_POOL_2D", 17);

}  // namespace safelight
