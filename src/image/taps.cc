// SPDX-License-Identifier: Apache-2.0
//
// Kernel functions and their weights. Pixel i covers [i, i + 1); the middle of output pixel o lies
// at (o + 0.5) * in / out of the input.
#include "image/taps.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace safelight {
namespace {

double Triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

double Cubic(double x) {
  const double a = -0.5;
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

double Lanczos3(double x) {
  x = std::fabs(x);
  if (x < 1e-9) return 1;
  if (x >= 3) return 0;
  const double p = std::numbers::pi * x;
  return 3 * std::sin(p) * std::sin(p / 3) / (p * p);
}

struct Kernel {
  double (*function)(double);
  double radius;
};

Kernel KernelOf(Filter filter) {
  if (filter == Filter::kBilinear) return {Triangle, 1};
  if (filter == Filter::kBicubic) return {Cubic, 2};
  return {Lanczos3, 3};
}

// ... 1 0 | 0 1 2 .. n-1 | n-1 n-2 ...
int64_t Mirror(int64_t i, int64_t size) {
  i %= 2 * size;
  if (i < 0) i += 2 * size;
  return i < size ? i : 2 * size - 1 - i;
}

struct Run {
  int64_t first = 0;
  std::vector<double> weights;

  // Weights of zero at the ends would only lengthen the run.
  void Trim() {
    while (weights.size() > 1 && weights.back() == 0) weights.pop_back();
    size_t zeros = 0;
    while (zeros + 1 < weights.size() && weights[zeros] == 0) ++zeros;
    weights.erase(weights.begin(), weights.begin() + static_cast<ptrdiff_t>(zeros));
    first += static_cast<int64_t>(zeros);
  }
};

Run KernelRun(int64_t in_size, int64_t out_size, int64_t out, const Kernel& kernel) {
  const double scale = static_cast<double>(out_size) / static_cast<double>(in_size);
  const double shrink = std::min(scale, 1.0);
  const double middle = (static_cast<double>(out) + 0.5) / scale - 0.5;
  const double radius = kernel.radius / shrink;
  const auto begin = static_cast<int64_t>(std::ceil(middle - radius));
  const auto end = static_cast<int64_t>(std::floor(middle + radius)) + 1;
  Run run;
  int64_t low = in_size - 1, high = 0;
  for (int64_t i = begin; i < end; ++i) {
    low = std::min(low, Mirror(i, in_size));
    high = std::max(high, Mirror(i, in_size));
  }
  run.first = low;
  run.weights.assign(static_cast<size_t>(high - low + 1), 0.0);
  double sum = 0;
  for (int64_t i = begin; i < end; ++i) {
    const double weight = kernel.function(shrink * (middle - static_cast<double>(i)));
    run.weights[static_cast<size_t>(Mirror(i, in_size) - low)] += weight;
    sum += weight;
  }
  for (double& weight : run.weights) weight /= sum;
  run.Trim();
  return run;
}

// Output pixel o covers [o * in, (o + 1) * in) in units of 1 / out; integers keep the shares exact.
Run AreaRun(int64_t in_size, int64_t out_size, int64_t out) {
  const int64_t begin = out * in_size, end = (out + 1) * in_size;
  Run run;
  run.first = begin / out_size;
  for (int64_t i = run.first; i * out_size < end; ++i) {
    const int64_t covered = std::min(end, (i + 1) * out_size) - std::max(begin, i * out_size);
    run.weights.push_back(static_cast<double>(covered) / static_cast<double>(in_size));
  }
  return run;
}

Run NearestRun(int64_t in_size, int64_t out_size, int64_t out) { return {NearestPlace(in_size, out_size, out), {1.0}}; }

}  // namespace

int64_t NearestPlace(int64_t in_size, int64_t out_size, int64_t out) {
  return std::min(in_size - 1, (2 * out + 1) * in_size / (2 * out_size));
}

Taps MakeTaps(int64_t in_size, int64_t out_size, Filter filter) {
  std::vector<Run> runs;
  runs.reserve(static_cast<size_t>(out_size));
  Taps taps;
  for (int64_t out = 0; out < out_size; ++out) {
    if (filter == Filter::kNearest) {
      runs.push_back(NearestRun(in_size, out_size, out));
    } else if (filter == Filter::kArea) {
      runs.push_back(AreaRun(in_size, out_size, out));
    } else {
      runs.push_back(KernelRun(in_size, out_size, out, KernelOf(filter)));
    }
    taps.run = std::max(taps.run, static_cast<int64_t>(runs.back().weights.size()));
  }
  taps.weights.assign(static_cast<size_t>(out_size * taps.run), 0.0f);
  for (int64_t out = 0; out < out_size; ++out) {
    const Run& run = runs[static_cast<size_t>(out)];
    const int64_t first = std::min(run.first, in_size - taps.run);
    taps.first.push_back(first);
    for (size_t k = 0; k < run.weights.size(); ++k) {
      const int64_t place = out * taps.run + run.first - first + static_cast<int64_t>(k);
      taps.weights[static_cast<size_t>(place)] = static_cast<float>(run.weights[k]);
    }
  }
  return taps;
}

}  // namespace safelight
