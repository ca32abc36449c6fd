// SPDX-License-Identifier: Apache-2.0
#include "ops/support/quantized_curves.h"

#include <array>

namespace safelight {
namespace {

// 65536 * logistic(i / 24), from 0 on, moved by half of what linear interpolation misses, a sixteenth of the second
// derivative; the last is the limit.
const std::array<uint16_t, 256>& LogisticSamples() {
  static const std::array<uint16_t, 256> kSamples = [] {
    std::array<uint16_t, 256> samples{};
    for (size_t i = 0; i < samples.size(); ++i) {
      const double y = 1 / (1 + std::exp(-static_cast<double>(i) / 24));
      const double bend = y * (1 - y) * (1 - 2 * y) / (24 * 24);
      samples[i] = static_cast<uint16_t>(std::lround(65536 * (y - bend / 16)));
    }
    samples[255] = UINT16_MAX;
    return samples;
  }();
  return kSamples;
}

// Stored values times factor, shifted right by `shift` and rounded, are in units of 1 / (3 * 4096).
struct InputScale {
  int32_t factor = 0;
  int shift = 0;
};
// Scales of 2^-12 to 2^(most_power - 12) are exact.
InputScale ScaleOf(float scale, int most_power) {
  // TFLite's own way to see a power of two, in float32.
  const float log2 = std::log(scale) * (1.0f / std::log(2.0f)), rounded = std::round(log2);
  const int power = 12 + static_cast<int>(rounded);
  if (std::abs(log2 - rounded) < 1e-3f && power >= 0 && power <= most_power) return {3 << power, 0};
  InputScale result;
  double factor = static_cast<double>(scale) * 4096.0 * 3.0;
  for (; factor <= 32767.0 / 2.0 && result.shift <= 30; ++result.shift) factor *= 2.0;
  result.factor = static_cast<int32_t>(std::min(factor, 2147483647.0));
  return result;
}

int32_t Wrapped(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(x))); }

int32_t Rescaled(int32_t x, const InputScale& scale) {
  const int32_t rounding = scale.shift > 0 ? static_cast<int32_t>(1u << (scale.shift - 1)) : 0;
  return Wrapped(int64_t{x} * scale.factor + rounding) >> scale.shift;
}

int16_t HighProduct16(int16_t a, int16_t b) {
  if (a == b && a == INT16_MIN) return INT16_MAX;
  return static_cast<int16_t>((int32_t{a} * b + (1 << 14)) >> 15);
}
int16_t HighProductTowardZero(int16_t a, int16_t b) {
  if (a == b && a == INT16_MIN) return INT16_MAX;
  return static_cast<int16_t>(int32_t{a} * b / (1 << 15));
}
int16_t ShiftedLeft(int16_t x, int bits) {
  return static_cast<int16_t>(std::clamp<int64_t>(int64_t{x} * (int64_t{1} << bits), INT16_MIN, INT16_MAX));
}
int16_t Reduced(int32_t factor) {
  constexpr int32_t kRounding = 1 << 15;
  return factor >= INT32_MAX - kRounding ? INT16_MAX : static_cast<int16_t>((factor + kRounding) >> 16);
}

}  // namespace

std::function<int32_t(int32_t)> LogisticOfWords(float in_scale) {
  const InputScale scale = ScaleOf(in_scale, 0);
  return [scale](int32_t x) {
    const int32_t at = Rescaled(x, scale);
    const uint32_t distance = at < 0 ? 0u - static_cast<uint32_t>(at) : static_cast<uint32_t>(at),
                   index = distance >> 9;
    uint32_t result = 0x7FFF << 10;
    if (index < 255) {
      const uint32_t low = LogisticSamples()[index], high = LogisticSamples()[index + 1];
      result = (low << 9) + (distance & 0x1FF) * (high - low);
    }
    result = at >= 0 ? result + (1 << 9) : (1 << 25) - result + (1 << 9) - 1;
    return int32_t{static_cast<int16_t>(result >> 10)};
  };
}

std::function<int32_t(int32_t)> TanhOfWords(float in_scale) {
  const InputScale scale = ScaleOf(in_scale, 1);
  return [scale](int32_t x) {
    const int32_t at = Rescaled(x, scale);
    const uint32_t distance = at < 0 ? 0u - static_cast<uint32_t>(at) : static_cast<uint32_t>(at),
                   index = distance >> 8;
    int32_t result = 0xFFFF << 8;
    if (index < 255) {
      const int32_t low = LogisticSamples()[index], high = LogisticSamples()[index + 1];
      result = (low << 8) + static_cast<int32_t>(distance & 0xFF) * (high - low);
    }
    constexpr int32_t kOne = 1 << 23, kRounding = 1 << 7;
    result = at >= 0 ? result - kOne + kRounding : -result + kOne + kRounding - 1;
    return int32_t{static_cast<int16_t>(result >> 8)};
  };
}

Result<std::function<int32_t(int32_t)>> HardSwishOfBytes(const Quantization& in, const Quantization& out,
                                                         const StoredRange& range) {
  const float fine = (1.0f / 128.0f) * in.scale;
  const Multiplier to_out = MakeMultiplier(static_cast<double>(fine / out.scale));
  const Multiplier to_gate = MakeMultiplier(static_cast<double>(fine / (3.0f / 32768.0f)));
  if (to_out.shift > 0) {
    return InvalidArgument("scale ", out.scale, " of the output is too small for scale ", in.scale, " of the input");
  }
  return std::function<int32_t(int32_t)>([=](int32_t x) {
    const int16_t value = static_cast<int16_t>((x - in.zero_point) * (1 << 7));
    const int16_t scaled = HighProduct16(value, Reduced(to_out.factor));
    // From [-3, 3] to [-1, 1], saturating.
    int16_t gate = value;
    if (to_gate.shift > 0) gate = ShiftedLeft(gate, to_gate.shift - 1);
    gate = HighProduct16(gate, Reduced(to_gate.factor));
    if (to_gate.shift > 0) gate = ShiftedLeft(gate, 1);
    if (to_gate.shift < 0) gate = static_cast<int16_t>(RoundedShift(gate, -to_gate.shift));
    gate = static_cast<int16_t>((gate + (1 << 15)) >> 1);
    const int16_t product = HighProductTowardZero(gate, scaled);
    return range(RoundedShift(product, -to_out.shift) + out.zero_point);
  });
}

}  // namespace safelight
