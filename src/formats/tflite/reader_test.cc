// SPDX-License-Identifier: Apache-2.0
//
// What the reader makes of files that are as they should be; hostile ones are in hostile_test.cc.
#include "formats/tflite/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "formats/tflite/file_for_tests.h"
#include "formats/tflite/metadata.h"
#include "graph/infer.h"
#include "graph/op_def.h"
#include "tflite_metadata.h"

namespace safelight {
namespace {

using testing::ElementsAre;
using testing::Pair;

TfliteFile ReadGood(const std::shared_ptr<MappedFile>& file) {
  Result<TfliteFile> result = ReadTflite(file);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? std::move(result).value() : TfliteFile();
}

TEST(ReaderTest, NodesAndValuesStandInFileOrder) {
  const TfliteFile file = ReadGood(FileOf(SmallModel()));
  const Graph& graph = file.graph;
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_STREQ(graph.nodes[0].op->name, "ADD");
  EXPECT_STREQ(graph.nodes[1].op->name, "RELU");
  EXPECT_THAT(graph.nodes[1].file_nodes, ElementsAre(1));
  EXPECT_THAT(graph.inputs, ElementsAre(0));
  EXPECT_THAT(graph.outputs, ElementsAre(3));
  EXPECT_EQ(graph.values[2].name, "sum");
  EXPECT_EQ(graph.values[2].producer, 0);
  EXPECT_EQ(graph.values[3].file_tensor, 3);
  EXPECT_EQ(file.description, "made by a test");
  EXPECT_EQ(file.subgraph_count, 1);
}

TEST(ReaderTest, WeightsStayInTheFile) {
  const std::shared_ptr<MappedFile> file = FileOf(SmallModel());
  const TfliteFile read = ReadGood(file);
  const std::byte* weights = read.graph.values[1].constant;
  ASSERT_NE(weights, nullptr);
  EXPECT_GE(weights, file->bytes().data());
  EXPECT_LT(weights, file->bytes().data() + file->bytes().size());
  EXPECT_EQ(reinterpret_cast<const float*>(weights)[3], 4.0f);
}

TEST(ReaderTest, TheGraphKeepsTheFileAlive) {
  Graph graph;
  { graph = ReadGood(FileOf(SmallModel())).graph; }
  EXPECT_EQ(reinterpret_cast<const float*>(graph.values[1].constant)[0], 1.0f);
}

TEST(ReaderTest, WeightsBehindTheContainerAreFound) {
  ModelForTests model = SmallModel();
  const size_t size_bytes = model.Bytes().size();
  // Dropping the elements makes the container smaller; the tail starts where the file says.
  model.buffers[1] = {{}, size_bytes, 16};
  std::vector<uint8_t> tail(size_bytes - model.Bytes().size() + 16);
  const float elements[4] = {5, 6, 7, 8};
  std::memcpy(tail.data() + tail.size() - 16, elements, 16);
  const TfliteFile read = ReadGood(FileOf(model, tail));
  EXPECT_EQ(reinterpret_cast<const float*>(read.graph.values[1].constant)[2], 7.0f);
}

TEST(ReaderTest, WeightsOnACrookedAddressAreCopied) {
  ModelForTests model = SmallModel();
  const size_t size_bytes = (model.Bytes().size() + 3) / 4 * 4 + 1;
  model.buffers[1] = {{}, size_bytes, 16};
  std::vector<uint8_t> tail(size_bytes - model.Bytes().size() + 16);
  const float elements[4] = {5, 6, 7, 8};
  std::memcpy(tail.data() + tail.size() - 16, elements, 16);
  const TfliteFile read = ReadGood(FileOf(model, tail));
  const std::byte* weights = read.graph.values[1].constant;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights) % sizeof(float), 0u);
  EXPECT_EQ(reinterpret_cast<const float*>(weights)[3], 8.0f);
}

TEST(ReaderTest, AConstantWithoutElementsIsAConstant) {
  ModelForTests model = SmallModel();
  model.main().tensors[1] = {"shape", {0}, 0, kInt32Type};
  model.main().tensors[0].shape = {1};
  model.main().nodes = {{kReshapeCode, {0, 1}, {2}}, {kReluCode, {2}, {3}}};
  const TfliteFile read = ReadGood(FileOf(model));
  EXPECT_TRUE(read.graph.values[1].is_constant());
}

TEST(ReaderTest, AVariableStartsFromZeros) {
  ModelForTests model = SmallModel();
  model.main().tensors[1] = {"state", {1, 4}};
  model.main().tensors[1].is_variable = true;
  const TfliteFile read = ReadGood(FileOf(model));
  ASSERT_TRUE(read.graph.values[1].is_constant());
  EXPECT_EQ(reinterpret_cast<const float*>(read.graph.values[1].constant)[3], 0.0f);
}

