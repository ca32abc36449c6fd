// SPDX-License-Identifier: Apache-2.0
//
// The main subgraph of a FileTree while the quantizer changes it: who makes and who reads each tensor, constants as
// floats, new tensors and constants. Links are those of the last Relink.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tflite/file_tree.h"

namespace safelight {

// Numbers of the format's TensorType.
inline constexpr int kFileFloat32 = 0, kFileFloat16 = 1, kFileInt32 = 2, kFileUint8 = 3, kFileInt64 = 4, kFileInt16 = 7,
                     kFileInt8 = 9, kFileInt4 = 17;

class FileNetwork {
 public:
  explicit FileNetwork(FileTree* tree);

  FileTree& tree() { return tree_; }
  FileSubgraph& main() { return tree_.subgraphs[0]; }
  const FileSubgraph& main() const { return tree_.subgraphs[0]; }
  FileTensor& tensor(int t) { return main().tensors[static_cast<size_t>(t)]; }
  const FileTensor& tensor(int t) const { return main().tensors[static_cast<size_t>(t)]; }
  FileNode& node(int n) { return main().nodes[static_cast<size_t>(n)]; }
  const FileNode& node(int n) const { return main().nodes[static_cast<size_t>(n)]; }
  int num_nodes() const { return static_cast<int>(main().nodes.size()); }
  int num_tensors() const { return static_cast<int>(main().tensors.size()); }

  // TFLite's name of the node's op, "CONV_2D".
  std::string Op(int n) const;
  // "node 3 CONV_2D 'conv1'"; `number` is that of the file that was read.
  std::string Label(int n, int number) const;
  // Becomes this op of this version.
  void SetOp(FileNode* node, std::string_view op, int version);

  bool is_float(int t) const { return t >= 0 && tensor(t).type == kFileFloat32; }
  bool is_constant(int t) const { return t >= 0 && !Bytes(t).empty(); }
  std::span<const std::byte> Bytes(int t) const;
  // Elements of a float constant.
  std::vector<float> Floats(int t) const;
  // The number that a float constant of one element holds.
  std::optional<float> Scalar(int t) const;
  int64_t Elements(int t) const;

  int AddTensor(FileTensor tensor);
  int AddConstant(const std::string& name, int type, const std::vector<int32_t>& shape,
                  std::span<const std::byte> elements);
  int AddFloats(const std::string& name, const std::vector<int32_t>& shape, const std::vector<float>& elements) {
    return AddConstant(name, kFileFloat32, shape, std::as_bytes(std::span<const float>(elements)));
  }

  // The links, which hold until nodes or their operands change.
  void Relink();
  int producer(int t) const { return t < 0 ? -1 : producers_[static_cast<size_t>(t)]; }  // -1: none
  // Inputs of nodes and outputs of the network that read a tensor.
  int readers(int t) const { return readers_[static_cast<size_t>(t)]; }
  bool is_output(int t) const { return is_output_[static_cast<size_t>(t)]; }
  // The node that makes `t`, which has one reader; -1 where it has more, or none makes it.
  int SoleProducer(int t) const { return producer(t) >= 0 && readers(t) == 1 && !is_output(t) ? producer(t) : -1; }

  // Takes away the nodes at `gone` (by node), and what only they and what stood before used. Relinks.
  void Sweep(const std::vector<bool>& gone);

 private:
  std::vector<bool> UsedTensors() const;
  // Takes the elements that no tensor has any more out of the file.
  void EmptyBuffers(const std::vector<bool>& kept);
  // Buffers of other subgraphs and of metadata.
  void MarkOthersBuffers(std::vector<bool>* used) const;

  FileTree& tree_;
  std::vector<int> producers_, readers_;
  std::vector<bool> is_output_;
  // What the file itself leaves unused stays in it.
  std::vector<bool> unused_at_first_, unused_buffers_at_first_;
};

}  // namespace safelight
