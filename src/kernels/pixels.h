// SPDX-License-Identifier: Apache-2.0
//
// Rows of interleaved pixels as planes of floats and back, and a matrix of colours between them.
//
// Up to kPixelChunk pixels and kMaxPlanes planes at a time; planes need no alignment. Every element's bits depend on
// its own inputs alone. About a cycle per vector and plane for each of the three.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

enum class PixelForm : uint8_t { kU8, kU16, kF32 };

inline constexpr size_t kPixelChunk = 256;
inline constexpr int kMaxPlanes = 8;  // four of pixels, and what is mixed in

// planes[c][i] = source[i * channels + c] / divisor.
void LoadPixels(const void* source, PixelForm form, int channels, size_t count, float divisor, float* const* planes);

// target[i * channels + c] = planes[c][i] * factor; integers are rounded to nearest (ties to even) and clipped, NaN
// becomes 0.
void StorePixels(const float* const* planes, int channels, size_t count, float factor, PixelForm form, void* target);

// out[k][i] = offsets[k] + sum over j of weights[k * in_planes + j] * in[j][i], in order of j; weights of 0 are left
// out. Planes of `out` are others than those of `in`.
void MixPlanes(const float* const* in, int in_planes, const float* weights, const float* offsets, size_t count,
               int out_planes, float* const* out);

}  // namespace safelight::kernels
