// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/reader.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "formats/tflite/metadata.h"
#include "formats/tflite/subgraph.h"
#include "graph/infer.h"

namespace safelight {
namespace {

namespace format = tflite_format;

constexpr size_t kSmallestFile = 16;
constexpr uint32_t kSchemaVersion = 3;

bool StartsWith(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

bool IsProtobufModel(std::span<const std::byte> bytes) {
  // Field 1 (a small version number), then a string or a submodel: how ONNX files begin.
  const auto at = [&](size_t i) { return std::to_integer<int>(bytes[i]); };
  return at(0) == 0x08 && at(1) < 32 && (at(2) == 0x12 || at(2) == 0x3a || at(2) == 0x42);
}

// What a file without the mark of .tflite is instead, as far as its first bytes tell.
Status SayWhatItIs(std::span<const std::byte> bytes) {
  if (StartsWith(bytes, "version https://git-lfs")) {
    return CorruptData("this is a git-lfs pointer, not the file itself; \"git lfs pull\" fetches it");
  }
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 512));
  for (const char* mark : {"<html", "<HTML", "<!DOCTYPE", "<!doctype"}) {
    if (head.find(mark) != head.npos) return CorruptData("this is an HTML page, not a .tflite file");
  }
  if (StartsWith(bytes, "PK\x03\x04")) return CorruptData("this is a zip archive, not a .tflite file");
  if (IsProtobufModel(bytes)) return CorruptData("this looks like an ONNX file, not a .tflite file");
  return CorruptData("not a .tflite file: the mark TFL3 is missing");
}

// Every subgraph and tensor table has to be there: FlatBuffers lets fields be absent.
Status CheckContainer(const format::Model& model) {
  if (model.version() != kSchemaVersion) return Unsupported("schema version ", model.version(), ", must be 3");
  if (model.subgraphs() == nullptr || model.subgraphs()->size() == 0) return CorruptData("no subgraphs");
  if (model.subgraphs()->Get(0)->tensors() == nullptr) return CorruptData("subgraph 0 has no tensors");
  return {};
}

std::span<const std::byte> FindMetadata(const format::Model& model) {
  if (model.metadata() == nullptr || model.buffers() == nullptr) return {};
  for (const format::Metadata* entry : *model.metadata()) {
    if (entry->name() == nullptr || entry->name()->string_view() != "TFLITE_METADATA") continue;
    if (entry->buffer() >= model.buffers()->size()) return {};
    const auto* data = model.buffers()->Get(entry->buffer())->data();
    if (data == nullptr) return {};
    return {reinterpret_cast<const std::byte*>(data->data()), data->size()};
  }
  return {};
}

// The position of each tensor among the graph's inputs or outputs.
using Positions = std::unordered_map<uint32_t, int>;

Positions FindPositions(const flatbuffers::Vector<int32_t>* ports) {
  Positions positions;
  for (int i = 0; i < Count(ports); ++i) positions.emplace(static_cast<uint32_t>(ports->Get(i)), i);
  return positions;
}

using PortNames = std::vector<std::pair<std::string, int>>;

Status ReadPortNames(const flatbuffers::Vector<flatbuffers::Offset<format::TensorMap>>* map, const Positions& positions,
                     ReadBudget* budget, PortNames* names) {
  for (int i = 0; i < Count(map); ++i) {
    const format::TensorMap& entry = *map->Get(i);
    const auto position = positions.find(entry.tensor_index());
    if (position == positions.end() || entry.name() == nullptr) continue;
    names->emplace_back(Text(entry.name()), position->second);
    SL_TRY(budget->Take(sizeof(names->back()) + names->back().first.size()));
  }
  return {};
}

Status ReadSignatures(const format::Model& model, ReadBudget* budget, TfliteFile* result) {
  const format::SubGraph& main = *model.subgraphs()->Get(0);
  const Positions inputs = FindPositions(main.inputs());
  const Positions outputs = FindPositions(main.outputs());
  for (int i = 0; i < Count(model.signature_defs()); ++i) {
    const format::SignatureDef& signature = *model.signature_defs()->Get(i);
    if (signature.subgraph_index() != 0) continue;
    TfliteFile::Signature entry;
    entry.key = Text(signature.signature_key());
    SL_TRY(budget->Take(sizeof(entry) + entry.key.size()));
    SL_TRY(ReadPortNames(signature.inputs(), inputs, budget, &entry.inputs));
    SL_TRY(ReadPortNames(signature.outputs(), outputs, budget, &entry.outputs));
    result->signatures.push_back(std::move(entry));
  }
  return {};
}

}  // namespace

Result<TfliteFile> ReadTflite(std::shared_ptr<const MappedFile> file) {
  const std::span<const std::byte> bytes = file->bytes();
  if (bytes.size() < kSmallestFile) return CorruptData("not a .tflite file: only ", bytes.size(), " bytes");
  if (!flatbuffers::BufferHasIdentifier(bytes.data(), "TFL3")) return SayWhatItIs(bytes);
  // What lies beyond the first 2 GB can only be elements of tensors.
  const size_t container_bytes = std::min<size_t>(bytes.size(), FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), container_bytes);
  if (!format::VerifyModelBuffer(verifier)) {
    return CorruptData("the file is damaged or cut short: its tables do not fit its ", bytes.size(), " bytes");
  }
  const format::Model& model = *format::GetModel(bytes.data());
  SL_TRY(CheckContainer(model));
  ReadBudget budget(bytes.size());
  TfliteFile result;
  result.subgraph_count = Count(model.subgraphs());
  result.description = Text(model.description());
  SL_ASSIGN(result.graph, ReadMainSubgraph({file, &model, &verifier, &budget}));
  SL_TRY(VerifyStructure(result.graph));
  TfliteMetadata metadata =
      ReadTfliteMetadata(FindMetadata(model), result.graph.inputs.size(), result.graph.outputs.size(), &budget);
  result.input_metadata = std::move(metadata.inputs);
  result.output_metadata = std::move(metadata.outputs);
  result.input_metadata.resize(result.graph.inputs.size());
  result.output_metadata.resize(result.graph.outputs.size());
  SL_TRY(ReadSignatures(model, &budget, &result));
  result.source = std::move(file);
  return result;
}

}  // namespace safelight
