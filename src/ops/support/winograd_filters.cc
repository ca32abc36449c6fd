// SPDX-License-Identifier: Apache-2.0
#include "ops/support/winograd_filters.h"

#include "base/status.h"

namespace safelight {

std::shared_ptr<const AlignedBuffer> PackWinogradFilters(const kernels::WinogradSize& size, const float* weights,
                                                         const float* bias, PackCache* cache) {
  const auto make = [&] {
    AlignedBuffer buffer(kernels::WinogradPackedBytes(size));
    kernels::PackWinograd(size, weights, bias, reinterpret_cast<float*>(buffer.data()));
    return buffer;
  };
  if (cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
  // The bias is part of the block, so its address is part of the key.
  const std::string layout = Cat("winograd ", kernels::WinogradLayout(size), " of ", size.out_channels, "x",
                                 size.in_channels, " taps ", size.taps, " bias ", static_cast<const void*>(bias));
  return cache->Get(weights, layout, make);
}

int64_t WinogradMacs(int64_t pixels, const kernels::WinogradSize& size) {
  const int64_t in = size.in_channels, out = size.out_channels, tile = size.tile();
  // 36 products a tile, whose output channels are whole vectors, and transforms that take about as long as so many
  // multiply-adds: those of the inputs by the tile, those of the outputs partly by the pixel.
  return pixels * (in * ((out + 7) / 8 * 8) * 36 + 256 * in + (96 + 6 * tile * tile) * out) / (tile * tile);
}

int64_t WinogradWeightBytes(const kernels::WinogradSize& size) {
  return size.in_channels * size.out_channels * 36 * static_cast<int64_t>(sizeof(float));
}

}  // namespace safelight
