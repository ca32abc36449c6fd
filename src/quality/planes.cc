// SPDX-License-Identifier: Apache-2.0
#include "quality/planes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "image/rows.h"
#include "kernels/image_rows.h"
#include "kernels/pixels.h"

namespace safelight {
namespace {

kernels::PixelForm FormOf(PixelType type) {
  return type == PixelType::kU8    ? kernels::PixelForm::kU8
         : type == PixelType::kU16 ? kernels::PixelForm::kU16
                                   : kernels::PixelForm::kF32;
}

// Calls use(x, count, planes) for runs of a row's pixels, in 0..255; planes has one pointer for each channel.
template <typename Use>
void ForPixels(const ConstImageView& view, int64_t y, const Use& use) {
  float chunk[4][kernels::kPixelChunk];
  float* const planes[4] = {chunk[0], chunk[1], chunk[2], chunk[3]};
  const auto divisor = static_cast<float>(PixelTypeMax(view.type) / 255.0);
  const size_t pixel = view.pixel_bytes();
  for (size_t x = 0; x < static_cast<size_t>(view.width); x += kernels::kPixelChunk) {
    const size_t count = std::min(kernels::kPixelChunk, static_cast<size_t>(view.width) - x);
    kernels::LoadPixels(view.row(y) + x * pixel, FormOf(view.type), view.channels, count, divisor, planes);
    use(x, count, planes);
  }
}

// Where sample i of a side of `size` samples lies, outside of it too.
int64_t Source(int64_t i, int64_t size, Border border) {
  switch (border) {
    case Border::kReplicate: return std::clamp<int64_t>(i, 0, size - 1);
    case Border::kCircular: return ((i % size) + size) % size;
    case Border::kSymmetric: {
      const int64_t at = ((i % (2 * size)) + 2 * size) % (2 * size);
      return at < size ? at : 2 * size - 1 - at;
    }
    case Border::kReflect: {
      if (size == 1) return 0;
      const int64_t period = 2 * (size - 1);
      const int64_t at = ((i % period) + period) % period;
      return at < size ? at : period - at;
    }
    default: return i >= 0 && i < size ? i : -1;
  }
}

// kValid is the plane itself; else it gets its border, of which an even kernel has one more before than after it.
Plane Padded(const Plane& plane, int64_t rows, int64_t columns, Border border) {
  return Pad(plane, (columns - 1) / 2, columns / 2, (rows - 1) / 2, rows / 2, border);
}

}  // namespace

void ForBands(ThreadPool* pool, int64_t rows, const std::function<void(int64_t begin, int64_t end)>& task) {
  const int64_t bands = std::min<int64_t>(rows, pool == nullptr ? 1 : 4 * pool->size());
  if (bands <= 1 || pool->size() == 1) {
    if (rows > 0) task(0, rows);
    return;
  }
  struct Context {
    const std::function<void(int64_t, int64_t)>* task;
    int64_t rows, bands;
  } context{&task, rows, bands};
  pool->ForEach(
      static_cast<size_t>(bands),
      [](void* data, size_t index) {
        const auto& c = *static_cast<Context*>(data);
        const auto i = static_cast<int64_t>(index);
        (*c.task)(c.rows * i / c.bands, c.rows * (i + 1) / c.bands);
      },
      &context);
}

std::vector<Plane> ColorPlanes(const ConstImageView& view, ThreadPool* pool) {
  std::vector<Plane> planes;
  for (int c = 0; c < view.color_channels(); ++c) planes.emplace_back(view.width, view.height);
  ForBands(pool, view.height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      ForPixels(view, y, [&](size_t x, size_t count, float* const* values) {
        for (size_t c = 0; c < planes.size(); ++c) std::memcpy(planes[c].row(y) + x, values[c], count * sizeof(float));
      });
    }
  });
  return planes;
}

Plane MixedPlane(const ConstImageView& view, const float (&weights)[3], float offset, ThreadPool* pool) {
  Plane plane(view.width, view.height);
  ForBands(pool, view.height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      ForPixels(view, y, [&](size_t x, size_t count, float* const* values) {
        const float gray_weight = weights[0] + weights[1] + weights[2];
        float* const target = plane.row(y) + x;
        if (view.color_channels() == 3) {
          kernels::MixPlanes(values, 3, weights, &offset, count, 1, &target);
        } else {
          kernels::MixPlanes(values, 1, &gray_weight, &offset, count, 1, &target);
        }
      });
    }
  });
  return plane;
}

Plane GrayPlane(const ConstImageView& view, ThreadPool* pool) {
  if (view.color_channels() == 1) return std::move(ColorPlanes(view, pool)[0]);
  // The first row of the inverse of MATLAB's NTSC matrix.
  Plane plane = MixedPlane(view, {0.298936021293775f, 0.587043074451121f, 0.114020904255103f}, 0, pool);
  if (view.type == PixelType::kF32) return plane;
  const auto steps = static_cast<float>(PixelTypeMax(view.type) / 255.0);
  ForBands(pool, view.height, [&](int64_t begin, int64_t end) {
    for (float* v = plane.row(begin); v != plane.row(end); ++v) *v = std::floor(*v * steps + 0.5f) / steps;
  });
  return plane;
}

