// SPDX-License-Identifier: Apache-2.0
#include "targets/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/network_for_tests.h"

namespace safelight {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A target with these entries and these rules for every op.
std::string File(const std::string& ops, const std::string& every = "[]") {
  return R"({"name": "t", "title": "T", "date": "2026", "sources": [{"title": "a", "where": "b", "date": "c"}],
             "others": {"taken": "no", "reason": "no such op"}, "every": )" +
         every + R"(, "instead_of_op": {"PACK": "use CONCATENATION"},
             "instead_of_type": {"float32": "quantize"}, "ops": )" +
         ops + "}";
}

Target Parse(const std::string& text) {
  Result<std::vector<Target>> targets = ParseTarget(text, "t.json");
  EXPECT_TRUE(targets.ok()) << targets.status().message();
  return targets.ok() ? (*targets)[0] : Target();
}

// A convolution with stride 2 and the views of it.
struct Convolution {
  NetworkForTests network;
  Graph graph;
  AttrsForTests options{{{0, 1}, {1, 2}, {2, 1}, {3, 1}}};  // VALID, stride 2 by 1, RELU
  NodeView view;

  explicit Convolution(DType weights = DType::kFloat32, DType data = DType::kFloat32) {
    const ValueId in = network.Input({1, 9, 8, 4}, data);
    network.graph.values[static_cast<size_t>(in)].signature = {1, -1, -1, 4};
    network.Conv(in, 4, 6);
    graph = network.Finish({network.graph.nodes[0].outputs[0]});
    graph.values[static_cast<size_t>(graph.nodes[0].inputs[1])].dtype = weights;
    graph.values[static_cast<size_t>(graph.nodes[0].outputs[0])].shape = {1, 4, 3, 6};
    graph.values[static_cast<size_t>(graph.nodes[0].outputs[0])].dtype = data;
    view = ViewOf(graph, graph.nodes[0], &options);
  }
};

Truth Ask(const std::string& condition, const NodeView& view) {
  const Target target =
      Parse(File(R"([{"ops": ["CONV_2D"], "rules": [{"require": )" + condition + R"(, "reason": "because"}]}])"));
  return Judge(target, view).taken;
}

TEST(JudgeTest, EachKindOfConditionHoldsAndFails) {
  const Convolution conv;
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {R"({"option": "stride_w", "max": 2})", R"({"option": "stride_w", "max": 1})"},
      {R"({"option": "stride_w", "min": 2})", R"({"option": "stride_h", "min": 2})"},
      {R"({"option": "padding", "is": "valid"})", R"({"option": "padding", "is": "same"})"},
      {R"({"option": "activation", "is": ["none", "relu"]})", R"({"option": "activation", "is": ["none", "relu6"]})"},
      {R"({"option": "dilation_w", "is": 1})", R"({"option": "dilation_w", "is": 2})"},
      {R"({"input": 1, "constant": true})", R"({"input": 0, "constant": true})"},
      {R"({"input": 2, "present": true})", R"({"input": 3, "present": true})"},
      {R"({"input": 7, "constant": true})", R"({"input": 2, "present": false})"},
      {R"({"input": "data", "dtype": ["float32", "int8"]})", R"({"input": "every", "dtype": ["int8"]})"},
      {R"({"input": 0, "rank": 4})", R"({"input": 2, "rank": {"min": 2}})"},
      {R"({"output": 0, "dims": {"-1": 6, "1": {"max": 4}}})", R"({"output": 0, "dims": {"-1": 5}})"},
      {R"({"input": 1, "elements": {"max": 216}})", R"({"input": 1, "elements": {"max": 215}})"},
      {R"({"input": 0, "quantization": ["none"]})", R"({"input": 0, "quantization": ["per-tensor"]})"},
      {R"({"input": 0, "last_free_axis": {"max": 2}})", R"({"input": 0, "last_free_axis": {"max": 1}})"},
      {R"({"input": 0, "dynamic": false})", R"({"input": 0, "dynamic": true})"},
      {R"({"version": {"max": 2}})", R"({"version": {"min": 2}})"},
      {R"({"inputs": 3})", R"({"inputs": {"max": 2}})"},
      {R"({"computed_inputs": 1})", R"({"computed_inputs": 2})"},
      {R"({"outputs": 1})", R"({"outputs": 2})"},
      {R"({"level": 0})", R"({"level": {"min": 1}})"},
      {R"({"type": ["float32"]})", R"({"type": ["int8"]})"},
      {R"({"same": "dtype", "of": [{"input": 0}, {"output": 0}]})",
       R"({"same": "shape", "of": [{"input": 0}, {"output": 0}]})"},
      {R"({"same": "rank", "of": [{"input": 0}, {"input": 1}]})",
       R"({"same": "rank", "of": [{"input": 0}, {"input": 2}]})"},
      {R"({"ratio": 3, "is": 1.5})", R"({"ratio": 3, "is": [1, 2]})"},
      {R"({"ratio": 1, "corners": true, "is": 0.375})", R"({"ratio": 1, "is": 0.375})"},
      {R"({"all": [{"inputs": 3}, {"outputs": 1}]})", R"({"all": [{"inputs": 3}, {"outputs": 2}]})"},
      {R"({"any": [{"inputs": 3}, {"outputs": 2}]})", R"({"any": [{"inputs": 2}, {"outputs": 2}]})"},
      {R"({"not": {"outputs": 2}})", R"({"not": {"outputs": 1}})"},
  };
  for (const auto& [holds, fails] : pairs) {
    EXPECT_EQ(Ask(holds, conv.view), Truth::kYes) << holds;
    EXPECT_EQ(Ask(fails, conv.view), Truth::kNo) << fails;
  }
}

