// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "formats/tflite/op_names.h"
#include "targets/parse_condition.h"
#include "targets/target.h"

namespace safelight {
namespace {

constexpr int kLastOpCode = 255;

bool IsOpName(const std::string& name) {
  if (name.starts_with("custom:")) return name.size() > 7;
  for (int code = 0; code <= kLastOpCode; ++code) {
    if (BuiltinOpName(code) == name) return true;
  }
  return false;
}

Result<std::vector<std::string>> ParseOps(const JsonPlace& json) {
  SL_ASSIGN(std::vector<std::string> ops, json.Texts());
  for (const std::string& op : ops) {
    if (!IsOpName(op)) return json.Error("'", op, "' is neither an op of the format nor custom:NAME");
  }
  return ops;
}

Status ParseLevels(const JsonPlace& json, int* from, int* below) {
  if (json.Has("from")) {
    SL_ASSIGN(*from, json.At("from").Int());
  }
  if (json.Has("below")) {
    SL_ASSIGN(*below, json.At("below").Int());
  }
  return {};
}

Result<Rule> ParseRule(const JsonPlace& json, const std::vector<std::string>& ops) {
  SL_TRY(json.CheckKeys({"require", "when", "from", "below", "otherwise", "reason", "instead"}));
  Rule rule;
  // Without a condition the rule holds of no node.
  rule.require.kind = Condition::kAny;
  if (json.Has("require")) {
    SL_ASSIGN(rule.require, ParseCondition(json.At("require"), ops));
  } else if (!json.Has("otherwise")) {
    return json.Error("neither 'require' nor 'otherwise'");
  }
  if (json.Has("when")) {
    SL_ASSIGN(rule.when, ParseCondition(json.At("when"), ops));
  }
  SL_TRY(ParseLevels(json, &rule.from, &rule.below));
  if (json.Has("otherwise")) {
    SL_ASSIGN(const std::string word, json.At("otherwise").Text());
    if (word != "no" && word != "unknown") return json.Error("otherwise '", word, "', must be no or unknown");
    rule.otherwise_unknown = word == "unknown";
  }
  SL_ASSIGN(const JsonPlace reason, json.Need("reason"));
  SL_ASSIGN(rule.reason, reason.Text());
  if (json.Has("instead")) {
    SL_ASSIGN(rule.instead, json.At("instead").Text());
  }
  return rule;
}

Result<std::vector<Rule>> ParseRules(const JsonPlace& json, const std::vector<std::string>& ops) {
  SL_ASSIGN(const std::vector<JsonPlace> elements, json.Elements());
  std::vector<Rule> rules;
  for (const JsonPlace& element : elements) {
    SL_ASSIGN(Rule rule, ParseRule(element, ops));
    rules.push_back(std::move(rule));
  }
  return rules;
}

// A list of types, or an object from types to the level from which they are taken.
Status ParseTypes(const JsonPlace& json, std::map<std::string, int>* types) {
  if (json.is_array()) {
    SL_ASSIGN(const std::vector<JsonPlace> elements, json.Elements());
    for (const JsonPlace& element : elements) {
      SL_ASSIGN(const std::string type, ParseType(element));
      types->emplace(type, INT_MIN);
    }
  } else {
    SL_ASSIGN(const auto members, json.Members());
    for (const auto& [key, value] : members) {
      const nlohmann::json name = key;
      SL_ASSIGN(const std::string type, ParseType(JsonPlace(name, json.place())));
      SL_ASSIGN(const int from, value.Int());
      types->emplace(type, from);
    }
  }
  if (types->empty()) return json.Error("must not be empty");
  return {};
}

Result<OpEntry> ParseEntry(const JsonPlace& json) {
  SL_TRY(json.CheckKeys({"ops", "types", "from", "below", "rules"}));
  OpEntry entry;
  SL_ASSIGN(const JsonPlace ops, json.Need("ops"));
  SL_ASSIGN(entry.ops, ParseOps(ops));
  if (json.Has("types")) SL_TRY(ParseTypes(json.At("types"), &entry.types));
  SL_TRY(ParseLevels(json, &entry.from, &entry.below));
  if (json.Has("rules")) {
    SL_ASSIGN(entry.rules, ParseRules(json.At("rules"), entry.ops));
  }
  return entry;
}

Result<Source> ParseSource(const JsonPlace& json) {
  SL_TRY(json.CheckKeys({"title", "where", "date"}));
  Source source;
  for (const auto& [key, text] : {std::pair<const char*, std::string*>{"title", &source.title},
                                  {"where", &source.where},
                                  {"date", &source.date}}) {
    SL_ASSIGN(const JsonPlace place, json.Need(key));
    SL_ASSIGN(*text, place.Text());
  }
  return source;
}

Status ParseTexts(const JsonPlace& json, bool ops, std::map<std::string, std::string>* texts) {
  SL_ASSIGN(const auto members, json.Members());
  for (const auto& [key, value] : members) {
    if (ops && !IsOpName(key)) return json.Error("'", key, "' is no op");
    if (!ops) {
      const nlohmann::json name = key;
      SL_TRY(ParseType(JsonPlace(name, json.place())).status());
    }
    SL_ASSIGN((*texts)[key], value.Text());
  }
  return {};
}

Status ParseOthers(const JsonPlace& json, Target* target) {
  SL_TRY(json.CheckKeys({"taken", "reason"}));
  SL_ASSIGN(const JsonPlace taken, json.Need("taken"));
  SL_ASSIGN(const std::string word, taken.Text());
  if (word != "no" && word != "unknown") return taken.Error("'", word, "', must be no or unknown");
  target->others_unknown = word == "unknown";
  SL_ASSIGN(const JsonPlace reason, json.Need("reason"));
  SL_ASSIGN(target->others_reason, reason.Text());
  return {};
}

Status ParsePartitions(const JsonPlace& json, Target* target) {
  SL_TRY(json.CheckKeys({"most", "keeps", "least_nodes"}));
  if (json.Has("most")) {
    SL_ASSIGN(target->max_partitions, json.At("most").Int());
  }
  if (json.Has("least_nodes")) {
    SL_ASSIGN(target->min_nodes, json.At("least_nodes").Int());
  }
  if (target->max_partitions < 0 || target->min_nodes < 1) return json.Error("a count below 1");
  if (!json.Has("keeps")) return {};
  SL_ASSIGN(const std::string word, json.At("keeps").Text());
  if (word != "largest" && word != "first") return json.Error("keeps '", word, "', must be largest or first");
  target->keeps_first = word == "first";
  return {};
}

Status ParseHead(const JsonPlace& json, Target* target) {
  SL_ASSIGN(const JsonPlace date, json.Need("date"));
  SL_ASSIGN(target->date, date.Text());
  SL_ASSIGN(const JsonPlace sources, json.Need("sources"));
  SL_ASSIGN(const std::vector<JsonPlace> elements, sources.Elements());
  for (const JsonPlace& element : elements) {
    SL_ASSIGN(Source source, ParseSource(element));
    target->sources.push_back(std::move(source));
  }
  if (target->sources.empty()) return sources.Error("must not be empty");
  if (json.Has("not_found")) {
    SL_ASSIGN(target->not_found, json.At("not_found").Texts());
  }
  SL_ASSIGN(const JsonPlace others, json.Need("others"));
  SL_TRY(ParseOthers(others, target));
  if (json.Has("instead_of_op")) SL_TRY(ParseTexts(json.At("instead_of_op"), true, &target->instead_of_op));
  if (json.Has("instead_of_type")) SL_TRY(ParseTexts(json.At("instead_of_type"), false, &target->instead_of_type));
  if (json.Has("folds_float16")) {
    SL_ASSIGN(target->folds_float16, json.At("folds_float16").Bool());
  }
  if (json.Has("partitions")) SL_TRY(ParsePartitions(json.At("partitions"), target));
  return {};
}

Result<Target> ParseBody(const JsonPlace& json) {
  SL_TRY(json.CheckKeys({"name", "title", "date", "sources", "not_found", "others", "instead_of_op", "instead_of_type",
                         "folds_float16", "partitions", "level_name", "generations", "every", "ops"}));
  Target target;
  for (const auto& [key, text] :
       {std::pair<const char*, std::string*>{"name", &target.name}, {"title", &target.title}}) {
    SL_ASSIGN(const JsonPlace place, json.Need(key));
    SL_ASSIGN(*text, place.Text());
  }
  target.family = target.name;
  SL_TRY(ParseHead(json, &target));
  SL_ASSIGN(const JsonPlace ops, json.Need("ops"));
  SL_ASSIGN(const std::vector<JsonPlace> entries, ops.Elements());
  for (const JsonPlace& element : entries) {
    SL_ASSIGN(OpEntry entry, ParseEntry(element));
    target.ops.push_back(std::move(entry));
  }
  if (json.Has("every")) {
    SL_ASSIGN(target.every, ParseRules(json.At("every"), {}));
  }
  return target;
}

// The file's target as each of its generations; as itself where it has none.
Result<std::vector<Target>> ParseGenerations(const JsonPlace& json) {
  SL_ASSIGN(const Target body, ParseBody(json));
  if (!json.Has("generations")) return std::vector<Target>{body};
  SL_ASSIGN(const JsonPlace level_name, json.Need("level_name"));
  SL_ASSIGN(const std::vector<JsonPlace> elements, json.At("generations").Elements());
  if (elements.empty()) return json.Error("'generations' must not be empty");
  std::vector<Target> targets;
  for (const JsonPlace& element : elements) {
    SL_TRY(element.CheckKeys({"name", "title", "level"}));
    Target target = body;
    SL_ASSIGN(target.level_name, level_name.Text());
    SL_ASSIGN(const JsonPlace name, element.Need("name"));
    SL_ASSIGN(target.name, name.Text());
    SL_ASSIGN(const JsonPlace title, element.Need("title"));
    SL_ASSIGN(target.title, title.Text());
    SL_ASSIGN(const JsonPlace level, element.Need("level"));
    SL_ASSIGN(target.level, level.Int());
    if (!target.name.starts_with(body.name)) return name.Error("must begin with '", body.name, "'");
    targets.push_back(std::move(target));
  }
  return targets;
}

// The JSON of a text; a key that stands twice in an object would hide the first.
Result<nlohmann::json> ReadJson(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key && !keys.empty() && parsed.is_string()) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) twice = key;
    }
    return true;
  };
  try {
    nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), watch);
    if (!twice.empty()) return CorruptData("key '", twice, "' stands twice in one object");
    return json;
  } catch (const nlohmann::json::parse_error& error) {
    const size_t at = std::min(error.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return CorruptData("line ", line, ": not JSON");
  }
}

}  // namespace

Result<std::vector<Target>> ParseTarget(std::string_view text, const std::string& name) {
  Result<nlohmann::json> json = ReadJson(text);
  if (!json.ok()) return json.status().With(name);
  Result<std::vector<Target>> targets = ParseGenerations(JsonPlace(*json, ""));
  if (!targets.ok()) return targets.status().With(name);
  return targets;
}

}  // namespace safelight
