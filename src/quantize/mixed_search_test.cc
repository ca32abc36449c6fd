// SPDX-License-Identifier: Apache-2.0
#include "quantize/mixed_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantize/layer_costs.h"

namespace safelight {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Layers of two types, cost 1 and 2; `cheap`, `dear`: what each adds to an error of 1, which a search measures as well.
SearchTask TaskOf(const std::vector<double>& cheap, const std::vector<double>& dear, double target, int* measured) {
  SearchTask task;
  task.target_drop = target;
  task.float_errors = {1, 1};
  for (size_t l = 0; l < cheap.size(); ++l) {
    task.layers.push_back({{1, {cheap[l], cheap[l] / 2}}, {2, {dear[l], dear[l] / 2}}});
  }
  task.measure = [cheap, dear, measured](const std::vector<int>& types) -> Result<PictureErrors> {
    double sum = 1;
    for (size_t l = 0; l < types.size(); ++l) sum += types[l] == 0 ? cheap[l] : dear[l];
    ++*measured;
    return PictureErrors{sum, (1 + sum) / 2};
  };
  return task;
}

TEST(MixedSearch, FindsTheLayerThatDoesTheDamage) {
  int measured = 0;
  const Result<SearchResult> found =
      SearchTypes(TaskOf({0.001, 0.5, 0.002, 0.001}, {0.0005, 0.001, 0.001, 0.0005}, 0.05, &measured));
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_THAT(found->types, ElementsAre(0, 1, 0, 0));
  EXPECT_LE(found->drop, 0.05);
  EXPECT_NEAR(found->drop, DropOf({1, 1}, found->errors, DropOver::kWorst), 1e-12);
  EXPECT_LE(static_cast<size_t>(measured), kMostMeasured);
  EXPECT_DOUBLE_EQ(found->curve.front().cost, 4);
  EXPECT_GT(found->curve.front().predicted_drop, 1);
  EXPECT_DOUBLE_EQ(found->curve.back().cost, 8);
}

TEST(MixedSearch, LeavesEveryLayerCheapWhereThatMeetsTheTarget) {
  int measured = 0;
  const Result<SearchResult> found = SearchTypes(TaskOf({0.001, 0.002}, {0, 0}, 0.1, &measured));
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(found->types, ElementsAre(0, 0));
}

TEST(MixedSearch, SaysWhatTheBestTypesReach) {
  int measured = 0;
  const Result<SearchResult> found = SearchTypes(TaskOf({0.5, 0.5}, {0.1, 0.1}, 0.05, &measured));
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(found.status().message(), HasSubstr("0.7918"));  // 10 lg 1.2
}

// Alone the layers promise more than they keep together: the search goes on from what it measures.
TEST(MixedSearch, RepairsWhatThePredictionMissed) {
  int measured = 0;
  SearchTask task = TaskOf({0.01, 0.01, 0.01, 0.01}, {0, 0, 0, 0}, 0.1, &measured);
  task.measure = [](const std::vector<int>& types) -> Result<PictureErrors> {
    double sum = 1;
    for (const int type : types) sum += type == 0 ? 0.02 : 0;
    return PictureErrors{sum, sum};
  };
  const Result<SearchResult> found = SearchTypes(task);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(std::count(found->types.begin(), found->types.end(), 0), 1);
  EXPECT_LE(found->drop, 0.1);
}

// Two layers with an error between them that goes away only when both become dear.
TEST(MixedSearch, MovesNeighboursTogether) {
  SearchTask task;
  task.target_drop = 0.05;
  task.float_errors = {1};
  task.layers = {{{1, {0.3}}, {2, {0}}}, {{1, {0.3}}, {2, {0}}}, {{1, {0.001}}, {2, {0}}}};
  task.shared = {{0, 1, 0, {0.3}}, {1, 2, 0, {0}}};
  task.measure = [](const std::vector<int>& types) -> Result<PictureErrors> {
    return PictureErrors{1.0 + (types[0] == 0 || types[1] == 0 ? 0.3 : 0) + (types[2] == 0 ? 0.001 : 0)};
  };
  const Result<SearchResult> found = SearchTypes(task);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_THAT(found->types, ElementsAre(1, 1, 0));
}

TEST(MixedSearch, TheWorstPictureOrTheMean) {
  EXPECT_NEAR(DropOf({1, 1}, {1, 10}, DropOver::kWorst), 10, 1e-12);
  EXPECT_NEAR(DropOf({1, 1}, {1, 10}, DropOver::kMean), 5, 1e-12);
}

TEST(MixedSearch, PassesErrorsOn) {
  int measured = 0;
  SearchTask task = TaskOf({0.5}, {0.1}, 1, &measured);
  task.measure = [](const std::vector<int>&) -> Result<PictureErrors> {
    return Status(StatusCode::kCancelled, "stop");
  };
  EXPECT_EQ(SearchTypes(task).status().code(), StatusCode::kCancelled);
}

const std::vector<LayerGroup> kLayers = {{"first", "CONV_2D", {0}}, {"the second", "CONV_2D", {1}}};
const std::vector<LayerType> kTypes = {LayerType::kInt8, LayerType::k16x8};

TEST(LayerCosts, OwnCostsCountMoreThanThoseOfAll) {
  const auto costs = ReadCosts("# a comment\n* int8 2\n* 16x8 3 # by multiply-add\nthe second 16x8 7\n* float32 9\n",
                               kLayers, {10, 100}, kTypes);
  ASSERT_TRUE(costs.ok()) << costs.status().message();
  EXPECT_THAT(*costs, ElementsAre(ElementsAre(20, 30), ElementsAre(200, 7)));
}

TEST(LayerCosts, BadLinesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"* int8 1\n* int7 1\n", "line 2: 'int7', must be one of"},
      {"third int8 1\n", "line 1: the network has no layer 'third'"},
      {"* int8 0\n", "line 1: '0', must be a number above 0"},
      {"* int8 1x\n", "line 1: '1x', must be a number"},
      {"* int8 nan\n", "line 1: 'nan', must be a number"},
      {"\nint8 1\n", "line 2: 'int8 1', must be LAYER TYPE COST"},
      {"* int8 1\n", "layer 'first' has no cost as 16x8"},
      {"", "layer 'first' has no cost as int8"},
  };
  for (const auto& [text, message] : cases) {
    const auto costs = ReadCosts(text, kLayers, {1, 1}, kTypes);
    ASSERT_FALSE(costs.ok()) << text;
    EXPECT_THAT(costs.status().message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace safelight
