// SPDX-License-Identifier: Apache-2.0
#include "quantize/weights.h"

#include <algorithm>
#include <cmath>

namespace safelight {
namespace {

constexpr double kMostWeight = 127;

// By output channel: how much the rounded weights add to the mean result. Groups of output channels read each its part
// of the input channels.
std::vector<double> MeanErrors(const WeightsTask& task, const IntegerWeights& rounded) {
  const auto channels = static_cast<size_t>(task.channels);
  std::vector<double> errors(channels, 0);
  const size_t per_channel = task.weights.size() / channels;
  for (size_t i = 0; i < task.weights.size(); ++i) {
    const size_t c = task.innermost ? i % channels : i / per_channel;
    const double stored = static_cast<double>(rounded.weights[i]) * static_cast<double>(rounded.scales[c]);
    const double error = stored - static_cast<double>(task.weights[i]);
    size_t in = 0;
    if (task.innermost) {
      in = c * task.means.size() / channels;
    } else {
      const size_t groups = std::max<size_t>(task.means.size() / task.in_channels, 1);
      in = c * groups / channels * task.in_channels + i % task.in_channels;
    }
    errors[c] += error * task.means[in];
  }
  return errors;
}

// Rounds again, channel after channel; gives how much the mean result of each is off.
std::vector<double> Adapt(const WeightsTask& task, IntegerWeights* made) {
  const auto channels = static_cast<size_t>(task.channels);
  const LayerMoments& layer = *task.moments;
  const size_t n = layer.operands;
  std::vector<double> errors(channels, 0), moments;
  std::vector<float> weights(n);
  std::vector<int8_t> rounded(n);
  size_t group_at_hand = layer.groups;
  for (size_t c = 0; c < channels; ++c) {
    const size_t group = c * layer.groups / channels;
    if (group != group_at_hand) moments = MomentsOfGroup(layer, group, !task.bias.empty());
    group_at_hand = group;
    const auto place = [&](size_t i) { return task.innermost ? i * channels + c : c * n + i; };
    for (size_t i = 0; i < n; ++i) {
      weights[i] = task.weights[place(i)];
      rounded[i] = made->weights[place(i)];
    }
    const auto scale = static_cast<double>(made->scales[c]);
    AdaptRounding(weights, scale, moments, rounded);
    for (size_t i = 0; i < n; ++i) {
      made->weights[place(i)] = rounded[i];
      const double mean = layer.sums[group * n + i] / static_cast<double>(layer.count);
      errors[c] += (rounded[i] * scale - static_cast<double>(weights[i])) * mean;
    }
  }
  return errors;
}

}  // namespace

IntegerWeights QuantizeWeights(const WeightsTask& task) {
  const auto channels = static_cast<size_t>(task.channels);
  const size_t inner = task.innermost ? 1 : task.weights.size() / channels;
  const auto channel_of = [&](size_t i) { return i / inner % channels; };
  std::vector<double> most(channels, 0);
  for (size_t i = 0; i < task.weights.size(); ++i) {
    most[channel_of(i)] = std::max(most[channel_of(i)], std::abs(static_cast<double>(task.weights[i])));
  }
  const double largest = *std::max_element(most.begin(), most.end());
  IntegerWeights result;
  for (size_t c = 0; c < channels; ++c) {
    double scale = (most[c] > 0 ? most[c] : largest > 0 ? largest : 1) / kMostWeight;
    // The bias of a channel with next to no weights: coarser weights, but a bias that fits.
    for (size_t b = channels == 1 ? 0 : c; b < task.bias.size(); b += channels == 1 ? 1 : task.bias.size()) {
      const double needed = std::abs(static_cast<double>(task.bias[b])) /
                            (static_cast<double>(task.in_scale) * static_cast<double>(task.most_bias));
      scale = std::max(scale, needed);
    }
    result.scales.push_back(static_cast<float>(std::max(scale, 1e-30)));
  }
  for (size_t i = 0; i < task.weights.size(); ++i) {
    const double stored =
        std::round(static_cast<double>(task.weights[i]) / static_cast<double>(result.scales[channel_of(i)]));
    result.weights.push_back(static_cast<int8_t>(std::clamp(stored, -kMostWeight, kMostWeight)));
  }
  std::vector<double> errors(task.bias.size(), 0);
  if (task.moments != nullptr) {
    errors = Adapt(task, &result);
  } else if (!task.means.empty()) {
    errors = MeanErrors(task, result);
  }
  for (size_t b = 0; b < task.bias.size(); ++b) {
    const double unit = static_cast<double>(task.in_scale) * static_cast<double>(result.scales[channels == 1 ? 0 : b]);
    const double most_bias = static_cast<double>(task.most_bias);
    const double bias = static_cast<double>(task.bias[b]) - errors[b];
    result.bias.push_back(std::llround(std::clamp(bias / unit, -most_bias, most_bias)));
  }
  return result;
}

}  // namespace safelight
