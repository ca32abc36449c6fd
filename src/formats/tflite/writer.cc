// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/writer.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "flatbuffers/flatbuffers.h"
#include "tflite_schema.h"

namespace safelight {
namespace {

namespace format = tflite_format;
using flatbuffers::Offset;

constexpr size_t kElementAlignment = 16;  // of buffers: kernels read them in place

class TreeWriter {
 public:
  std::vector<std::byte> Write(const FileTree& tree) {
    const auto codes = All<format::OperatorCode>(tree.op_codes, [this](const FileOpCode& code) { return Code(code); });
    const auto subgraphs =
        All<format::SubGraph>(tree.subgraphs, [this](const FileSubgraph& subgraph) { return Subgraph(subgraph); });
    const auto description = Text(tree.description);
    const auto buffers = All<format::Buffer>(tree.buffers, [this](const FileBuffer& buffer) { return Buffer(buffer); });
    const auto metadata_buffers = Numbers<int32_t>(tree.metadata_buffers);
    const auto metadata = All<format::Metadata>(tree.metadata, [this](const FileMetadata& entry) {
      const auto name = Text(entry.name);
      return format::CreateMetadata(builder_, name, entry.buffer);
    });
    const auto signatures = All<format::SignatureDef>(
        tree.signatures, [this](const FileSignature& signature) { return Signature(signature); });
    format::FinishModelBuffer(builder_, format::CreateModel(builder_, tree.version, codes, subgraphs, description,
                                                            buffers, metadata_buffers, metadata, signatures));
    const auto* bytes = reinterpret_cast<const std::byte*>(builder_.GetBufferPointer());
    return {bytes, bytes + builder_.GetSize()};
  }

 private:
  Offset<flatbuffers::String> Text(const FileText& text) {
    if (text.empty() && !text.written) return 0;
    return builder_.CreateString(text.data(), text.size());
  }

  template <typename T>
  Offset<flatbuffers::Vector<T>> Numbers(const FileList<T>& list) {
    if (list.empty() && !list.written) return 0;
    return builder_.CreateVector(list.data(), list.size());
  }

  template <typename Table, typename T, typename Make>
  Offset<flatbuffers::Vector<Offset<Table>>> All(const FileList<T>& list, Make make) {
    if (list.empty() && !list.written) return 0;
    std::vector<Offset<Table>> offsets;
    offsets.reserve(list.size());
    for (const T& element : list) offsets.push_back(make(element));
    return builder_.CreateVector(offsets);
  }

  Offset<format::OperatorCode> Code(const FileOpCode& code) {
    const auto custom = Text(code.custom_code);
    return format::CreateOperatorCode(builder_, static_cast<int8_t>(code.deprecated_code), custom, code.version,
                                      code.code);
  }

  Offset<format::SubGraph> Subgraph(const FileSubgraph& subgraph) {
    const auto tensors =
        All<format::Tensor>(subgraph.tensors, [this](const FileTensor& tensor) { return Tensor(tensor); });
    const auto inputs = Numbers<int32_t>(subgraph.inputs), outputs = Numbers<int32_t>(subgraph.outputs);
    const auto nodes = All<format::Operator>(subgraph.nodes, [this](const FileNode& node) { return Node(node); });
    const auto name = Text(subgraph.name);
    return format::CreateSubGraph(builder_, tensors, inputs, outputs, nodes, name, subgraph.debug_index);
  }

  Offset<format::Tensor> Tensor(const FileTensor& tensor) {
    Offset<format::QuantizationParameters> quantization;
    if (const FileQuantization& q = tensor.quantization; q.written) {
      const auto minimums = Numbers<float>(q.minimums), maximums = Numbers<float>(q.maximums);
      const auto scales = Numbers<float>(q.scales);
      const auto zero_points = Numbers<int64_t>(q.zero_points);
      quantization =
          format::CreateQuantizationParameters(builder_, minimums, maximums, scales, zero_points, 0, 0, q.axis);
    }
    const auto shape = Numbers<int32_t>(tensor.shape), signature = Numbers<int32_t>(tensor.signature);
    const auto name = Text(tensor.name);
    return format::CreateTensor(builder_, shape, static_cast<int8_t>(tensor.type), tensor.buffer, name, quantization,
                                tensor.is_variable, 0, signature, tensor.has_rank);
  }

