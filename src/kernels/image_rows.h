// SPDX-License-Identifier: Apache-2.0
//
// Loops over rows of pixel values: conversion to and from float, weighted sums of rows.
//
// Source and target must not overlap; no alignment is asked for. Every element's bits depend on its
// own inputs alone. About one cycle per vector.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight {

// target[i] = source[i] / divisor.
void ImageU8ToF32(const uint8_t* source, size_t count, float divisor, float* target);
void ImageU16ToF32(const uint16_t* source, size_t count, float divisor, float* target);
// target[i] = source[i] * factor, rounded to nearest (ties to even), clipped; NaN becomes 0.
void ImageF32ToU8(const float* source, size_t count, float factor, uint8_t* target);
void ImageF32ToU16(const float* source, size_t count, float factor, uint16_t* target);
// target[i] = sum over k of weights[k] * rows[k][i], in order of k.
void ImageWeightedSum(const float* const* rows, const float* weights, size_t row_count, size_t count, float* target);
// target[i] += weight * row[i].
void ImageAddScaled(const float* row, float weight, size_t count, float* target);

}  // namespace safelight
