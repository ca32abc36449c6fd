// SPDX-License-Identifier: Apache-2.0
//
// Convolution weights as the kernels want them, packed once for all sessions of a model.
#pragma once

#include <memory>
#include <vector>

#include "graph/pack_cache.h"
#include "kernels/conv.h"

namespace safelight {

// One block for each group of filters.
using PackedFilters = std::vector<std::shared_ptr<const AlignedBuffer>>;

// `size` is that of one group; `weights` is [groups * out][ky][kx][in]; `bias` and `cache` may be null.
PackedFilters PackFilters(const kernels::ConvSize& size, int64_t groups, const float* weights, const float* bias,
                          PackCache* cache);

}  // namespace safelight
