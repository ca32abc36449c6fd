// SPDX-License-Identifier: Apache-2.0
//
// Whole files: made ones, and real ones of the shared collection (found through SAFELIGHT_SHARED, or as `shared` beside
// the checkout), whose nodes on Ethos-U55 are those that Vela 5.2.0 itself left to the CPU.
#include "targets/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "formats/tflite/file_for_tests.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Target& Named(const std::string& name) {
  for (const Target& target : BuiltinTargets()) {
    if (target.name == name) return target;
  }
  ADD_FAILURE() << name;
  return BuiltinTargets()[0];
}

// y = custom(relu(x)) + c behind a DEQUANTIZE of a float16 c.
ModelForTests CustomModel() {
  ModelForTests model;
  const uint32_t buffer = model.AddBuffer<uint16_t>({0x3c00, 0x4000});
  SubgraphForTests& main = model.main();
  main.tensors = {{"x", {1, 2}}, {"relu", {1, 2}}, {"strange", {1, 2}}, {"half", {2}, buffer, 1},
                  {"c", {2}},    {"y", {1, 2}}};
  main.inputs = {0};
  main.outputs = {5};
  main.nodes = {{kReluCode, {0}, {1}},
                {kCustomOpCode, {1}, {2}, 0, {}, "Resampler"},
                {6, {3}, {4}},
                {kAddCode, {2, 4}, {5}, kAddOptionsType, {}}};
  return model;
}

Result<CheckedFile> Open(const ModelForTests& model) { return CheckedFile::Open(FileOf(model)); }

TEST(CoverageTest, FilesWithCustomOpsAreChecked) {
  const Result<CheckedFile> file = Open(CustomModel());
  ASSERT_TRUE(file.ok()) << file.status().message();
  const Coverage coreml = file->Check(Named("coreml-3"));
  EXPECT_EQ(coreml.nodes[1].op, "custom:Resampler");
  EXPECT_FALSE(coreml.nodes[1].known);
  EXPECT_EQ(coreml.nodes[1].verdict.taken, Truth::kNo);
  // The GPU delegate lists this custom op.
  const Coverage gpu = file->Check(Named("gpu"));
  EXPECT_EQ(gpu.nodes[1].verdict.taken, Truth::kYes);
}

TEST(CoverageTest, Float16ConstantsAreFoldedWhereTheTargetDoesSo) {
  const Result<CheckedFile> file = Open(CustomModel());
  ASSERT_TRUE(file.ok());
  const Coverage gpu = file->Check(Named("gpu"));
  EXPECT_TRUE(gpu.nodes[2].folded);
  EXPECT_EQ(gpu.node_count, 3);
  EXPECT_EQ(gpu.nodes[3].type, "float16-weights");
  EXPECT_THAT(gpu.notes, ElementsAre(HasSubstr("1 DEQUANTIZE of float16")));
  EXPECT_EQ(gpu.partitions.size(), 1u);
  const Coverage hexagon = file->Check(Named("hexagon"));
  EXPECT_FALSE(hexagon.nodes[2].folded);
  EXPECT_EQ(hexagon.nodes_taken, 0);
}

TEST(CoverageTest, LimitsOfPartitionsAreReasons) {
  const Result<CheckedFile> file = Open(CustomModel());
  ASSERT_TRUE(file.ok());
  Target target = Named("coreml-3");
  // RELU, then what stays, then ADD: two parts of one node.
  Coverage coverage = file->Check(target);
  EXPECT_EQ(coverage.nodes_taken, 0);
  EXPECT_EQ(coverage.left_partitions, 2);
  EXPECT_THAT(coverage.nodes[0].verdict.reasons[0].sentence, HasSubstr("stands alone"));
  target.min_nodes = 1;
  EXPECT_EQ(file->Check(target).partitions.size(), 2u);
  target.max_partitions = 1;
  target.keeps_first = true;
  coverage = file->Check(target);
  EXPECT_EQ(coverage.nodes[0].partition, 0);
  EXPECT_EQ(coverage.nodes[3].partition, -1);
  EXPECT_THAT(coverage.nodes[3].verdict.reasons[0].sentence,
              HasSubstr("falls into 2 parts and the target keeps only the first"));
}

TEST(CoverageTest, DamagedFilesAreRefusedWithThePlace) {
  ModelForTests model = CustomModel();
  model.main().nodes[0].inputs = {77};
  EXPECT_THAT(Open(model).status().message(), HasSubstr("node 0: input 0: is tensor 77"));
  model = CustomModel();
  model.main().nodes[3].outputs = {1};
  EXPECT_THAT(Open(model).status().message(), HasSubstr("node 3: output 0 is computed twice"));
  model = CustomModel();
  model.main().nodes[2].opcode_shift = 50;
  EXPECT_THAT(Open(model).status().message(), HasSubstr("node 2: its op is number"));
  EXPECT_FALSE(CheckedFile::Open(FileOf("no model at all, only text")).ok());
}

