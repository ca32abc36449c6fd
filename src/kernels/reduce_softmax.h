// SPDX-License-Identifier: Apache-2.0
//
// Loops that normalise each pixel over its channels: softmax, its logarithm, and length one.
//
// A pixel is `depth` floats that lie next to each other; pixel p starts at p * stride. Its result
// depends on its own floats alone. Input and output may be the same memory when the strides are equal.
// Cost: softmax one vector exponential per float; pixels of few channels share vectors.
#pragma once

#include <cstdint>

namespace safelight::kernels {

struct PixelRun {
  const float* in;
  int64_t in_stride;
  float* out;
  int64_t out_stride;
  int64_t pixels;
  int64_t depth;
};

// exp(beta (x - max)) / sum of the same.
void SoftmaxPixels(const PixelRun& run, float beta);
// x - max - log(sum exp(x - max)).
void LogSoftmaxPixels(const PixelRun& run);
// x / max(sqrt(sum x^2), epsilon).
void L2NormalizePixels(const PixelRun& run, float epsilon);

}  // namespace safelight::kernels
