// SPDX-License-Identifier: Apache-2.0
//
// .tflite files made in memory, right and wrong, for the tests of the reader.
//
// Nothing is checked here: an index or a size that makes no sense goes into the file as it stands.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tflite_schema.h"

namespace safelight {

// Numbers of the format that the tests use.
inline constexpr int kAddCode = 0, kConvCode = 3, kReluCode = 19, kReshapeCode = 22, kCustomOpCode = 32;
inline constexpr int kIfCode = 118, kVarHandleCode = 142, kStablehloCompositeCode = 206;
inline constexpr int kConvOptionsType = 1, kAddOptionsType = 11, kCompositeOptionsType = 21;
inline constexpr int kFloat32Type = 0, kInt32Type = 2, kInt64Type = 4, kStringType = 5, kInt8Type = 9;

struct TensorForTests {
  std::string name = {};
  std::vector<int32_t> shape = {};
  uint32_t buffer = 0;
  int type = kFloat32Type;
  std::vector<float> scales = {};
  std::vector<int64_t> zero_points = {};
  int quantized_axis = 0;
  bool is_variable = false;
  std::vector<int32_t> signature = {};
  uint32_t external_buffer = 0;
  int quantization_details = 0;
};

// One field of an options table: slot, value and its width in the file.
struct FieldForTests {
  int slot;
  int64_t value;
  int size_bytes;
};

struct NodeForTests {
  int code = 0;
  std::vector<int32_t> inputs = {};
  std::vector<int32_t> outputs = {};
  int options_type = 0;
  std::vector<FieldForTests> options = {};
  std::string custom_code = {};
  int opcode_shift = 0;  // added to the index of the operator code
};

struct SubgraphForTests {
  std::vector<TensorForTests> tensors = {};
  std::vector<int32_t> inputs = {};
  std::vector<int32_t> outputs = {};
  std::vector<NodeForTests> nodes = {};
};

struct BufferForTests {
  std::vector<uint8_t> data = {};
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct SignatureForTests {
  std::string key = {};
  std::vector<std::pair<std::string, uint32_t>> inputs = {}, outputs = {};  // name, tensor
  uint32_t subgraph = 0;
};

struct ModelForTests {
  uint32_t version = 3;
  std::vector<SubgraphForTests> subgraphs = {SubgraphForTests()};
  std::vector<BufferForTests> buffers = {BufferForTests()};
  std::vector<SignatureForTests> signatures = {};
  std::vector<uint8_t> metadata = {};

  SubgraphForTests& main() { return subgraphs[0]; }
  // Adds a buffer with these elements; its number.
  template <typename T>
  uint32_t AddBuffer(const std::vector<T>& elements) {
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(elements.data());
    buffers.push_back({std::vector<uint8_t>(bytes, bytes + elements.size() * sizeof(T)), 0, 0});
    return static_cast<uint32_t>(buffers.size()) - 1;
  }
  std::vector<uint8_t> Bytes() const;
};

// y = relu(x + c): two nodes, one constant; every hostile file is this one with one thing wrong.
ModelForTests SmallModel();

// `tail` is put behind the container.
std::shared_ptr<MappedFile> FileOf(const ModelForTests& model, const std::vector<uint8_t>& tail = {});
std::shared_ptr<MappedFile> FileOf(const std::string& text);

}  // namespace safelight
