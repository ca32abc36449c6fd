// SPDX-License-Identifier: Apache-2.0
//
// Float networks as FileTrees, for the tests of the quantizer; and what they compute.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "formats/tflite/writer.h"
#include "quantize/file_network.h"
#include "safelight/model.h"
#include "safelight/session.h"

namespace safelight {

class FileNetworkForTests {
 public:
  FileNetworkForTests() {
    tree.subgraphs.resize(1);
    tree.buffers.resize(1);
  }
  FileTree tree;

  int Value(const std::string& name, const std::vector<int32_t>& shape) {
    FileTensor tensor;
    tensor.name = FileText(name);
    tensor.shape = FileList<int32_t>(shape);
    main().tensors.push_back(std::move(tensor));
    return static_cast<int>(main().tensors.size()) - 1;
  }
  int Input(const std::string& name, const std::vector<int32_t>& shape) {
    main().inputs.push_back(Value(name, shape));
    return main().inputs.back();
  }
  template <typename T>
  int Constant(const std::string& name, const std::vector<int32_t>& shape, const std::vector<T>& elements) {
    const int t = Value(name, shape);
    main().tensors.back().type = std::is_same_v<T, float> ? kFileFloat32 : kFileInt32;
    main().tensors.back().buffer = tree.AddBuffer(std::as_bytes(std::span<const T>(elements)));
    return t;
  }
  int Random(const std::string& name, const std::vector<int32_t>& shape) {
    size_t count = 1;
    for (const int32_t dim : shape) count *= static_cast<size_t>(dim);
    std::vector<float> elements(count);
    for (float& x : elements) x = static_cast<float>(random_() % 2001) / 1000 - 1;
    return Constant(name, shape, elements);
  }
  // The node's first output. `options`: type of the table and its fields by slot, with their letters.
  int Node(const std::string& op, const std::vector<int32_t>& inputs, int output, int options_type = 0,
           const std::vector<std::tuple<int, char, int>>& options = {}) {
    FileNode node;
    FileNetwork(&tree).SetOp(&node, op, 1);
    node.inputs = FileList<int32_t>(inputs);
    node.outputs = FileList<int32_t>(std::vector<int32_t>{output});
    node.options.type = options_type;
    node.options.written = options_type != 0;
    for (const auto& [slot, letter, value] : options) node.options.SetInt(slot, letter, value);
    main().nodes.push_back(std::move(node));
    return output;
  }
  // 3x3, stride 1, with a bias.
  int Conv(int in, const std::string& name, int channels_in, int channels_out, const std::vector<int32_t>& shape,
           int activation = 0) {
    const int weights = Random(name + "/weights", {channels_out, 3, 3, channels_in});
    const int bias = Random(name + "/bias", {channels_out});
    return Node("CONV_2D", {in, weights, bias}, Value(name, shape), 1,
                {{1, 'i', 1}, {2, 'i', 1}, {3, 'b', activation}, {4, 'i', 1}, {5, 'i', 1}});
  }
  FileSubgraph& main() { return tree.subgraphs[0]; }

 private:
  std::mt19937 random_{3};
};

inline Model ModelOf(const FileTree& tree) {
  Result<std::vector<std::byte>> bytes = WriteTflite(tree);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  Result<Model> model = Model::FromBytes(*bytes, "test");
  EXPECT_TRUE(model.ok()) << model.status().message();
  return std::move(model).value();
}

// Output 0 for an input of random numbers from -1 to 1.
inline std::vector<float> RunFloat(const FileTree& tree) {
  Result<Session> session = Session::Create(ModelOf(tree), {.threads = 1, .arithmetic = Arithmetic::kExact});
  EXPECT_TRUE(session.ok()) << session.status().message();
  std::mt19937 random(5);
  std::vector<float> in(static_cast<size_t>(session->inputs()[0].shape.elements()));
  for (float& x : in) x = static_cast<float>(random() % 2001) / 1000 - 1;
  std::vector<float> out(static_cast<size_t>(session->outputs()[0].shape.elements()));
  const ConstTensorView from(DType::kFloat32, session->inputs()[0].shape, in.data());
  const TensorView to{DType::kFloat32, session->outputs()[0].shape, out.data()};
  const Status status = session->Run({&from, 1}, {&to, 1});
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

}  // namespace safelight