TEST(JudgeTest, WhatTheViewDoesNotTellIsUnknownNeverYes) {
  Convolution conv;
  conv.view.options = nullptr;
  EXPECT_EQ(Ask(R"({"option": "stride_w", "max": 2})", conv.view), Truth::kUnknown);
  EXPECT_EQ(Ask(R"({"not": {"option": "stride_w", "max": 2}})", conv.view), Truth::kUnknown);
  EXPECT_EQ(Ask(R"({"any": [{"option": "stride_w", "max": 2}, {"inputs": 3}]})", conv.view), Truth::kYes);
  EXPECT_EQ(Ask(R"({"all": [{"option": "stride_w", "max": 2}, {"inputs": 2}]})", conv.view), Truth::kNo);
  // Values that are computed, and sizes that are known only after the run.
  EXPECT_EQ(Ask(R"({"input": 0, "values": 0})", conv.view), Truth::kUnknown);
  conv.view.inputs[0].dynamic = true;
  EXPECT_EQ(Ask(R"({"input": 0, "dims": {"3": 4}})", conv.view), Truth::kUnknown);
  EXPECT_EQ(Ask(R"({"ratio": 3, "is": 1.5})", conv.view), Truth::kUnknown);
}

TEST(JudgeTest, ElementsOfConstantsAreLookedAtByPlace) {
  NetworkForTests network;
  const ValueId in = network.Input({1, 4, 4, 2});
  network.Op("PAD", {in, network.Ints({0, 0, 1, 1, 2, 2, 0, 3})});
  const Graph graph = network.Finish({network.graph.nodes[0].outputs[0]});
  const NodeView view = ViewOf(graph, graph.nodes[0], nullptr);
  const auto ask = [&](const std::string& condition) {
    return Judge(Parse(File(R"([{"ops": ["PAD"], "rules": [{"require": )" + condition + R"(, "reason": "r"}]}])")),
                 view)
        .taken;
  };
  EXPECT_EQ(ask(R"({"input": 1, "values": {"min": 0, "max": 3}})"), Truth::kYes);
  EXPECT_EQ(ask(R"({"input": 1, "values": 0, "at": [0, 1, 6]})"), Truth::kYes);
  EXPECT_EQ(ask(R"({"input": 1, "values": 0, "at": [0, -1]})"), Truth::kNo);
  EXPECT_EQ(ask(R"({"input": 1, "values": 0, "at": [99]})"), Truth::kUnknown);
}

