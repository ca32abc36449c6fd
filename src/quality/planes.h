// SPDX-License-Identifier: Apache-2.0
//
// Planes of floats, what metrics compute with: from pictures, filtered, made smaller.
//
// Samples of pictures are 0..255 whatever their type, as papers write their constants. Results do not depend on the
// number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/thread_pool.h"
#include "safelight/image.h"

namespace safelight {

class Plane {
 public:
  Plane() = default;
  Plane(int64_t width, int64_t height)
      : width_(width), height_(height), values_(static_cast<size_t>(width * height) + kSlack) {}

  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  size_t size() const { return static_cast<size_t>(width_ * height_); }
  bool empty() const { return size() == 0; }
  float* row(int64_t y) { return values_.data() + y * width_; }
  const float* row(int64_t y) const { return values_.data() + y * width_; }
  // All values, row by row.
  float* data() { return values_.data(); }
  const float* data() const { return values_.data(); }

 private:
  // Vector loops read past the end of a row, into the next or into this.
  static constexpr size_t kSlack = 64;
  int64_t width_ = 0, height_ = 0;
  std::vector<float> values_;
};

// Calls task(begin, end) for bands of [0, rows) on the threads of the pool.
void ForBands(ThreadPool* pool, int64_t rows, const std::function<void(int64_t begin, int64_t end)>& task);

// ---- from pictures ----

// The colours (one plane for gray), 0..255, not rounded; alpha is left out.
std::vector<Plane> ColorPlanes(const ConstImageView& view, ThreadPool* pool);
// MATLAB's rgb2gray, rounded to the numbers that the picture's type has; floats are not rounded.
Plane GrayPlane(const ConstImageView& view, ThreadPool* pool);
// weights[0] R + weights[1] G + weights[2] B + offset, not rounded. Gray pictures are taken as R = G = B.
Plane MixedPlane(const ConstImageView& view, const float (&weights)[3], float offset, ThreadPool* pool);

// ---- filters ----

enum class Border : uint8_t {
  kValid,      // none: the result is smaller
  kZero,       // zeros; MATLAB's conv2 and imfilter without options
  kReplicate,  // the outermost pixel again and again
  kSymmetric,  // mirrored, the outermost pixel twice; MATLAB's 'symmetric'
  kReflect,    // mirrored, the outermost pixel once
  kCircular,   // from the other side
};

// size numbers of exp(-x^2 / 2 sigma^2), their sum 1.
std::vector<float> GaussianTaps(int size, double sigma);
// The plane with `left` columns and `top` rows more before it, `right` and `bottom` after it. Not for kValid.
Plane Pad(const Plane& plane, int64_t left, int64_t right, int64_t top, int64_t bottom, Border border);
// Correlation with the outer product of `down` and `across`. Of an even number of taps the last of the first half is
// over the pixel, as in MATLAB's imfilter. kValid needs a plane of at least the taps' size.
Plane FilterSeparable(const Plane& plane, const std::vector<float>& down, const std::vector<float>& across,
                      Border border, ThreadPool* pool);
// Correlation with a kernel of rows x columns, given row by row.
Plane Filter2d(const Plane& plane, const std::vector<float>& kernel, int rows, int columns, Border border,
               ThreadPool* pool);
// Every step-th sample of every step-th row, from the first.
Plane Decimate(const Plane& plane, int64_t step);

// ---- numbers ----

// out[i] = function(a[i], b[i]) over planes of the same size.
template <typename Function>
Plane Combine(const Plane& a, const Plane& b, const Function& function) {
  Plane out(a.width(), a.height());
  for (size_t i = 0; i < a.size(); ++i) out.data()[i] = function(a.data()[i], b.data()[i]);
  return out;
}
template <typename Function>
Plane Transform(const Plane& a, const Function& function) {
  Plane out(a.width(), a.height());
  for (size_t i = 0; i < a.size(); ++i) out.data()[i] = function(a.data()[i]);
  return out;
}

double Sum(const Plane& plane);
double Mean(const Plane& plane);
// Of the whole population, not of a sample.
double StandardDeviation(const Plane& plane);

}  // namespace safelight
