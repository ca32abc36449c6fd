// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/reader.h"

#include <string_view>
#include <unordered_map>

#include "formats/tflite/container.h"
#include "formats/tflite/metadata.h"
#include "formats/tflite/subgraph.h"
#include "graph/infer.h"

namespace safelight {
namespace {

namespace format = tflite_format;

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
  flatbuffers::Verifier verifier = VerifierOf(*file);
  SL_ASSIGN(const format::Model* opened, OpenContainer(*file, &verifier));
  const format::Model& model = *opened;
  ReadBudget budget(file->bytes().size());
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