std::vector<float> GaussianTaps(int size, double sigma) {
  std::vector<double> taps(static_cast<size_t>(size));
  double sum = 0;
  for (int i = 0; i < size; ++i) {
    const double x = i - (size - 1) / 2.0;
    taps[static_cast<size_t>(i)] = std::exp(-x * x / (2 * sigma * sigma));
    sum += taps[static_cast<size_t>(i)];
  }
  std::vector<float> normal;
  for (const double tap : taps) normal.push_back(static_cast<float>(tap / sum));
  return normal;
}

Plane Pad(const Plane& plane, int64_t left, int64_t right, int64_t top, int64_t bottom, Border border) {
  Plane out(plane.width() + left + right, plane.height() + top + bottom);
  for (int64_t y = 0; y < out.height(); ++y) {
    const int64_t from = Source(y - top, plane.height(), border);
    if (from < 0) continue;
    float* target = out.row(y);
    std::memcpy(target + left, plane.row(from), static_cast<size_t>(plane.width()) * sizeof(float));
    const auto fill = [&](int64_t x) {
      const int64_t at = Source(x - left, plane.width(), border);
      target[x] = at < 0 ? 0 : plane.row(from)[at];
    };
    for (int64_t x = 0; x < left; ++x) fill(x);
    for (int64_t x = left + plane.width(); x < out.width(); ++x) fill(x);
  }
  return out;
}

Plane FilterSeparable(const Plane& plane, const std::vector<float>& down, const std::vector<float>& across,
                      Border border, ThreadPool* pool) {
  const auto rows = static_cast<int64_t>(down.size()), columns = static_cast<int64_t>(across.size());
  if (border != Border::kValid) {
    return FilterSeparable(Padded(plane, rows, columns, border), down, across, Border::kValid, pool);
  }
  Plane out(plane.width() - columns + 1, plane.height() - rows + 1);
  ForBands(pool, out.height(), [&](int64_t begin, int64_t end) {
    std::vector<float> line(static_cast<size_t>(plane.width()));
    std::vector<const float*> sources(std::max(down.size(), across.size()));
    for (int64_t y = begin; y < end; ++y) {
      for (size_t k = 0; k < down.size(); ++k) sources[k] = plane.row(y + static_cast<int64_t>(k));
      ImageWeightedSum(sources.data(), down.data(), down.size(), line.size(), line.data());
      for (size_t k = 0; k < across.size(); ++k) sources[k] = line.data() + k;
      ImageWeightedSum(sources.data(), across.data(), across.size(), static_cast<size_t>(out.width()), out.row(y));
    }
  });
  return out;
}

Plane Filter2d(const Plane& plane, const std::vector<float>& kernel, int rows, int columns, Border border,
               ThreadPool* pool) {
  if (border != Border::kValid) {
    return Filter2d(Padded(plane, rows, columns, border), kernel, rows, columns, Border::kValid, pool);
  }
  Plane out(plane.width() - columns + 1, plane.height() - rows + 1);
  ForBands(pool, out.height(), [&](int64_t begin, int64_t end) {
    std::vector<const float*> sources(kernel.size());
    for (int64_t y = begin; y < end; ++y) {
      for (size_t k = 0; k < kernel.size(); ++k) {
        const auto at = static_cast<int64_t>(k);
        sources[k] = plane.row(y + at / columns) + at % columns;
      }
      ImageWeightedSum(sources.data(), kernel.data(), kernel.size(), static_cast<size_t>(out.width()), out.row(y));
    }
  });
  return out;
}

Plane Decimate(const Plane& plane, int64_t step) {
  Plane out((plane.width() + step - 1) / step, (plane.height() + step - 1) / step);
  for (int64_t y = 0; y < out.height(); ++y) {
    for (int64_t x = 0; x < out.width(); ++x) out.row(y)[x] = plane.row(y * step)[x * step];
  }
  return out;
}

double Sum(const Plane& plane) {
  double sum = 0;
  for (int64_t y = 0; y < plane.height(); ++y) {
    double row = 0;
    for (int64_t x = 0; x < plane.width(); ++x) row += static_cast<double>(plane.row(y)[x]);
    sum += row;
  }
  return sum;
}

double Mean(const Plane& plane) { return Sum(plane) / static_cast<double>(plane.size()); }

double StandardDeviation(const Plane& plane) {
  const double mean = Mean(plane);
  double sum = 0;
  for (size_t i = 0; i < plane.size(); ++i) {
    const double d = static_cast<double>(plane.data()[i]) - mean;
    sum += d * d;
  }
  return std::sqrt(sum / static_cast<double>(plane.size()));
}

}  // namespace safelight