  Offset<format::Operator> Node(const FileNode& node) {
    const auto options = Options(node.options), options_2 = Options(node.options_2);
    const auto inputs = Numbers<int32_t>(node.inputs), outputs = Numbers<int32_t>(node.outputs);
    const auto intermediates = Numbers<int32_t>(node.intermediates);
    const auto mutating = Numbers<uint8_t>(node.mutating_inputs), custom = Numbers<uint8_t>(node.custom_options);
    return format::CreateOperator(builder_, node.op_code, inputs, outputs, static_cast<uint8_t>(node.options.type),
                                  options, custom, static_cast<int8_t>(node.custom_format), mutating, intermediates, 0,
                                  0, static_cast<uint8_t>(node.options_2.type), options_2, node.debug_index);
  }

  // The elements of an options field that is a list or a text, ahead of the table.
  flatbuffers::uoffset_t Elements(const FileOption& option) {
    const auto* data = reinterpret_cast<const uint8_t*>(option.bytes.data());
    const size_t size_bytes = option.bytes.size();
    if (option.type == 's') return builder_.CreateString(reinterpret_cast<const char*>(data), size_bytes).o;
    if (option.type == 'u') return builder_.CreateVector(data, size_bytes).o;
    if (option.type == 'w') {
      std::vector<int64_t> elements(size_bytes / sizeof(int64_t));
      if (size_bytes > 0) std::memcpy(elements.data(), data, size_bytes);
      return builder_.CreateVector(elements).o;
    }
    std::vector<int32_t> elements(size_bytes / sizeof(int32_t));
    if (size_bytes > 0) std::memcpy(elements.data(), data, size_bytes);
    return builder_.CreateVector(elements).o;
  }

  Offset<format::AnyTable> Options(const FileOptions& options) {
    if (!options.written) return 0;
    std::vector<flatbuffers::uoffset_t> elements(options.slots.size(), 0);
    for (size_t slot = 0; slot < options.slots.size(); ++slot) {
      const char type = options.slots[slot].type;
      if (type != 0 && std::strchr("vwxus", type) != nullptr) elements[slot] = Elements(options.slots[slot]);
    }
    const flatbuffers::uoffset_t start = builder_.StartTable();
    for (size_t slot = 0; slot < options.slots.size(); ++slot) {
      const auto field = static_cast<flatbuffers::voffset_t>(4 + 2 * slot);
      const FileOption& option = options.slots[slot];
      switch (option.type) {
        case 0: break;
        case 'b': builder_.AddElement<uint8_t>(field, static_cast<uint8_t>(option.bits)); break;
        case 'i':
        case 'f': builder_.AddElement<uint32_t>(field, static_cast<uint32_t>(option.bits)); break;
        case 'l': builder_.AddElement<uint64_t>(field, option.bits); break;
        default: builder_.AddOffset(field, Offset<void>(elements[slot])); break;
      }
    }
    return Offset<format::AnyTable>(builder_.EndTable(start));
  }

  Offset<format::Buffer> Buffer(const FileBuffer& buffer) {
    Offset<flatbuffers::Vector<uint8_t>> data;
    if (buffer.written || !buffer.bytes.empty()) {
      builder_.ForceVectorAlignment(buffer.bytes.size(), 1, kElementAlignment);
      data = builder_.CreateVector(reinterpret_cast<const uint8_t*>(buffer.bytes.data()), buffer.bytes.size());
    }
    return format::CreateBuffer(builder_, data);
  }

  Offset<format::SignatureDef> Signature(const FileSignature& signature) {
    const auto port = [this](const FileSignature::Port& map) {
      const auto name = Text(map.name);
      return format::CreateTensorMap(builder_, name, map.tensor);
    };
    const auto inputs = All<format::TensorMap>(signature.inputs, port);
    const auto outputs = All<format::TensorMap>(signature.outputs, port);
    const auto key = Text(signature.key), tag = Text(signature.tag);
    return format::CreateSignatureDef(builder_, inputs, outputs, key, tag, signature.subgraph);
  }

  flatbuffers::FlatBufferBuilder builder_{size_t{1} << 16};
};

}  // namespace

Result<std::vector<std::byte>> WriteTflite(const FileTree& tree) {
  // Generous: what is not elements takes far less than what is left below 2 GB.
  constexpr uint64_t kMostElementBytes = uint64_t{2000} << 20;
  uint64_t element_bytes = 0;
  for (const FileBuffer& buffer : tree.buffers) element_bytes += buffer.bytes.size() + kElementAlignment;
  if (element_bytes > kMostElementBytes) {
    return ResourceLimit("the file would hold ", element_bytes >> 20, " MB of constants, at most ",
                         kMostElementBytes >> 20, " can be written");
  }
  return TreeWriter().Write(tree);
}

}  // namespace safelight
