// SPDX-License-Identifier: Apache-2.0
//
// Files that are wrong in one place each: the reader names the place and what is wrong there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "formats/tflite/file_for_tests.h"
#include "formats/tflite/reader.h"
#include "graph/infer.h"

namespace safelight {
namespace {

using testing::HasSubstr;

// One thing wrong with the small model, and the words that must tell it.
struct Fault {
  const char* name;
  std::function<void(ModelForTests&)> spoil;
  StatusCode code;
  const char* words;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class FaultTest : public testing::TestWithParam<Fault> {};

TEST_P(FaultTest, IsRefusedInASentenceThatNamesThePlace) {
  ModelForTests model = SmallModel();
  GetParam().spoil(model);
  const Result<TfliteFile> read = ReadTflite(FileOf(model));
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.status().message(), HasSubstr(GetParam().words));
  EXPECT_EQ(read.status().code(), GetParam().code) << read.status().message();
}

constexpr StatusCode kCorrupt = StatusCode::kCorruptData;
constexpr StatusCode kMisused = StatusCode::kInvalidArgument;
constexpr StatusCode kRefused = StatusCode::kUnsupported;
constexpr int32_t kHuge = std::numeric_limits<int32_t>::max();

const Fault kGraphFaults[] = {
    {"NoSubgraphs", [](ModelForTests& m) { m.subgraphs.clear(); }, kCorrupt, "no subgraphs"},
    {"OldVersion", [](ModelForTests& m) { m.version = 2; }, kRefused, "schema version 2"},
    {"OpOutOfRange", [](ModelForTests& m) { m.main().nodes[1].opcode_shift = 7; }, kCorrupt,
     "node 1 'y': its op is number 8 of the file's list, there are 2"},
    {"OpNegative", [](ModelForTests& m) { m.main().nodes[1].opcode_shift = -9; }, kCorrupt, "node 1 'y': its op"},
    {"InputOutOfRange", [](ModelForTests& m) { m.main().nodes[0].inputs[1] = 4; }, kCorrupt,
     "node 0 ADD 'sum': input 1: is tensor 4, there are 4"},
    {"InputVeryNegative", [](ModelForTests& m) { m.main().nodes[0].inputs[1] = -2; }, kCorrupt,
     "input 1: is tensor -2"},
    {"OutputOutOfRange", [](ModelForTests& m) { m.main().nodes[1].outputs[0] = kHuge; }, kCorrupt,
     "node 1 RELU: output 0: is tensor 2147483647"},
    {"OutputLeftOut", [](ModelForTests& m) { m.main().nodes[1].outputs[0] = -1; }, kCorrupt, "output 0: is tensor -1"},
    {"NoOutputsOfANode", [](ModelForTests& m) { m.main().nodes[1].outputs.clear(); }, kMisused, "0 outputs"},
    {"NeededInputLeftOut", [](ModelForTests& m) { m.main().nodes[0].inputs[1] = -1; }, kMisused, "input 1 is left out"},
    {"TooManyInputs",
     [](ModelForTests& m) {
       m.main().nodes[1].inputs = {2, 2, 2};
     },
     kMisused, "node 1 RELU 'y': 3 inputs"},
    {"ConstantAsOutput", [](ModelForTests& m) { m.main().nodes[1].outputs[0] = 1; }, kCorrupt,
     "output 'c' is a constant"},
    {"ComputedTwice",
     [](ModelForTests& m) {
       m.main().nodes[1] = {kReluCode, {0}, {2}};
     },
     kCorrupt, "output 'sum' is computed twice"},
    {"InputComputed", [](ModelForTests& m) { m.main().nodes[1].outputs[0] = 0; }, kCorrupt, "output 'x' is computed"},
    {"Cycle", [](ModelForTests& m) { m.main().nodes[0].inputs[1] = 3; }, kCorrupt,
     "node 0 ADD 'sum': input 1 'y' is used before anything computes it"},
    {"FeedsItself", [](ModelForTests& m) { m.main().nodes[0].inputs[1] = 2; }, kCorrupt, "'sum' is used before"},
    {"OutOfOrder", [](ModelForTests& m) { std::swap(m.main().nodes[0], m.main().nodes[1]); }, kCorrupt,
     "node 0 RELU 'y': input 0 'sum' is used before"},
    {"MissingWeights", [](ModelForTests& m) { m.buffers[1].data.clear(); }, kCorrupt, "input 1 'c' is used before"},
    {"GraphInputOutOfRange", [](ModelForTests& m) { m.main().inputs = {9}; }, kCorrupt, "graph input 0: is tensor 9"},
    {"GraphInputIsConstant",
     [](ModelForTests& m) {
       m.main().inputs = {0, 1};
     },
     kCorrupt, "graph input 'c' is a constant"},
    {"GraphInputTwice",
     [](ModelForTests& m) {
       m.main().inputs = {0, 0};
     },
     kCorrupt, "'x' is listed twice"},
    {"GraphOutputOutOfRange", [](ModelForTests& m) { m.main().outputs = {-1}; }, kCorrupt, "graph output 0"},
    {"GraphOutputNeverComputed", [](ModelForTests& m) { m.main().nodes.resize(1); }, kCorrupt, "'y' is never computed"},
    {"NoGraphOutputs", [](ModelForTests& m) { m.main().outputs.clear(); }, kCorrupt, "no outputs"},
    {"OptionsOfAnotherOp", [](ModelForTests& m) { m.main().nodes[0].options_type = kConvOptionsType; }, kCorrupt,
     "node 0 ADD 'sum': its options are those of another op"},
    {"ActivationOutOfRange",
     [](ModelForTests& m) {
       m.main().nodes[0].options = {{0, 99, 1}};
     },
     kCorrupt, "node 0 ADD 'sum': "},
    {"CustomOp",
     [](ModelForTests& m) {
       m.main().nodes[1].code = kCustomOpCode;
       m.main().nodes[1].custom_code = "MyOp";
     },
     kRefused, "node 1 CUSTOM 'MyOp' 'y': a custom op"},
    {"FlexOp",
     [](ModelForTests& m) {
       m.main().nodes[1].code = kCustomOpCode;
       m.main().nodes[1].custom_code = "FlexErf";
     },
     kRefused, "node 1 CUSTOM 'FlexErf' 'y': a TensorFlow (Flex) op"},
    {"ControlFlow", [](ModelForTests& m) { m.main().nodes[1].code = kIfCode; }, kRefused,
     "node 1 IF 'y': control flow"},
    {"Resource", [](ModelForTests& m) { m.main().nodes[1].code = kVarHandleCode; }, kRefused,
     "node 1 VAR_HANDLE 'y': a resource"},
    {"OpOfTheFuture", [](ModelForTests& m) { m.main().nodes[1].code = 5000; }, kRefused,
     "node 1 unknown op 5000 'y': this op is not in safelight"},
};

const Fault kTensorFaults[] = {
    {"BufferOutOfRange", [](ModelForTests& m) { m.main().tensors[1].buffer = 5; }, kCorrupt,
     "tensor 1 'c': its buffer is number 5, there are 2"},
    {"BufferTooSmall",
     [](ModelForTests& m) {
       m.main().tensors[1].shape = {1, 5};
     },
     kCorrupt, "tensor 1 'c': its buffer has 16 bytes, shape 1x5 of float32 needs 20"},
    {"BufferTooLarge",
     [](ModelForTests& m) {
       m.main().tensors[1].shape = {1, 3};
     },
     kCorrupt, "needs 12"},
    {"SizeNegative",
     [](ModelForTests& m) {
       m.main().tensors[2].shape = {1, -4};
     },
     kCorrupt, "tensor 2 'sum': size -4 in its shape"},
    {"SizesOverflow",
     [](ModelForTests& m) {
       m.main().tensors[1].shape = {kHuge, kHuge, kHuge, kHuge};
     },
     kCorrupt, "tensor 1 'c': its buffer has 16 bytes"},
    {"RankNine", [](ModelForTests& m) { m.main().tensors[2].shape.assign(9, 1); }, kRefused, "rank 9, at most 8"},
    {"TypeOfTheFuture", [](ModelForTests& m) { m.main().tensors[2].type = 99; }, kRefused, "element type 99"},
    {"TypeNegative", [](ModelForTests& m) { m.main().tensors[2].type = -1; }, kRefused, "element type -1"},
    {"TwoBitType", [](ModelForTests& m) { m.main().tensors[2].type = 19; }, kRefused, "element type int2"},
    {"StringTensor", [](ModelForTests& m) { m.main().tensors[2].type = kStringType; }, kRefused,
     "node 0 ADD 'sum': 'sum' is a string"},
    {"StringInput",
     [](ModelForTests& m) {
       m.main().nodes.clear();
       m.main().outputs = {0};
       m.main().tensors[0].type = kStringType;
     },
     kRefused, "graph input: 'x' is a string"},
    {"ScaleNegative",
     [](ModelForTests& m) {
       m.main().tensors[2].scales = {-1};
       m.main().tensors[2].zero_points = {0};
     },
     kCorrupt, "tensor 2 'sum': quantization scale -1"},
    {"ScaleNotANumber",
     [](ModelForTests& m) { m.main().tensors[2].scales = {std::numeric_limits<float>::quiet_NaN()}; }, kCorrupt,
     "quantization scale nan"},
    {"ScalesDoNotFitTheAxis",
     [](ModelForTests& m) {
       m.main().tensors[2].scales = {1, 2, 3};
     },
     kCorrupt, "3 quantization scales along axis 0 of shape 1x4"},
    {"QuantizedAxisOutOfRange",
     [](ModelForTests& m) {
       m.main().tensors[2].scales = {1, 2, 3, 4};
       m.main().tensors[2].quantized_axis = -1;
     },
     kCorrupt, "along axis -1"},
    {"ZeroPointsDoNotFitTheScales",
     [](ModelForTests& m) {
       m.main().tensors[2].scales = {1, 1, 1, 1};
       m.main().tensors[2].zero_points = {1, 2};
       m.main().tensors[2].quantized_axis = 1;
     },
     kCorrupt, "4 scales but 2 zero points"},
    {"BlockwiseQuantization", [](ModelForTests& m) { m.main().tensors[2].quantization_details = 2; }, kRefused,
     "blockwise or custom quantization"},
    {"ElementsElsewhere", [](ModelForTests& m) { m.main().tensors[1].external_buffer = 1; }, kRefused,
     "tensor 1 'c': its elements are in another file"},
    {"OffsetBehindTheFile",
     [](ModelForTests& m) {
       m.buffers[1] = {{}, 1 << 20, 16};
     },
     kCorrupt, "its buffer 1 lies outside the file"},
    {"OffsetPlusSizeWraps",
     [](ModelForTests& m) {
       m.buffers[1] = {{}, 16, ~uint64_t{0} - 7};
     },
     kCorrupt, "lies outside the file"},
    {"HugeVariable",
     [](ModelForTests& m) {
       m.main().tensors[1] = {"c", {kHuge, 8}};
       m.main().tensors[1].is_variable = true;
     },
     kCorrupt, "more than a file of this size can hold"},
};

NodeForTests Composite(int decomposition) {
  return {kStablehloCompositeCode, {2}, {3}, kCompositeOptionsType, {{1, decomposition, 4}}};
}

const Fault kCompositeFaults[] = {
    {"DecompositionOutOfRange", [](ModelForTests& m) { m.main().nodes[1] = Composite(3); }, kCorrupt,
     "node 1 STABLEHLO_COMPOSITE 'y': its decomposition is subgraph 3, there are 1"},
    {"DecomposesIntoItself", [](ModelForTests& m) { m.main().nodes[1] = Composite(0); }, kCorrupt,
     "its decomposition is subgraph 0"},
    {"WithoutOptions",
     [](ModelForTests& m) {
       m.main().nodes[1] = {kStablehloCompositeCode, {2}, {3}};
     },
     kCorrupt, "a composite without its options"},
    {"WithoutInputs",
     [](ModelForTests& m) {
       m.main().nodes[1] = Composite(1);
       m.main().nodes[1].inputs.clear();
       m.subgraphs.push_back({});
     },
     kCorrupt, "a composite without inputs"},
    {"InputsDoNotFit",
     [](ModelForTests& m) {
       m.main().nodes[1] = Composite(1);
       m.subgraphs.push_back({});
     },
     kCorrupt, "passes 1 inputs to a subgraph with 0"},
    {"OutputsDoNotFit",
     [](ModelForTests& m) {
       m.main().nodes[1] = Composite(1);
       m.subgraphs.push_back({{{"a", {1, 4}}}, {0}, {0, 0}, {}});
     },
     kCorrupt, "with 1 outputs, its decomposition has 2"},
    {"EndlessRecursion",
     [](ModelForTests& m) {
       m.main().nodes[1] = Composite(1);
       NodeForTests again = Composite(1);
       again.inputs = {0};
       again.outputs = {1};
       m.subgraphs.push_back({{{"a", {1, 4}}, {"b", {1, 4}}}, {0}, {1}, {again}});
     },
     kRefused, "nested more than 8 deep"},
};

std::string FaultName(const testing::TestParamInfo<Fault>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Graph, FaultTest, testing::ValuesIn(kGraphFaults), FaultName);
INSTANTIATE_TEST_SUITE_P(Tensor, FaultTest, testing::ValuesIn(kTensorFaults), FaultName);
INSTANTIATE_TEST_SUITE_P(Composite, FaultTest, testing::ValuesIn(kCompositeFaults), FaultName);

TEST(HostileTest, AFewKilobytesCannotAskForGigabytes) {
  // Seven levels of sixteen composites each: 2^28 nodes if they were all inlined.
  ModelForTests model = SmallModel();
  model.main().nodes[1] = Composite(1);
  for (int level = 1; level < 8; ++level) {
    SubgraphForTests subgraph{{{"a", {1, 4}}, {"b", {1, 4}}}, {0}, {1}, {}};
    for (int i = 0; i < 16; ++i) {
      NodeForTests node = level == 7 ? NodeForTests{kReluCode, {0}, {1}} : Composite(level + 1);
      subgraph.tensors.push_back({"t", {1, 4}});
      node.inputs = {0};
      node.outputs = {2 + i};
      subgraph.nodes.push_back(node);
    }
    subgraph.outputs = {17};
    model.subgraphs.push_back(subgraph);
  }
  const Result<TfliteFile> read = ReadTflite(FileOf(model));
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.status().message(), HasSubstr("more than a file of this size can hold"));
}

struct Stranger {
  const char* start;
  const char* words;
};

TEST(HostileTest, WhatIsNoTfliteFileIsNamed) {
  const Stranger strangers[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs pointer"},
      {"\n\n<!DOCTYPE html><html><body>Not found</body></html>", "an HTML page"},
      {"\x08\x07\x12\x07pytorch\x1a\x03"
       "1.3:",
       "an ONNX file"},
      {"PK\x03\x04 and so on, some bytes", "a zip archive"},
      {"a text about photographs, long enough", "the mark TFL3 is missing"},
      {"TFL3", "only 4 bytes"},
      {"", "only 0 bytes"},
  };
  for (const Stranger& stranger : strangers) {
    const Result<TfliteFile> read = ReadTflite(FileOf(std::string(stranger.start)));
    ASSERT_FALSE(read.ok()) << stranger.start;
    EXPECT_THAT(read.status().message(), HasSubstr(stranger.words));
    EXPECT_EQ(read.status().code(), kCorrupt);
  }
}

// A graph or a sentence: nothing else may come of any bytes.
void ExpectGraphOrSentence(const std::vector<uint8_t>& bytes, const std::string& what) {
  Result<TfliteFile> read =
      ReadTflite(MappedFile::FromCopy({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}));
  if (!read.ok()) {
    EXPECT_NE(read.status().message(), "") << what;
    return;
  }
  const Status status = Infer(read->graph);
  EXPECT_EQ(status.ok(), status.message().empty()) << what;
}

TEST(HostileTest, AFileCutAnywhereIsRefused) {
  const std::vector<uint8_t> bytes = SmallModel().Bytes();
  for (size_t size = 0; size + 1 < bytes.size(); ++size) {
    const auto file = MappedFile::FromCopy({reinterpret_cast<const std::byte*>(bytes.data()), size});
    const Result<TfliteFile> read = ReadTflite(file);
    // The last bytes of a container may be padding that nothing points at.
    EXPECT_FALSE(read.ok() && size + 8 < bytes.size()) << "cut to " << size;
  }
}

TEST(HostileTest, EveryByteDamagedGivesAGraphOrASentence) {
  const std::vector<uint8_t> bytes = SmallModel().Bytes();
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::vector<uint8_t> damaged = bytes;
      damaged[i] = static_cast<uint8_t>(value);
      ExpectGraphOrSentence(damaged, "byte " + std::to_string(i) + " is " + std::to_string(value));
    }
  }
}

}  // namespace
}  // namespace safelight
