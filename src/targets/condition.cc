// SPDX-License-Identifier: Apache-2.0
#include "targets/condition.h"

#include <algorithm>
#include <cstring>

namespace safelight {
namespace {

Truth TruthOf(bool holds) { return holds ? Truth::kYes : Truth::kNo; }
Truth Both(Truth a, Truth b) { return std::min(a, b); }

template <typename T>
bool Contains(const std::vector<T>& list, const T& element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

// Operands that `test` means; an input that the node does not have counts as left out.
std::vector<ValueView> Operands(const OperandTest& test, const NodeView& node) {
  const std::vector<ValueView>& side = test.output ? node.outputs : node.inputs;
  if (test.index == OperandTest::kEvery) return side;
  const int index = test.index == OperandTest::kData ? DataInput(node) : test.index;
  if (index < 0 || index >= static_cast<int>(side.size())) return {ValueView()};
  return {side[static_cast<size_t>(index)]};
}

template <typename T>
std::vector<double> Elements(const Value& value) {
  std::vector<double> elements(static_cast<size_t>(value.shape.elements()));
  for (size_t i = 0; i < elements.size(); ++i) {
    T element;
    std::memcpy(&element, value.constant + i * sizeof(T), sizeof(T));
    elements[i] = static_cast<double>(element);
  }
  return elements;
}

// Those of a constant that holds sizes, axes or the like.
std::optional<std::vector<double>> IntegersOf(const ValueView& operand) {
  constexpr int64_t kMostElements = 4096;
  if (!operand.constant || operand.value->constant == nullptr) return std::nullopt;
  if (operand.value->shape.elements() > kMostElements) return std::nullopt;
  if (operand.value->dtype == DType::kInt32) return Elements<int32_t>(*operand.value);
  if (operand.value->dtype == DType::kInt64) return Elements<int64_t>(*operand.value);
  return std::nullopt;
}

Truth TestValues(const OperandTest& test, const ValueView& operand) {
  const std::optional<std::vector<double>> values = IntegersOf(operand);
  if (!values) return Truth::kUnknown;
  if (test.at.empty()) {
    return TruthOf(std::all_of(values->begin(), values->end(), [&](double v) { return test.values->Holds(v); }));
  }
  for (int at : test.at) {
    const int index = at < 0 ? at + static_cast<int>(values->size()) : at;
    if (index < 0 || index >= static_cast<int>(values->size())) return Truth::kUnknown;
    if (!test.values->Holds((*values)[static_cast<size_t>(index)])) return Truth::kNo;
  }
  return Truth::kYes;
}

Truth TestDims(const OperandTest& test, const ValueView& operand) {
  const Shape& shape = operand.value->shape;
  for (const auto& [axis, number] : test.dims) {
    const int index = axis < 0 ? axis + shape.rank() : axis;
    // An axis that the shape lacks has one index.
    const double dim = index < 0 || index >= shape.rank() ? 1 : static_cast<double>(shape[index]);
    if (!number.Holds(dim)) return operand.dynamic ? Truth::kUnknown : Truth::kNo;
  }
  return test.dims.empty() || !operand.dynamic ? Truth::kYes : Truth::kUnknown;
}

Truth TestQuantization(const OperandTest& test, const Value& value) {
  Truth truth = Truth::kYes;
  if (!test.quantization.empty()) truth = TruthOf(Contains<std::string>(test.quantization, QuantizationWord(value)));
  for (float scale : value.quant.scales) {
    if (test.scale && !test.scale->Holds(static_cast<double>(scale))) return Truth::kNo;
  }
  for (int64_t zero : value.quant.zero_points) {
    if (test.zero_point && !test.zero_point->Holds(static_cast<double>(zero))) return Truth::kNo;
  }
  return truth;
}

int LastFreeAxis(const Value& value) {
  for (int axis = value.signature.rank() - 1; axis >= 0; --axis) {
    if (value.signature[axis] < 0) return axis;
  }
  return -1;
}

Truth TestOne(const OperandTest& test, const ValueView& operand) {
  if (test.present) {
    if (*test.present != (operand.value != nullptr)) return Truth::kNo;
  }
  if (operand.value == nullptr) return Truth::kYes;
  const Value& value = *operand.value;
  if (test.constant && *test.constant != operand.constant) return Truth::kNo;
  if (test.dynamic && *test.dynamic != operand.dynamic) return Truth::kNo;
  if (!test.dtypes.empty() && !Contains(test.dtypes, value.dtype)) return Truth::kNo;
  if (test.rank && !test.rank->Holds(value.shape.rank())) return Truth::kNo;
  if (test.last_free_axis && !test.last_free_axis->Holds(LastFreeAxis(value))) return Truth::kNo;
  Truth truth = Both(TestQuantization(test, value), TestDims(test, operand));
  if (test.elements) {
    truth = Both(truth, operand.dynamic ? Truth::kUnknown
                                        : TruthOf(test.elements->Holds(static_cast<double>(value.shape.elements()))));
  }
  if (test.values) truth = Both(truth, TestValues(test, operand));
  return truth;
}

Truth TestOperand(const OperandTest& test, const NodeView& node) {
  Truth truth = Truth::kYes;
  for (const ValueView& operand : Operands(test, node)) truth = Both(truth, TestOne(test, operand));
  return truth;
}

Truth TestOption(const Condition& condition, const NodeView& node) {
  const OptionName* option = FindOption(node.op, condition.option);
  if (option == nullptr || node.options == nullptr) return Truth::kUnknown;
  return TruthOf(condition.number.Holds(ReadOption(*node.options, *option)));
}

Truth TestSame(const Condition& condition, const NodeView& node) {
  const ValueView left = Operands(condition.left, node)[0], right = Operands(condition.right, node)[0];
  if (left.value == nullptr || right.value == nullptr) return Truth::kYes;
  if (condition.property == "dtype") return TruthOf(left.value->dtype == right.value->dtype);
  if (condition.property == "rank") return TruthOf(left.value->shape.rank() == right.value->shape.rank());
  if (condition.property == "quantization") {
    return TruthOf(left.value->quant.scales == right.value->quant.scales &&
                   left.value->quant.zero_points == right.value->quant.zero_points);
  }
  if (left.dynamic || right.dynamic) return Truth::kUnknown;
  return TruthOf(left.value->shape == right.value->shape);
}

Truth TestRatio(const Condition& condition, const NodeView& node) {
  const int data = DataInput(node);
  if (data < 0 || node.outputs.empty() || node.outputs[0].value == nullptr) return Truth::kUnknown;
  const ValueView &in = node.inputs[static_cast<size_t>(data)], &out = node.outputs[0];
  const int axis = condition.axis;
  if (axis >= in.value->shape.rank() || axis >= out.value->shape.rank() || in.dynamic || out.dynamic) {
    return Truth::kUnknown;
  }
  const double less = condition.corners ? 1 : 0;
  const double from = static_cast<double>(in.value->shape[axis]) - less;
  const double to = static_cast<double>(out.value->shape[axis]) - less;
  if (from <= 0) return Truth::kUnknown;
  return TruthOf(condition.number.Holds(to / from));
}

Truth TestParts(const Condition& condition, const NodeView& node, int level) {
  if (condition.kind == Condition::kNot) {
    const Truth truth = Evaluate(condition.parts[0], node, level);
    if (truth == Truth::kUnknown) return truth;
    return TruthOf(truth == Truth::kNo);
  }
  Truth truth = condition.kind == Condition::kAll ? Truth::kYes : Truth::kNo;
  for (const Condition& part : condition.parts) {
    const Truth other = Evaluate(part, node, level);
    truth = condition.kind == Condition::kAll ? std::min(truth, other) : std::max(truth, other);
  }
  return truth;
}

}  // namespace

bool NumberTest::Holds(double number) const {
  if (min && number < *min) return false;
  if (max && number > *max) return false;
  return is.empty() || std::find(is.begin(), is.end(), number) != is.end();
}

Truth Evaluate(const Condition& condition, const NodeView& node, int level) {
  switch (condition.kind) {
    case Condition::kAll:
    case Condition::kAny:
    case Condition::kNot: return TestParts(condition, node, level);
    case Condition::kOption: return TestOption(condition, node);
    case Condition::kOperand: return TestOperand(condition.operand, node);
    case Condition::kVersion: return TruthOf(condition.number.Holds(node.version));
    case Condition::kInputs: return TruthOf(condition.number.Holds(static_cast<double>(node.inputs.size())));
    case Condition::kOutputs: return TruthOf(condition.number.Holds(static_cast<double>(node.outputs.size())));
    case Condition::kRuntimeInputs:
      return TruthOf(condition.number.Holds(
          static_cast<double>(std::count_if(node.inputs.begin(), node.inputs.end(), [](const ValueView& input) {
            return input.value != nullptr && !input.constant;
          }))));
    case Condition::kType: return TruthOf(Contains(condition.types, TypeOf(node)));
    case Condition::kLevel: return TruthOf(condition.number.Holds(level));
    case Condition::kSame: return TestSame(condition, node);
    case Condition::kRatio: return TestRatio(condition, node);
  }
  return Truth::kUnknown;
}

}  // namespace safelight