TEST(JudgeTest, TypesAreNamedByValuesAndWeights) {
  EXPECT_EQ(TypeOf(Convolution().view), "float32");
  EXPECT_EQ(TypeOf(Convolution(DType::kFloat16).view), "float16-weights");
  EXPECT_EQ(TypeOf(Convolution(DType::kInt8).view), "dynamic-range");
  EXPECT_EQ(TypeOf(Convolution(DType::kInt8, DType::kInt8).view), "int8");
  EXPECT_EQ(TypeOf(Convolution(DType::kInt4, DType::kInt8).view), "int8-int4-weights");
  EXPECT_EQ(TypeOf(Convolution(DType::kInt8, DType::kInt16).view), "int16x8");
}

TEST(JudgeTest, TypesAndLevelsGiveSentencesWithWhatToChange) {
  Target target = Parse(File(R"([{"ops": ["CONV_2D"], "types": {"int8": 29, "uint8": 27}, "from": 28}])"));
  target.level_name = "level";
  target.level = 27;
  Judgement verdict = Judge(target, Convolution().view);
  EXPECT_EQ(verdict.taken, Truth::kNo);
  EXPECT_THAT(verdict.reasons[0].sentence, HasSubstr("CONV_2D needs level 28"));
  target.level = 28;
  verdict = Judge(target, Convolution().view);
  EXPECT_EQ(verdict.reasons[0], (Reason{"CONV_2D is not taken in float32, only in uint8", "quantize"}));
  const Convolution integers(DType::kInt8, DType::kInt8);
  EXPECT_THAT(Judge(target, integers.view).reasons[0].sentence, HasSubstr("in int8 needs level 29"));
  target.level = 29;
  EXPECT_EQ(Judge(target, integers.view).taken, Truth::kYes);
}

TEST(JudgeTest, RulesHoldWhereTheyApplyAndMayAnswerUnknown) {
  const Convolution conv;
  const auto judge = [&](const std::string& rule) {
    return Judge(Parse(File(R"([{"ops": ["CONV_2D"], "rules": [)" + rule + "]}]")), conv.view);
  };
  EXPECT_EQ(judge(R"({"when": {"inputs": 2}, "require": {"outputs": 9}, "reason": "r"})").taken, Truth::kYes);
  EXPECT_EQ(judge(R"({"when": {"inputs": 3}, "require": {"outputs": 9}, "reason": "r"})").taken, Truth::kNo);
  EXPECT_EQ(judge(R"({"from": 1, "require": {"outputs": 9}, "reason": "r"})").taken, Truth::kYes);
  EXPECT_EQ(judge(R"({"below": 0, "require": {"outputs": 9}, "reason": "r"})").taken, Truth::kYes);
  const Judgement unknown = judge(R"({"otherwise": "unknown", "reason": "not written down", "instead": "ask"})");
  EXPECT_EQ(unknown.taken, Truth::kUnknown);
  EXPECT_THAT(unknown.reasons, ElementsAre(Reason{"not written down", "ask"}));
  // A certain no hides what is not known.
  const Judgement both =
      judge(R"({"otherwise": "unknown", "reason": "a"}, {"require": {"outputs": 9}, "reason": "b"})");
  EXPECT_EQ(both.taken, Truth::kNo);
  EXPECT_THAT(both.reasons, ElementsAre(Reason{"b", ""}));
}

TEST(JudgeTest, OpsThatNoEntryNamesAreRefusedWithAHint) {
  NodeView view;
  view.op = "PACK";
  Target target = Parse(File("[]"));
  EXPECT_THAT(Judge(target, view).reasons, ElementsAre(Reason{"no such op", "use CONCATENATION"}));
  target.others_unknown = true;
  EXPECT_EQ(Judge(target, view).taken, Truth::kUnknown);
}

TEST(JudgeTest, CustomOpsAreJudgedByName) {
  NodeView view;
  view.op = "custom:Resampler";
  EXPECT_EQ(Judge(Parse(File(R"([{"ops": ["custom:Resampler"]}])")), view).taken, Truth::kYes);
  EXPECT_THAT(Judge(Parse(File(R"([{"ops": ["custom:Resampler"]}])")), view).reasons, IsEmpty());
  view.op = "custom:Other";
  EXPECT_EQ(Judge(Parse(File(R"([{"ops": ["custom:Resampler"]}])")), view).taken, Truth::kNo);
}

}  // namespace
}  // namespace safelight
