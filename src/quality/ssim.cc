// SPDX-License-Identifier: Apache-2.0
#include "quality/ssim.h"

#include <algorithm>

#include "kernels/local_moments.h"

namespace safelight {
namespace {

// Room for one row of moments and of what is made of them.
struct Rows {
  Rows(int64_t width, size_t outs) : stride(static_cast<size_t>(width) + kernels::kMomentsSlack) {
    values.resize(stride * (5 + 5 + outs));
  }
  float* at(size_t row) { return values.data() + row * stride; }

  size_t stride;
  std::vector<float> values;
};

void AddRow(const float* values, int64_t count, bool clip, double* sum) {
  double row = 0;
  for (int64_t i = 0; i < count; ++i) row += static_cast<double>(clip ? std::max(values[i], 0.0f) : values[i]);
  *sum = row;
}

}  // namespace

SsimWindow PaperWindow() { return {GaussianTaps(11, 1.5)}; }

SsimMeans MeasureSsim(const Plane& reference, const Plane& test, const SsimWindow& window, ThreadPool* pool,
                      Plane* damage) {
  constexpr float kC1 = 0.01f * 255 * 0.01f * 255, kC2 = 0.03f * 255 * 0.03f * 255;
  const size_t taps = window.taps.size();
  const int64_t width = reference.width() - static_cast<int64_t>(taps) + 1;
  const int64_t height = reference.height() - static_cast<int64_t>(taps) + 1;
  if (damage != nullptr) *damage = Plane(width, height);
  std::vector<SsimMeans> rows(static_cast<size_t>(height));
  ForBands(pool, height, [&](int64_t begin, int64_t end) {
    Rows room(reference.width(), 2);
    const kernels::Moments moments{room.at(5), room.at(6), room.at(7), room.at(8), room.at(9)};
    float *contrast = room.at(10), *similarity = room.at(11);
    std::vector<const float*> x(taps), y(taps);
    for (int64_t row = begin; row < end; ++row) {
      for (size_t k = 0; k < taps; ++k) {
        x[k] = reference.row(row + static_cast<int64_t>(k));
        y[k] = test.row(row + static_cast<int64_t>(k));
      }
      kernels::MomentsRow(x.data(), y.data(), window.taps.data(), taps, static_cast<size_t>(reference.width()), 128.0f,
                          room.at(0), moments);
      kernels::SsimRow(moments, static_cast<size_t>(width), kC1, kC2, static_cast<float>(window.covariance_factor),
                       contrast, similarity);
      SsimMeans& sums = rows[static_cast<size_t>(row)];
      AddRow(similarity, width, false, &sums.similarity);
      AddRow(contrast, width, window.clip_contrast, &sums.contrast);
      for (int64_t i = 0; damage != nullptr && i < width; ++i) damage->row(row)[i] = 1 - similarity[i];
    }
  });
  SsimMeans means;
  for (const SsimMeans& row : rows) {
    means.similarity += row.similarity;
    means.contrast += row.contrast;
  }
  const double count = static_cast<double>(width) * static_cast<double>(height);
  return {means.similarity / count, means.contrast / count};
}

}  // namespace safelight
