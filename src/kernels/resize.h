// SPDX-License-Identifier: Apache-2.0
//
// Bilinear blending of float32 pixels, n h w c, in the order of TFLite's reference: four products of a pixel and its
// two weights, added from the left, without fused multiply-adds; so the bits are those of plain loops.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// Where an output pixel finds its left and right neighbour, in floats from the row's start, and how far it is
// from the left one.
struct BlendColumn {
  int64_t left, right;
  float weight;
};

// Output pixels of one row, `out_step` floats apart.
struct BlendRow {
  const float* top = nullptr;
  const float* bottom = nullptr;
  float weight = 0;  // of the bottom row
  const BlendColumn* columns = nullptr;
  int64_t pixels = 0;
  int64_t channels = 0;
  float* out = nullptr;
  int64_t out_step = 0;
};
void RunBlendRow(const BlendRow& row);

}  // namespace safelight::kernels
