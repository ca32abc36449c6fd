// SPDX-License-Identifier: Apache-2.0
#include "quantize/integer_ops.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace safelight {
namespace {

constexpr IntegerOp kOps[] = {
#define INTEGER_OP(name, kind, int8_version, int16_version) {#name, IntegerKind::kind, int8_version, int16_version},
#include "quantize/integer_ops.def"
#undef INTEGER_OP
};

// Steps smaller than this would leave the range of multipliers.
constexpr double kSmallestRange = 1e-9;

}  // namespace

const IntegerOp* FindIntegerOp(std::string_view op) {
  const auto* found = std::find_if(std::begin(kOps), std::end(kOps), [&](const IntegerOp& o) { return op == o.name; });
  return found == std::end(kOps) ? nullptr : found;
}

ScaleChoice FixedScale(std::string_view op, bool int16) {
  if (int16) return {1.0f / 32768, 0};
  if (op == "TANH" || op == "L2_NORMALIZATION") return {1.0f / 128, 0};
  if (op == "LOG_SOFTMAX") return {16.0f / 256, 127};
  return {1.0f / 256, -128};
}

ScaleChoice ScaleForRange(double low, double high, bool int16) {
  if (!(high - low > kSmallestRange)) high = low + 1;
  if (int16) return {static_cast<float>(std::max(-low, high) / 32767), 0};
  const auto scale = static_cast<float>((high - low) / 255);
  const double zero = std::round(-128 - low / static_cast<double>(scale));
  return {scale, static_cast<int64_t>(std::clamp(zero, -128.0, 127.0))};
}

}  // namespace safelight
