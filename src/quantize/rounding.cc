// SPDX-License-Identifier: Apache-2.0
#include "quantize/rounding.h"

#include <algorithm>
#include <cmath>

namespace safelight {
namespace {

constexpr int kMostSweeps = 30;
constexpr double kMostWeight = 127;
// A part of the mean second moment: the share that is no fact of the pictures.
constexpr double kUnseen = 1e-3;

}  // namespace

void AdaptRounding(std::span<const float> weights, double scale, std::span<const double> moments,
                   std::span<int8_t> rounded) {
  const size_t n = weights.size();
  std::vector<double> off(n), slope(n, 0);
  for (size_t i = 0; i < n; ++i) off[i] = rounded[i] * scale - static_cast<double>(weights[i]);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) slope[j] += off[i] * moments[i * n + j];
  }
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    bool changed = false;
    for (size_t i = 0; i < n; ++i) {
      // The other neighbour: one step against the weight's own error.
      const double step = off[i] > 0 ? -scale : scale;
      const double next = rounded[i] + (off[i] > 0 ? -1.0 : 1.0);
      const double gain = 2 * step * slope[i] + step * step * moments[i * n + i];
      if (std::abs(next) > kMostWeight || std::abs(off[i] + step) >= scale || gain >= 0) continue;
      rounded[i] = static_cast<int8_t>(next);
      off[i] += step;
      for (size_t j = 0; j < n; ++j) slope[j] += step * moments[i * n + j];
      changed = true;
    }
    if (!changed) return;
  }
}

std::vector<double> MomentsOfGroup(const LayerMoments& layer, size_t group, bool central) {
  const size_t n = layer.operands;
  const double* sums = layer.sums.data() + group * n;
  const double* products = layer.products.data() + group * n * n;
  const double count = static_cast<double>(std::max<int64_t>(layer.count, 1));
  std::vector<double> moments(n * n);
  double diagonal = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) {
      const double mean = central ? sums[i] / count * (sums[j] / count) : 0;
      moments[i * n + j] = moments[j * n + i] = products[i * n + j] / count - mean;
    }
    diagonal += moments[i * n + i] / static_cast<double>(n);
  }
  for (size_t i = 0; i < n; ++i) moments[i * n + i] += kUnseen * diagonal;
  return moments;
}

}  // namespace safelight
