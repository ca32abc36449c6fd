// SPDX-License-Identifier: Apache-2.0
#include "quantize/file_network.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "formats/tflite/op_names.h"
#include "graph/op_def.h"

namespace safelight {

FileNetwork::FileNetwork(FileTree* tree) : tree_(*tree) {
  const std::vector<bool> used = UsedTensors();
  for (const bool is_used : used) unused_at_first_.push_back(!is_used);
  std::vector<bool> buffers(tree_.buffers.size(), false);
  for (const FileTensor& tensor : main().tensors) {
    if (tensor.buffer < buffers.size()) buffers[tensor.buffer] = true;
  }
  for (const bool is_used : buffers) unused_buffers_at_first_.push_back(!is_used);
  Relink();
}

std::string FileNetwork::Op(int n) const {
  const uint32_t code = node(n).op_code;
  return code < tree_.op_codes.size() ? BuiltinOpName(tree_.op_codes[code].op()) : std::string();
}

std::string FileNetwork::Label(int n, int number) const {
  const FileNode& at = node(n);
  std::string label = Cat("node ", number, ' ', Op(n));
  if (!at.outputs.empty()) label += Cat(" '", tensor(at.outputs[0]).name, "'");
  return label;
}

void FileNetwork::SetOp(FileNode* node, std::string_view op, int version) {
  node->op_code = tree_.FindOpCode(FindOp(op)->tflite_code, version);
}

std::span<const std::byte> FileNetwork::Bytes(int t) const {
  const uint32_t buffer = tensor(t).buffer;
  if (buffer >= tree_.buffers.size()) return {};
  return tree_.buffers[buffer].bytes;
}

std::vector<float> FileNetwork::Floats(int t) const {
  const std::span<const std::byte> bytes = Bytes(t);
  std::vector<float> floats(bytes.size() / sizeof(float));
  if (!floats.empty()) std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  return floats;
}

std::optional<float> FileNetwork::Scalar(int t) const {
  if (!is_float(t) || Bytes(t).size() != sizeof(float)) return std::nullopt;
  return Floats(t)[0];
}

int64_t FileNetwork::Elements(int t) const {
  int64_t elements = 1;
  for (const int32_t dim : tensor(t).shape) elements *= dim;
  return elements;
}

int FileNetwork::AddTensor(FileTensor tensor) {
  main().tensors.push_back(std::move(tensor));
  return num_tensors() - 1;
}

int FileNetwork::AddConstant(const std::string& name, int type, const std::vector<int32_t>& shape,
                             std::span<const std::byte> elements) {
  FileTensor constant;
  constant.name = FileText(name);
  constant.shape = FileList<int32_t>(shape);
  constant.shape.written = true;
  constant.type = type;
  constant.has_rank = true;
  constant.buffer = tree_.AddBuffer(elements);
  return AddTensor(std::move(constant));
}

void FileNetwork::Relink() {
  producers_.assign(main().tensors.size(), -1);
  readers_.assign(main().tensors.size(), 0);
  is_output_.assign(main().tensors.size(), false);
  for (int n = 0; n < num_nodes(); ++n) {
    for (const int t : node(n).outputs) producers_[static_cast<size_t>(t)] = n;
    for (const int t : node(n).inputs) {
      if (t >= 0) ++readers_[static_cast<size_t>(t)];
    }
  }
  for (const int t : main().outputs) {
    ++readers_[static_cast<size_t>(t)];
    is_output_[static_cast<size_t>(t)] = true;
  }
}

std::vector<bool> FileNetwork::UsedTensors() const {
  std::vector<bool> used(main().tensors.size(), false);
  const auto mark = [&](const FileList<int32_t>& tensors) {
    for (const int t : tensors) {
      if (t >= 0 && t < num_tensors()) used[static_cast<size_t>(t)] = true;
    }
  };
  for (const FileNode& each : main().nodes) {
    mark(each.inputs);
    mark(each.outputs);
    mark(each.intermediates);
  }
  mark(main().inputs);
  mark(main().outputs);
  for (const FileSignature& signature : tree_.signatures) {
    if (signature.subgraph != 0) continue;
    for (const auto* ports : {&signature.inputs, &signature.outputs}) {
      for (const FileSignature::Port& port : *ports) {
        if (port.tensor < used.size()) used[port.tensor] = true;
      }
    }
  }
  return used;
}

namespace {

// New numbers of what is kept; -1 for the rest.
std::vector<int> Renumber(const std::vector<bool>& kept) {
  std::vector<int> numbers;
  int next = 0;
  for (const bool keep : kept) numbers.push_back(keep ? next++ : -1);
  return numbers;
}

template <typename T>
void Keep(const std::vector<bool>& kept, FileList<T>* list) {
  size_t to = 0;
  for (size_t i = 0; i < list->size(); ++i) {
    if (kept[i]) {
      if (to != i) (*list)[to] = std::move((*list)[i]);
      ++to;
    }
  }
  list->resize(to);
}

}  // namespace

void FileNetwork::Sweep(const std::vector<bool>& gone) {
  std::vector<bool> kept_nodes;
  for (const bool is_gone : gone) kept_nodes.push_back(!is_gone);
  Keep(kept_nodes, &main().nodes);
  std::vector<bool> kept = UsedTensors();
  for (size_t t = 0; t < unused_at_first_.size(); ++t) kept[t] = kept[t] || unused_at_first_[t];
  EmptyBuffers(kept);
  const std::vector<int> numbers = Renumber(kept);
  std::vector<bool> unused(static_cast<size_t>(std::count(kept.begin(), kept.end(), true)), false);
  for (size_t t = 0; t < unused_at_first_.size(); ++t) {
    if (numbers[t] >= 0) unused[static_cast<size_t>(numbers[t])] = unused_at_first_[t];
  }
  unused_at_first_ = std::move(unused);
  Keep(kept, &main().tensors);
  const auto move = [&](FileList<int32_t>* list) {
    for (int32_t& t : *list) {
      if (t >= 0 && t < static_cast<int>(numbers.size())) t = numbers[static_cast<size_t>(t)];
    }
  };
  for (FileNode& each : main().nodes) {
    move(&each.inputs);
    move(&each.outputs);
    move(&each.intermediates);
  }
  move(&main().inputs);
  move(&main().outputs);
  for (FileSignature& signature : tree_.signatures) {
    if (signature.subgraph != 0) continue;
    for (auto* ports : {&signature.inputs, &signature.outputs}) {
      for (FileSignature::Port& port : *ports) {
        if (port.tensor < numbers.size()) port.tensor = static_cast<uint32_t>(numbers[port.tensor]);
      }
    }
  }
  Relink();
}

void FileNetwork::EmptyBuffers(const std::vector<bool>& kept) {
  std::vector<bool> used = unused_buffers_at_first_;
  used.resize(tree_.buffers.size(), false);
  const auto mark = [&](uint32_t b) {
    if (b < used.size()) used[b] = true;
  };
  for (size_t t = 0; t < kept.size(); ++t) {
    if (kept[t]) mark(main().tensors[t].buffer);
  }
  MarkOthersBuffers(&used);
  for (size_t b = 1; b < used.size(); ++b) {
    if (!used[b]) tree_.buffers[b] = FileBuffer();
  }
}

void FileNetwork::MarkOthersBuffers(std::vector<bool>* used) const {
  const auto mark = [&](uint32_t b) {
    if (b < used->size()) (*used)[b] = true;
  };
  for (size_t s = 1; s < tree_.subgraphs.size(); ++s) {
    for (const FileTensor& other : tree_.subgraphs[s].tensors) mark(other.buffer);
  }
  for (const FileMetadata& entry : tree_.metadata) mark(entry.buffer);
  for (const int32_t b : tree_.metadata_buffers) mark(static_cast<uint32_t>(b));
}

}  // namespace safelight
