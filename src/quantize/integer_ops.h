// SPDX-License-Identifier: Apache-2.0
//
// What TFLite asks of the scales of an op on integers; the list is integer_ops.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace safelight {

// The numbers that a node computes on. Weights are int8 with both integer forms.
enum class NodeForm : uint8_t { kFloat, kInt8, kInt16 };

enum class IntegerKind : uint8_t { kWeights, kSame, kFree, kFixed, kIndices };

struct IntegerOp {
  const char* name;
  IntegerKind kind;
  int int8_version, int16_version;
};
// Null for ops that TFLite runs on floats only.
const IntegerOp* FindIntegerOp(std::string_view op);

// real = scale * (stored - zero_point).
struct ScaleChoice {
  float scale = 0;
  int64_t zero_point = 0;
  bool operator==(const ScaleChoice&) const = default;
};
// Of the output of a kFixed op.
ScaleChoice FixedScale(std::string_view op, bool int16);

// The scale for a range that holds zero; int16 is symmetric. A value that never varied gets one for 0 to 1.
ScaleChoice ScaleForRange(double low, double high, bool int16);

}  // namespace safelight