TEST(ReaderTest, QuantizationIsReadPerTensorAndPerChannel) {
  ModelForTests model = SmallModel();
  model.main().tensors[0].scales = {0.5f};
  model.main().tensors[0].zero_points = {-3};
  model.main().tensors[1].scales = {1, 2, 3, 4};
  model.main().tensors[1].zero_points = {0, 0, 0, 0};
  model.main().tensors[1].quantized_axis = 1;
  const TfliteFile read = ReadGood(FileOf(model));
  EXPECT_THAT(read.graph.values[0].quant.scales, ElementsAre(0.5f));
  EXPECT_THAT(read.graph.values[0].quant.zero_points, ElementsAre(-3));
  EXPECT_THAT(read.graph.values[1].quant.scales, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(read.graph.values[1].quant.axis, 1);
}

TEST(ReaderTest, ElementsOfEightBytesMayLieOnAddressesThatDivideByFour) {
  // A vector as it stands in a file: a count of four bytes, then its elements.
  alignas(8) uint32_t words[8] = {0, 2, 7, 0, 0xffffffffu, 0xffffffffu, 0, 0};
  const auto& vector = *reinterpret_cast<const flatbuffers::Vector<int64_t>*>(&words[1]);
  EXPECT_EQ(ElementAt(vector, 0), 7);
  EXPECT_EQ(ElementAt(vector, 1), -1);
  const auto& crooked = *reinterpret_cast<const flatbuffers::Vector<int64_t>*>(&words[0]);
  EXPECT_EQ(ElementAt(crooked, 0), 2 + (int64_t{7} << 32));
}

TEST(ReaderTest, AnySizeOfTheSignatureIsKept) {
  ModelForTests model = SmallModel();
  model.main().tensors[0].signature = {-1, 4};
  const TfliteFile read = ReadGood(FileOf(model));
  EXPECT_EQ(read.graph.values[0].signature, Shape({-1, 4}));
  EXPECT_EQ(read.graph.values[0].shape, Shape({1, 4}));
}

TEST(ReaderTest, OptionsReachTheOp) {
  ModelForTests model = SmallModel();
  constexpr int kRelu = 1;
  model.main().nodes[0].options = {{0, kRelu, 1}};
  model.main().nodes[0].outputs = {3};
  model.main().nodes.resize(1);
  TfliteFile read = ReadGood(FileOf(model));
  ASSERT_TRUE(Infer(read.graph).ok());
  const float x[4] = {-10, -10, -10, -3};
  float y[4];
  const std::vector<ConstTensorView> inputs = {{DType::kFloat32, {1, 4}, x},
                                               {DType::kFloat32, {1, 4}, read.graph.values[1].constant}};
  const std::vector<TensorView> outputs = {{DType::kFloat32, {1, 4}, y}};
  const Node& node = read.graph.nodes[0];
  ASSERT_TRUE(node.op->reference(OpContext(read.graph, node), inputs, outputs).ok());
  EXPECT_THAT(y, ElementsAre(0, 0, 0, 1));
}

TEST(ReaderTest, SignaturesNamePositionsOfPorts) {
  ModelForTests model = SmallModel();
  model.main().inputs = {2, 0};
  model.main().nodes = {{kAddCode, {0, 2}, {3}}};
  model.signatures = {{"serving_default", {{"a", 0}, {"b", 2}}, {{"out", 3}}, 0}, {"other", {}, {}, 7}};
  const TfliteFile read = ReadGood(FileOf(model));
  ASSERT_EQ(read.signatures.size(), 1u);
  EXPECT_EQ(read.signatures[0].key, "serving_default");
  EXPECT_THAT(read.signatures[0].inputs, ElementsAre(Pair("a", 1), Pair("b", 0)));
  EXPECT_THAT(read.signatures[0].outputs, ElementsAre(Pair("out", 0)));
}

// A composite y = c(x) whose decomposition, in subgraph 1, is relu(x).
ModelForTests CompositeModel() {
  ModelForTests model = SmallModel();
  model.main().nodes[1] = {kStablehloCompositeCode, {2}, {3}, kCompositeOptionsType, {{1, 1, 4}}};
  model.subgraphs.push_back({{{"inner x", {1, 4}}, {"inner y", {1, 4}}}, {0}, {1}, {{kReluCode, {0}, {1}}}});
  return model;
}

TEST(ReaderTest, ACompositeIsReplacedByItsDecomposition) {
  TfliteFile read = ReadGood(FileOf(CompositeModel()));
  ASSERT_EQ(read.graph.nodes.size(), 3u);
  EXPECT_STREQ(read.graph.nodes[1].op->name, "RELU");
  EXPECT_STREQ(read.graph.nodes[2].op->name, "COPY");
  EXPECT_THAT(read.graph.nodes[1].file_nodes, ElementsAre(1));
  EXPECT_EQ(read.graph.nodes[1].inputs[0], 2);
  EXPECT_THAT(read.graph.outputs, ElementsAre(3));
  EXPECT_TRUE(Infer(read.graph).ok());
}

// Normalisation and colour space of one input, as converters write them.
std::vector<uint8_t> MetadataForTests(int unit_type) {
  namespace format = tflite_metadata;
  flatbuffers::FlatBufferBuilder builder;
  const auto image_start = builder.StartTable();
  builder.AddElement<int8_t>(4, 1);
  const flatbuffers::Offset<format::AnyTable> image(builder.EndTable(image_start));
  const auto means = builder.CreateVector(std::vector<float>{127.5f});
  const auto stds = builder.CreateVector(std::vector<float>{128.0f});
  const auto unit_start = builder.StartTable();
  builder.AddOffset(4, means);
  builder.AddOffset(6, stds);
  const flatbuffers::Offset<format::AnyTable> unit(builder.EndTable(unit_start));
  const std::vector units = {format::CreateProcessUnit(builder, static_cast<uint8_t>(unit_type), unit)};
  const auto content = format::CreateContent(builder, 2, image);
  const std::vector<float> maximums = {1.0f}, minimums = {-1.0f};
  const auto stats = format::CreateStatsDirect(builder, &maximums, &minimums);
  const std::vector tensors = {
      format::CreateTensorMetadataDirect(builder, "image", "a photo", nullptr, content, &units, stats)};
  const std::vector subgraphs = {format::CreateSubGraphMetadataDirect(builder, "main", nullptr, &tensors)};
  format::FinishModelMetadataBuffer(builder, format::CreateModelMetadataDirect(builder, "m", "d", "1", &subgraphs));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(ReaderTest, MetadataOfAnInputIsRead) {
  ModelForTests model = SmallModel();
  model.metadata = MetadataForTests(1);
  const TfliteFile read = ReadGood(FileOf(model));
  ASSERT_EQ(read.input_metadata.size(), 1u);
  const PortMetadata& port = read.input_metadata[0];
  EXPECT_EQ(port.name, "image");
  EXPECT_EQ(port.description, "a photo");
  EXPECT_EQ(port.color_space, "RGB");
  EXPECT_THAT(port.means, ElementsAre(127.5f));
  EXPECT_THAT(port.stds, ElementsAre(128.0f));
  EXPECT_THAT(port.minimums, ElementsAre(-1.0f));
  EXPECT_THAT(port.maximums, ElementsAre(1.0f));
  ASSERT_EQ(read.output_metadata.size(), 1u);
  EXPECT_EQ(read.output_metadata[0].name, "");
}

TEST(ReaderTest, AProcessUnitThatIsNotNormalisationIsPassedOver) {
  ModelForTests model = SmallModel();
  model.metadata = MetadataForTests(3);
  const TfliteFile read = ReadGood(FileOf(model));
  EXPECT_EQ(read.input_metadata[0].name, "image");
  EXPECT_TRUE(read.input_metadata[0].means.empty());
}

TEST(ReaderTest, DamagedMetadataIsPassedOver) {
  for (size_t cut = 1; cut < MetadataForTests(1).size(); ++cut) {
    ModelForTests model = SmallModel();
    model.metadata = MetadataForTests(1);
    model.metadata.resize(cut);
    EXPECT_EQ(ReadGood(FileOf(model)).input_metadata.size(), 1u) << "cut to " << cut;
  }
}

TEST(ReaderTest, MetadataOnACrookedAddressIsRead) {
  std::vector<uint8_t> bytes = MetadataForTests(1);
  std::vector<uint64_t> memory(bytes.size() / 8 + 2);
  std::byte* crooked = reinterpret_cast<std::byte*>(memory.data()) + 1;
  std::memcpy(crooked, bytes.data(), bytes.size());
  ReadBudget budget(0);
  const TfliteMetadata metadata = ReadTfliteMetadata({crooked, bytes.size()}, 1, 1, &budget);
  ASSERT_EQ(metadata.inputs.size(), 1u);
  EXPECT_EQ(metadata.inputs[0].color_space, "RGB");
}

}  // namespace
}  // namespace safelight
