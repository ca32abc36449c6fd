// SPDX-License-Identifier: Apache-2.0
//
// What a rule says of a node: tests of options, operands, versions and types, joined by all, any and not.
//
// Answers have three values: where something is not known (a size that is computed, an option that the file of
// the target names but the view lacks) the answer is kUnknown, never kYes.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "targets/node_view.h"
#include "targets/option_names.h"

namespace safelight {

enum class Truth { kNo, kUnknown, kYes };

// A number lies in [min, max], and is one of `is` where that is not empty.
struct NumberTest {
  std::optional<double> min, max;
  std::vector<double> is;
  bool Holds(double number) const;
};

// Tests of an operand; those that are not set hold. All others hold of an operand that is left out.
struct OperandTest {
  static constexpr int kEvery = -1, kData = -2;  // every operand of the side; the input that is worked on
  bool output = false;
  int index = 0;
  std::optional<bool> present, constant, dynamic;
  std::vector<DType> dtypes;
  std::vector<std::string> quantization;  // "none", "per-tensor", "per-channel"
  std::optional<NumberTest> rank, elements, scale, zero_point;
  std::optional<NumberTest> last_free_axis;      // the last axis that may have any size; -1 where all are fixed
  std::vector<std::pair<int, NumberTest>> dims;  // axis, negative: from the end
  std::optional<NumberTest> values;              // of a constant of integers
  std::vector<int> at;                           // which of its elements; empty: all
};

struct Condition {
  enum Kind {
    kAll,
    kAny,
    kNot,
    kOption,
    kOperand,
    kVersion,
    kInputs,
    kRuntimeInputs,
    kOutputs,
    kType,
    kLevel,
    kSame,
    kRatio
  };
  Kind kind = kAll;
  std::vector<Condition> parts;    // of kAll, kAny, kNot
  std::string option;              // kOption; its test is `number`
  NumberTest number;               // of kOption, kVersion, kInputs, kRuntimeInputs, kOutputs, kLevel, kRatio
  OperandTest operand;             // kOperand
  std::vector<std::string> types;  // kType
  // kSame: "shape", "dtype", "quantization" or "rank" of two operands is the same.
  std::string property;
  OperandTest left, right;
  // kRatio: the size of output 0 along `axis` over that of the data input; `corners`: (out - 1) / (in - 1).
  int axis = 0;
  bool corners = false;
};

// `level`: the generation of the target that is asked about.
Truth Evaluate(const Condition& condition, const NodeView& node, int level);

}  // namespace safelight
