// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/file_for_tests.h"

namespace safelight {
namespace {

namespace format = tflite_format;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

Offset<format::AnyTable> BuildOptions(FlatBufferBuilder& builder, const std::vector<FieldForTests>& fields) {
  const auto start = builder.StartTable();
  for (const FieldForTests& field : fields) {
    const auto place = static_cast<flatbuffers::voffset_t>(4 + 2 * field.slot);
    // The default is one that no value equals, so that every field is written.
    switch (field.size_bytes) {
      case 1: builder.AddElement<int8_t>(place, static_cast<int8_t>(field.value)); break;
      case 4: builder.AddElement<int32_t>(place, static_cast<int32_t>(field.value)); break;
      default: builder.AddElement<int64_t>(place, field.value); break;
    }
  }
  return Offset<format::AnyTable>(builder.EndTable(start));
}

Offset<format::Tensor> BuildTensor(FlatBufferBuilder& builder, const TensorForTests& tensor) {
  Offset<format::QuantizationParameters> quant;
  if (!tensor.scales.empty() || tensor.quantization_details != 0) {
    const auto details = BuildOptions(builder, {});
    quant = format::CreateQuantizationParametersDirect(builder, nullptr, nullptr, &tensor.scales, &tensor.zero_points,
                                                       static_cast<uint8_t>(tensor.quantization_details), details,
                                                       tensor.quantized_axis);
  }
  return format::CreateTensorDirect(builder, &tensor.shape, static_cast<int8_t>(tensor.type), tensor.buffer,
                                    tensor.name.c_str(), quant, tensor.is_variable, 0,
                                    tensor.signature.empty() ? nullptr : &tensor.signature, true, nullptr,
                                    tensor.external_buffer);
}

// Each node has an operator code of its own.
Offset<format::Operator> BuildNode(FlatBufferBuilder& builder, const NodeForTests& node,
                                   std::vector<Offset<format::OperatorCode>>* codes) {
  const bool second = node.options_type == kCompositeOptionsType && node.code == kStablehloCompositeCode;
  Offset<format::AnyTable> options;
  if (node.options_type != 0) options = BuildOptions(builder, node.options);
  const int byte_code = node.code < 127 ? node.code : 127;
  codes->push_back(format::CreateOperatorCodeDirect(builder, static_cast<int8_t>(byte_code),
                                                    node.custom_code.empty() ? nullptr : node.custom_code.c_str(), 1,
                                                    node.code));
  const auto index = static_cast<uint32_t>(static_cast<int>(codes->size()) - 1 + node.opcode_shift);
  const auto type = static_cast<uint8_t>(node.options_type);
  return format::CreateOperatorDirect(builder, index, &node.inputs, &node.outputs, second ? 0 : type,
                                      second ? 0 : options, nullptr, 0, nullptr, nullptr, 0, 0, second ? type : 0,
                                      second ? options : 0);
}

Offset<format::SubGraph> BuildSubgraph(FlatBufferBuilder& builder, const SubgraphForTests& subgraph,
                                       std::vector<Offset<format::OperatorCode>>* codes) {
  std::vector<Offset<format::Tensor>> tensors;
  for (const TensorForTests& tensor : subgraph.tensors) tensors.push_back(BuildTensor(builder, tensor));
  std::vector<Offset<format::Operator>> nodes;
  for (const NodeForTests& node : subgraph.nodes) nodes.push_back(BuildNode(builder, node, codes));
  return format::CreateSubGraphDirect(builder, &tensors, &subgraph.inputs, &subgraph.outputs, &nodes);
}

using PortMap = std::vector<std::pair<std::string, uint32_t>>;

std::vector<Offset<format::TensorMap>> BuildPorts(FlatBufferBuilder& builder, const PortMap& ports) {
  std::vector<Offset<format::TensorMap>> built;
  for (const auto& [name, tensor] : ports)
    built.push_back(format::CreateTensorMapDirect(builder, name.c_str(), tensor));
  return built;
}

}  // namespace

std::vector<uint8_t> ModelForTests::Bytes() const {
  FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  std::vector<Offset<format::OperatorCode>> codes;
  std::vector<Offset<format::SubGraph>> built_subgraphs;
  for (const SubgraphForTests& subgraph : subgraphs)
    built_subgraphs.push_back(BuildSubgraph(builder, subgraph, &codes));
  std::vector<Offset<format::Buffer>> built_buffers;
  for (const BufferForTests& buffer : buffers) {
    built_buffers.push_back(format::CreateBufferDirect(builder, &buffer.data, buffer.offset, buffer.size));
  }
  std::vector<Offset<format::Metadata>> entries;
  if (!metadata.empty()) {
    built_buffers.push_back(format::CreateBufferDirect(builder, &metadata));
    entries.push_back(
        format::CreateMetadataDirect(builder, "TFLITE_METADATA", static_cast<uint32_t>(built_buffers.size()) - 1));
  }
  std::vector<Offset<format::SignatureDef>> built_signatures;
  for (const SignatureForTests& signature : signatures) {
    const auto inputs = BuildPorts(builder, signature.inputs);
    const auto outputs = BuildPorts(builder, signature.outputs);
    built_signatures.push_back(format::CreateSignatureDefDirect(builder, &inputs, &outputs, signature.key.c_str(),
                                                                nullptr, signature.subgraph));
  }
  format::FinishModelBuffer(
      builder, format::CreateModelDirect(builder, version, &codes, &built_subgraphs, "made by a test", &built_buffers,
                                         nullptr, &entries, &built_signatures));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

ModelForTests SmallModel() {
  ModelForTests model;
  const uint32_t buffer = model.AddBuffer<float>({1, 2, 3, 4});
  model.main().tensors = {{"x", {1, 4}}, {"c", {1, 4}, buffer}, {"sum", {1, 4}}, {"y", {1, 4}}};
  model.main().inputs = {0};
  model.main().outputs = {3};
  model.main().nodes = {{kAddCode, {0, 1}, {2}, kAddOptionsType, {{0, 0, 1}}}, {kReluCode, {2}, {3}}};
  return model;
}

std::shared_ptr<MappedFile> FileOf(const ModelForTests& model, const std::vector<uint8_t>& tail) {
  std::vector<uint8_t> bytes = model.Bytes();
  bytes.insert(bytes.end(), tail.begin(), tail.end());
  return MappedFile::FromCopy({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

std::shared_ptr<MappedFile> FileOf(const std::string& text) {
  return MappedFile::FromCopy({reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

}  // namespace safelight
