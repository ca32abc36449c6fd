// SPDX-License-Identifier: Apache-2.0
#include "ops/support/spatial_filters.h"

#include "base/status.h"

namespace safelight {

PackedFilters PackFilters(const kernels::ConvSize& size, int64_t groups, const float* weights, const float* bias,
                          PackCache* cache) {
  PackedFilters packed;
  for (int64_t g = 0; g < groups; ++g) {
    const float* group_weights = weights + g * size.out_channels * size.filter_h * size.filter_w * size.in_channels;
    const float* group_bias = bias == nullptr ? nullptr : bias + g * size.out_channels;
    const auto make = [&] {
      AlignedBuffer buffer(kernels::ConvPackedBytes(size));
      kernels::PackConv(size, group_weights, group_bias, reinterpret_cast<float*>(buffer.data()));
      return buffer;
    };
    if (cache == nullptr) {
      packed.push_back(std::make_shared<const AlignedBuffer>(make()));
      continue;
    }
    // The bias is part of the block, so its address is part of the key.
    const std::string layout =
        Cat("conv ", kernels::ConvLayout(size), " of ", size.out_channels, "x", size.filter_h, "x", size.filter_w, "x",
            size.in_channels, " bias ", static_cast<const void*>(group_bias));
    packed.push_back(cache->Get(group_weights, layout, make));
  }
  return packed;
}

}  // namespace safelight
