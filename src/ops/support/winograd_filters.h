// SPDX-License-Identifier: Apache-2.0
//
// What ops that multiply in Winograd tiles share: their weights, transformed once for all sessions of a model, and
// their price.
#pragma once

#include <memory>

#include "graph/pack_cache.h"
#include "kernels/winograd.h"

namespace safelight {

// `weights` is [out][ky][kx][in]; `bias` and `cache` may be null.
std::shared_ptr<const AlignedBuffer> PackWinogradFilters(const kernels::WinogradSize& size, const float* weights,
                                                         const float* bias, PackCache* cache);

// Multiply-adds for `pixels` outputs, with what the transforms cost in their place.
int64_t WinogradMacs(int64_t pixels, const kernels::WinogradSize& size);
int64_t WinogradWeightBytes(const kernels::WinogradSize& size);

}  // namespace safelight
