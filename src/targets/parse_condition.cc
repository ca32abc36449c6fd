// SPDX-License-Identifier: Apache-2.0
#include "targets/parse_condition.h"

#include <algorithm>

namespace safelight {
namespace {

constexpr int kMostNested = 16;

constexpr DType kAllTypes[] = {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kFloat64, DType::kInt4,
                               DType::kInt8,    DType::kUInt8,   DType::kInt16,    DType::kUInt16,  DType::kInt32,
                               DType::kUInt32,  DType::kInt64,   DType::kUInt64,   DType::kBool,    DType::kString};

// A number, true or false, or a word of the option.
Result<double> ParseNumber(const JsonPlace& json, const OptionName* option) {
  if (json.is_number()) return json.Number();
  if (json.is_bool()) {
    SL_ASSIGN(const bool value, json.Bool());
    return value ? 1.0 : 0.0;
  }
  SL_ASSIGN(const std::string word, json.Text());
  if (option != nullptr) {
    if (const std::optional<double> number = NumberOf(option->kind, word)) return *number;
    return json.Error("'", word, "' is no value of ", option->name);
  }
  return json.Error("must be a number");
}

// Reads "min", "max" and "is" of the object; other keys are the caller's.
Result<NumberTest> ParseTest(const JsonPlace& json, const OptionName* option) {
  NumberTest test;
  if (json.Has("min")) {
    SL_ASSIGN(test.min, json.At("min").Number());
  }
  if (json.Has("max")) {
    SL_ASSIGN(test.max, json.At("max").Number());
  }
  if (json.Has("is")) {
    const JsonPlace is = json.At("is");
    if (is.is_array()) {
      SL_ASSIGN(const std::vector<JsonPlace> elements, is.Elements());
      for (const JsonPlace& element : elements) {
        SL_ASSIGN(const double number, ParseNumber(element, option));
        test.is.push_back(number);
      }
      if (test.is.empty()) return is.Error("must not be empty");
    } else {
      SL_ASSIGN(const double number, ParseNumber(is, option));
      test.is.push_back(number);
    }
  }
  if (!test.min && !test.max && test.is.empty()) return json.Error("no test: min, max or is");
  return test;
}

// A number alone, or an object with min, max, is.
Result<NumberTest> ParseTestValue(const JsonPlace& json) {
  if (json.is_object()) {
    SL_TRY(json.CheckKeys({"min", "max", "is"}));
    return ParseTest(json, nullptr);
  }
  NumberTest test;
  if (json.is_array()) {
    SL_ASSIGN(const std::vector<JsonPlace> elements, json.Elements());
    for (const JsonPlace& element : elements) {
      SL_ASSIGN(const double number, element.Number());
      test.is.push_back(number);
    }
    if (test.is.empty()) return json.Error("must not be empty");
    return test;
  }
  SL_ASSIGN(const double number, json.Number());
  test.is.push_back(number);
  return test;
}

Result<std::vector<DType>> ParseDTypes(const JsonPlace& json) {
  SL_ASSIGN(const std::vector<std::string> names, json.Texts());
  std::vector<DType> types;
  for (const std::string& name : names) {
    const auto* found =
        std::find_if(std::begin(kAllTypes), std::end(kAllTypes), [&](DType dtype) { return name == DTypeName(dtype); });
    if (found == std::end(kAllTypes)) return json.Error("'", name, "' is no element type");
    types.push_back(*found);
  }
  return types;
}

// A position, "every", or "data".
Result<int> ParseIndex(const JsonPlace& json) {
  if (json.is_string()) {
    SL_ASSIGN(const std::string word, json.Text());
    if (word == "every") return OperandTest::kEvery;
    if (word == "data") return OperandTest::kData;
    return json.Error("'", word, "', must be a position, every or data");
  }
  SL_ASSIGN(const int index, json.Int());
  if (index < 0) return json.Error("must be at least 0");
  return index;
}

Status ParseQuantization(const JsonPlace& json, std::vector<std::string>* names) {
  SL_ASSIGN(*names, json.Texts());
  for (const std::string& name : *names) {
    if (name != "none" && name != "per-tensor" && name != "per-channel") {
      return json.Error("'", name, "', must be none, per-tensor or per-channel");
    }
  }
  return {};
}

Status ParseDims(const JsonPlace& json, OperandTest* test) {
  SL_ASSIGN(const auto members, json.Members());
  for (const auto& [key, value] : members) {
    const bool negative = key.starts_with("-");
    const std::string digits = key.substr(negative ? 1 : 0);
    if (digits.size() != 1 || digits[0] < '0' || digits[0] > '7') return json.Error("'", key, "' is no axis");
    const int axis = (negative ? -1 : 1) * (digits[0] - '0');
    SL_ASSIGN(NumberTest number, ParseTestValue(value));
    test->dims.emplace_back(axis, std::move(number));
  }
  return {};
}

Status ParseFlag(const JsonPlace& json, const char* key, std::optional<bool>* flag) {
  if (json.Has(key)) {
    SL_ASSIGN(*flag, json.At(key).Bool());
  }
  return {};
}

Status ParseTestOf(const JsonPlace& json, const char* key, std::optional<NumberTest>* test) {
  if (json.Has(key)) {
    SL_ASSIGN(*test, ParseTestValue(json.At(key)));
  }
  return {};
}

Result<Condition> ParseOperand(const JsonPlace& json, bool output) {
  SL_TRY(json.CheckKeys({"input", "output", "present", "constant", "dynamic", "dtype", "quantization", "rank",
                         "elements", "scale", "zero_point", "last_free_axis", "dims", "values", "at"}));
  if (json.Has("input") && json.Has("output")) return json.Error("both input and output");
  Condition condition;
  condition.kind = Condition::kOperand;
  OperandTest& test = condition.operand;
  test.output = output;
  SL_ASSIGN(test.index, ParseIndex(json.At(output ? "output" : "input")));
  SL_TRY(ParseFlag(json, "present", &test.present));
  SL_TRY(ParseFlag(json, "constant", &test.constant));
  SL_TRY(ParseFlag(json, "dynamic", &test.dynamic));
  if (json.Has("dtype")) {
    SL_ASSIGN(test.dtypes, ParseDTypes(json.At("dtype")));
  }
  if (json.Has("quantization")) SL_TRY(ParseQuantization(json.At("quantization"), &test.quantization));
  SL_TRY(ParseTestOf(json, "rank", &test.rank));
  SL_TRY(ParseTestOf(json, "elements", &test.elements));
  SL_TRY(ParseTestOf(json, "scale", &test.scale));
  SL_TRY(ParseTestOf(json, "zero_point", &test.zero_point));
  SL_TRY(ParseTestOf(json, "last_free_axis", &test.last_free_axis));
  SL_TRY(ParseTestOf(json, "values", &test.values));
  if (json.Has("dims")) SL_TRY(ParseDims(json.At("dims"), &test));
  if (json.Has("at")) {
    SL_ASSIGN(const std::vector<JsonPlace> elements, json.At("at").Elements());
    for (const JsonPlace& element : elements) {
      SL_ASSIGN(const int at, element.Int());
      test.at.push_back(at);
    }
    if (!test.values) return json.Error("'at' without 'values'");
  }
  const bool tests = test.present || test.constant || test.dynamic || !test.dtypes.empty() ||
                     !test.quantization.empty() || test.rank || test.elements || test.scale || test.zero_point ||
                     test.last_free_axis || !test.dims.empty() || test.values;
  if (!tests) return json.Error("tests nothing");
  return condition;
}

Result<Condition> ParseOption(const JsonPlace& json, const std::vector<std::string>& ops) {
  SL_TRY(json.CheckKeys({"option", "min", "max", "is"}));
  Condition condition;
  condition.kind = Condition::kOption;
  SL_ASSIGN(condition.option, json.At("option").Text());
  const OptionName* option = nullptr;
  for (const std::string& op : ops) {
    option = FindOption(op, condition.option);
    if (option == nullptr) {
      return json.Error(op, " has no option '", condition.option, "' (it has: ", OptionsOf(op), ")");
    }
  }
  if (option == nullptr) return json.Error("an option of no op in particular");
  SL_ASSIGN(condition.number, ParseTest(json, option));
  return condition;
}

Result<Condition> ParseSame(const JsonPlace& json) {
  SL_TRY(json.CheckKeys({"same", "of"}));
  Condition condition;
  condition.kind = Condition::kSame;
  SL_ASSIGN(condition.property, json.At("same").Text());
  const std::string& property = condition.property;
  if (property != "shape" && property != "dtype" && property != "quantization" && property != "rank") {
    return json.Error("'", property, "', must be shape, dtype, quantization or rank");
  }
  SL_ASSIGN(const JsonPlace of, json.Need("of"));
  SL_ASSIGN(const std::vector<JsonPlace> ends, of.Elements());
  if (ends.size() != 2) return of.Error("must be two operands");
  OperandTest* tests[] = {&condition.left, &condition.right};
  for (size_t i = 0; i < 2; ++i) {
    SL_TRY(ends[i].CheckKeys({"input", "output"}));
    tests[i]->output = ends[i].Has("output");
    if (ends[i].Has("input") == ends[i].Has("output")) return ends[i].Error("must be an input or an output");
    SL_ASSIGN(tests[i]->index, ParseIndex(ends[i].At(tests[i]->output ? "output" : "input")));
    if (tests[i]->index == OperandTest::kEvery) return ends[i].Error("must be one operand");
  }
  return condition;
}

Result<Condition> ParseRatio(const JsonPlace& json) {
  SL_TRY(json.CheckKeys({"ratio", "corners", "min", "max", "is"}));
  Condition condition;
  condition.kind = Condition::kRatio;
  SL_ASSIGN(condition.axis, json.At("ratio").Int());
  if (condition.axis < 0 || condition.axis > 7) return json.Error("axis ", condition.axis, ", must be 0 to 7");
  if (json.Has("corners")) {
    SL_ASSIGN(condition.corners, json.At("corners").Bool());
  }
  SL_ASSIGN(condition.number, ParseTest(json, nullptr));
  return condition;
}

Result<Condition> ParseCount(const JsonPlace& json, const char* key, Condition::Kind kind) {
  SL_TRY(json.CheckKeys({key}));
  Condition condition;
  condition.kind = kind;
  SL_ASSIGN(condition.number, ParseTestValue(json.At(key)));
  return condition;
}

Result<Condition> Parse(const JsonPlace& json, const std::vector<std::string>& ops, int depth);

Result<Condition> ParseParts(const JsonPlace& json, const char* key, const std::vector<std::string>& ops, int depth) {
  SL_TRY(json.CheckKeys({key}));
  Condition condition;
  condition.kind = key == std::string("all") ? Condition::kAll : Condition::kAny;
  SL_ASSIGN(const std::vector<JsonPlace> elements, json.At(key).Elements());
  for (const JsonPlace& element : elements) {
    SL_ASSIGN(Condition part, Parse(element, ops, depth + 1));
    condition.parts.push_back(std::move(part));
  }
  if (condition.parts.empty()) return json.Error("'", key, "' of nothing");
  return condition;
}

Result<Condition> Parse(const JsonPlace& json, const std::vector<std::string>& ops, int depth) {
  if (depth > kMostNested) return json.Error("conditions nested more than ", kMostNested, " deep");
  if (!json.is_object()) return json.Error("must be an object");
  if (json.Has("all")) return ParseParts(json, "all", ops, depth);
  if (json.Has("any")) return ParseParts(json, "any", ops, depth);
  if (json.Has("not")) {
    SL_TRY(json.CheckKeys({"not"}));
    Condition condition;
    condition.kind = Condition::kNot;
    SL_ASSIGN(Condition part, Parse(json.At("not"), ops, depth + 1));
    condition.parts.push_back(std::move(part));
    return condition;
  }
  if (json.Has("option")) return ParseOption(json, ops);
  if (json.Has("input")) return ParseOperand(json, false);
  if (json.Has("output")) return ParseOperand(json, true);
  if (json.Has("same")) return ParseSame(json);
  if (json.Has("ratio")) return ParseRatio(json);
  if (json.Has("version")) return ParseCount(json, "version", Condition::kVersion);
  if (json.Has("inputs")) return ParseCount(json, "inputs", Condition::kInputs);
  if (json.Has("computed_inputs")) return ParseCount(json, "computed_inputs", Condition::kRuntimeInputs);
  if (json.Has("outputs")) return ParseCount(json, "outputs", Condition::kOutputs);
  if (json.Has("level")) return ParseCount(json, "level", Condition::kLevel);
  if (json.Has("type")) {
    SL_TRY(json.CheckKeys({"type"}));
    Condition condition;
    condition.kind = Condition::kType;
    SL_ASSIGN(const std::vector<JsonPlace> elements, json.At("type").Elements());
    for (const JsonPlace& element : elements) {
      SL_ASSIGN(std::string type, ParseType(element));
      condition.types.push_back(std::move(type));
    }
    return condition;
  }
  return json.Error(
      "no condition: must have one of all, any, not, option, input, output, same, ratio, version, inputs, "
      "computed_inputs, outputs, level, type");
}

}  // namespace

Result<Condition> ParseCondition(const JsonPlace& json, const std::vector<std::string>& ops) {
  return Parse(json, ops, 0);
}

Result<std::string> ParseType(const JsonPlace& json) {
  SL_ASSIGN(std::string type, json.Text());
  const std::vector<std::string>& types = NodeTypes();
  if (std::find(types.begin(), types.end(), type) == types.end()) {
    std::string list;
    for (const std::string& name : types) list += (list.empty() ? "" : ", ") + name;
    return json.Error("'", type, "' is no type of a node, must be one of ", list);
  }
  return type;
}

}  // namespace safelight
