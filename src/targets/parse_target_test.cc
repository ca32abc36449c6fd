// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "targets/target.h"

namespace safelight {
namespace {

using ::testing::HasSubstr;

// A right file with one member put in the place of another.
std::string With(const std::string& key, const std::string& value) {
  std::string text = "{";
  for (const auto& [name, json] :
       std::vector<std::pair<std::string, std::string>>{{"name", "\"t\""},
                                                        {"title", "\"T\""},
                                                        {"date", "\"2026\""},
                                                        {"sources", R"([{"title": "a", "where": "b", "date": "c"}])"},
                                                        {"others", R"({"taken": "no", "reason": "none"})"},
                                                        {"ops", R"([{"ops": ["CONV_2D"]}])"}}) {
    if (name != key) text += '"' + name + "\": " + json + ",\n";
  }
  return text + '"' + key + "\": " + value + "}";
}

std::string ErrorOf(const std::string& text) {
  const Result<std::vector<Target>> targets = ParseTarget(text, "t.json");
  EXPECT_FALSE(targets.ok()) << text;
  return targets.ok() ? "" : targets.status().message();
}

std::string RuleError(const std::string& rule) {
  return ErrorOf(With("ops", R"([{"ops": ["CONV_2D"], "rules": [)" + rule + "]}]"));
}

TEST(ParseTargetTest, MistakesAreToldWithFileAndPlace) {
  EXPECT_THAT(ErrorOf("[\n\n  nonsense"), HasSubstr("t.json: line 3: not JSON"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(ErrorOf(With("colour", "1")), HasSubstr("unknown key 'colour', must be one of name, title"));
  EXPECT_THAT(ErrorOf(With("date", "2026")), HasSubstr("date: must be a text"));
  EXPECT_THAT(ErrorOf(With("sources", "[]")), HasSubstr("sources: must not be empty"));
  EXPECT_THAT(ErrorOf(With("sources", R"([{"title": "a", "where": "b"}])")),
              HasSubstr("sources[0]: 'date' is missing"));
  EXPECT_THAT(ErrorOf(With("others", R"({"taken": "yes", "reason": "r"})")),
              HasSubstr("others.taken: 'yes', must be no or unknown"));
}

TEST(ParseTargetTest, MistakesInEntriesAreToldWithFileAndPlace) {
  EXPECT_THAT(ErrorOf(With("ops", R"([{"ops": ["CONV2D"]}])")), HasSubstr("ops[0].ops: 'CONV2D' is neither an op"));
  EXPECT_THAT(ErrorOf(With("ops", R"([{"ops": ["CONV_2D"], "types": ["int5"]}])")),
              HasSubstr("ops[0].types[0]: 'int5' is no type"));
  EXPECT_THAT(ErrorOf(With("partitions", R"({"keeps": "best"})")), HasSubstr("partitions: keeps 'best'"));
  EXPECT_THAT(ErrorOf(With("instead_of_op", R"({"X": "y"})")), HasSubstr("instead_of_op: 'X' is no op"));
  EXPECT_THAT(ErrorOf(With("generations", R"([{"name": "t-1", "title": "a", "level": 1}])")),
              HasSubstr("'level_name' is missing"));
  EXPECT_THAT(ErrorOf(R"({"name": "a", "name": "b"})"), HasSubstr("key 'name' stands twice"));
}

TEST(ParseTargetTest, MistakesInRulesNameTheRule) {
  EXPECT_THAT(RuleError(R"({"require": {"inputs": 1}})"), HasSubstr("ops[0].rules[0]: 'reason' is missing"));
  EXPECT_THAT(RuleError(R"({"reason": "r"})"), HasSubstr("neither 'require' nor 'otherwise'"));
  EXPECT_THAT(RuleError(R"({"require": {}, "reason": "r"})"), HasSubstr("ops[0].rules[0].require: no condition"));
  EXPECT_THAT(RuleError(R"({"require": {"option": "strid", "max": 1}, "reason": "r"})"),
              HasSubstr("CONV_2D has no option 'strid' (it has: padding, stride_w"));
  EXPECT_THAT(RuleError(R"({"require": {"option": "stride_w"}, "reason": "r"})"), HasSubstr("no test: min, max or is"));
  EXPECT_THAT(RuleError(R"({"require": {"option": "padding", "is": "some"}, "reason": "r"})"),
              HasSubstr("'some' is no value of padding"));
  EXPECT_THAT(RuleError(R"({"require": {"input": 0}, "reason": "r"})"), HasSubstr("tests nothing"));
}

TEST(ParseTargetTest, MistakesInOperandsNameTheRule) {
  EXPECT_THAT(RuleError(R"({"require": {"input": -1, "rank": 4}, "reason": "r"})"),
              HasSubstr("require.input: must be at least 0"));
  EXPECT_THAT(RuleError(R"({"require": {"input": 0, "dtype": ["int5"]}, "reason": "r"})"),
              HasSubstr("'int5' is no element type"));
  EXPECT_THAT(RuleError(R"({"require": {"input": 0, "dims": {"9": 1}}, "reason": "r"})"), HasSubstr("'9' is no axis"));
  EXPECT_THAT(RuleError(R"({"require": {"input": 0, "rank": 4, "at": [1]}, "reason": "r"})"),
              HasSubstr("'at' without 'values'"));
  EXPECT_THAT(RuleError(R"({"require": {"all": []}, "reason": "r"})"), HasSubstr("'all' of nothing"));
  EXPECT_THAT(RuleError(R"({"require": {"same": "name", "of": [{"input": 0}, {"input": 1}]}, "reason": "r"})"),
              HasSubstr("'name', must be shape"));
  EXPECT_THAT(RuleError(R"({"require": {"ratio": 1}, "reason": "r"})"), HasSubstr("no test"));
  EXPECT_THAT(RuleError(R"({"require": {"inputs": 1}, "otherwise": "yes", "reason": "r"})"),
              HasSubstr("otherwise 'yes'"));
}

TEST(ParseTargetTest, NestingIsLimited) {
  std::string condition = R"({"inputs": 1})";
  for (int i = 0; i < 100; ++i) condition = R"({"not": )" + condition + "}";
  EXPECT_THAT(RuleError(R"({"require": )" + condition + R"(, "reason": "r"})"), HasSubstr("nested more than"));
}

TEST(ParseTargetTest, CutFilesAreRefused) {
  const std::string text = With("ops", R"([{"ops": ["CONV_2D"], "rules": [{"otherwise": "no", "reason": "r"}]}])");
  ASSERT_TRUE(ParseTarget(text, "t.json").ok());
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(ParseTarget(text.substr(0, length), "t.json").ok()) << length;
  }
}

TEST(ParseTargetTest, GenerationsShareTheFile) {
  const Result<std::vector<Target>> targets = ParseTarget(
      With("generations", R"([{"name": "t-1", "title": "one", "level": 1}, {"name": "t-2", "title": "two", "level": 2}],
                              "level_name": "level")"),
      "t.json");
  ASSERT_TRUE(targets.ok()) << targets.status().message();
  ASSERT_EQ(targets->size(), 2u);
  EXPECT_EQ((*targets)[1].name, "t-2");
  EXPECT_EQ((*targets)[1].level, 2);
  EXPECT_EQ((*targets)[1].ops.size(), 1u);
}

TEST(BuiltinTargetsTest, EveryFileParsesAndSaysWhereItIsFrom) {
  std::set<std::string> names;
  for (const Target& target : BuiltinTargets()) {
    EXPECT_TRUE(names.insert(target.name).second) << target.name;
    EXPECT_FALSE(target.sources.empty()) << target.name;
    EXPECT_FALSE(target.not_found.empty()) << target.name << " says nothing of what was not found";
  }
  // A file that does not parse would be missing.
  for (const char* name :
       {"gpu", "nnapi-27", "nnapi-28", "nnapi-29", "nnapi-30", "nnapi-31", "nnapi-fl6", "nnapi-fl7", "hexagon",
        "qnn-htp", "coreml-2", "coreml-3", "edgetpu", "ethos-u55", "ethos-u85", "synaptics", "xnnpack"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

TEST(FindTargetsTest, NamesFamiliesAndTheListOfThoseKnown) {
  EXPECT_EQ(FindTargets("gpu")->size(), 1u);
  EXPECT_EQ(FindTargets("nnapi")->size(), 7u);
  EXPECT_EQ(FindTargets("all")->size(), BuiltinTargets().size());
  const Result<std::vector<Target>> none = FindTargets("abacus");
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.status().message(), HasSubstr("known are: all, gpu, nnapi-27"));
}

}  // namespace
}  // namespace safelight