TEST(CoverageTest, OpenSizesStayOffTargetsThatAreCompiledFor) {
  ModelForTests model = SmallModel();
  for (int t : {0, 2, 3}) model.main().tensors[static_cast<size_t>(t)].type = kInt8Type;
  for (const char* name : {"edgetpu", "ethos-u55"}) {
    const auto reasons_of = [&]() -> std::string {
      const Result<CheckedFile> file = Open(model);
      EXPECT_TRUE(file.ok()) << file.status().message();
      std::string text;
      if (!file.ok()) return text;
      const Coverage coverage = file->Check(Named(name));
      for (const Reason& reason : coverage.nodes[1].verdict.reasons) text += reason.sentence;
      return text;
    };
    model.main().tensors[0].signature = {};
    EXPECT_THAT(reasons_of(), ::testing::Not(HasSubstr("fixed in the file"))) << name;
    for (TensorForTests& tensor : model.main().tensors)
      tensor.signature = std::vector<int32_t>(tensor.shape.size(), -1);
    EXPECT_THAT(reasons_of(), HasSubstr("fixed in the file")) << name;
    for (TensorForTests& tensor : model.main().tensors) tensor.signature = {};
  }
}

TEST(CoverageTest, NodesThatWaitForEachOtherAreNotTaken) {
  ModelForTests model = SmallModel();
  // Each reads what the other makes.
  std::vector<NodeForTests>& nodes = model.main().nodes;
  ASSERT_EQ(nodes.size(), 2u);
  nodes[0].inputs[0] = nodes[1].outputs[0];
  const Result<CheckedFile> file = Open(model);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const Coverage coverage = file->Check(Named("gpu"));
  EXPECT_EQ(coverage.nodes_taken, 0);
  EXPECT_THAT(coverage.nodes[0].verdict.reasons[0].sentence, HasSubstr("wait for each other"));
}

fs::path FindModels() {
  if (const char* shared = std::getenv("SAFELIGHT_SHARED")) return fs::path(shared) / "data/models";
  for (fs::path folder = fs::path(__FILE__).parent_path(); folder != folder.root_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder.parent_path() / "shared/data/models")) return folder.parent_path() / "shared/data/models";
  }
  return {};
}

struct Expected {
  const char* model;
  const char* target;
  std::vector<std::string> left;  // ops of nodes that are not taken, in order
  size_t partitions;
};

TEST(CoverageTest, RealModelsAsExpected) {
  const fs::path models = FindModels();
  if (models.empty() || !fs::exists(models)) {
    GTEST_SKIP() << "NO REAL MODELS WERE CHECKED: set SAFELIGHT_SHARED to the folder that holds data/models";
  }
  const std::vector<Expected> all = {
      {"image_to_image/superres/abpn_x3_qat_u8io_360x640", "ethos-u55", {"DEPTH_TO_SPACE"}, 2},
      {"image_to_image/superres/edsr_f32b5_QAT_540x960", "ethos-u55", {"DEPTH_TO_SPACE"}, 2},
      {"classic/resnet8_cifar_int8", "ethos-u55", {}, 1},
      {"classic/vww_mobilenet_96_int8", "ethos-u55", {}, 1},
      {"classic/blazeface_front_128_int8_floatio", "ethos-u55", {"QUANTIZE", "DEQUANTIZE", "DEQUANTIZE"}, 1},
      {"image_to_image/superres/abpn_x3_qat_u8io_360x640",
       "edgetpu",
       {"DEPTH_TO_SPACE", "MINIMUM", "RELU", "QUANTIZE"},
       1},
      {"image_to_image/superres/abpn_x3_qat_u8io_360x640", "hexagon", {}, 1},
      {"image_to_image/superres/edsr_f32b5_fp32_540x960", "gpu", {}, 1},
      {"image_to_image/superres/edsr_f32b5_fp32_540x960", "coreml-3", {"MINIMUM", "RELU", "DEPTH_TO_SPACE"}, 1},
      {"dense/selfie_mlkit_256_f16w_customop", "coreml-3", {"custom:Convolution2DTransposeBias", "LOGISTIC"}, 1},
  };
  for (const Expected& expected : all) {
    const auto mapped = MappedFile::Open((models / (std::string(expected.model) + ".tflite")).string());
    ASSERT_TRUE(mapped.ok()) << mapped.status().message();
    const Result<CheckedFile> file = CheckedFile::Open(*mapped);
    ASSERT_TRUE(file.ok()) << expected.model << ": " << file.status().message();
    const Coverage coverage = file->Check(Named(expected.target));
    std::vector<std::string> left;
    for (const NodeCoverage& node : coverage.nodes) {
      if (!node.folded && node.verdict.taken != Truth::kYes) left.push_back(node.op);
    }
    EXPECT_EQ(left, expected.left) << expected.model << " on " << expected.target;
    EXPECT_EQ(coverage.partitions.size(), expected.partitions) << expected.model << " on " << expected.target;
  }
}

TEST(CoverageTest, NoFloatModelGoesToHexagonOrTheEdgeTpu) {
  const fs::path models = FindModels();
  if (models.empty() || !fs::exists(models)) {
    GTEST_SKIP() << "NO REAL MODELS WERE CHECKED: set SAFELIGHT_SHARED to the folder that holds data/models";
  }
  int count = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(models / "image_to_image")) {
    if (entry.path().stem().string().find("fp32") == std::string::npos) continue;
    const Result<CheckedFile> file = CheckedFile::Open(*MappedFile::Open(entry.path().string()));
    ASSERT_TRUE(file.ok()) << entry.path() << ": " << file.status().message();
    for (const char* name : {"hexagon", "edgetpu", "ethos-u55"}) {
      EXPECT_EQ(file->Check(Named(name)).nodes_taken, 0) << entry.path() << " on " << name;
    }
    ++count;
  }
  EXPECT_GT(count, 5);
}

}  // namespace
}  // namespace safelight
