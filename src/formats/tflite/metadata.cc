// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/metadata.h"

#include <cstring>

#include "base/memory.h"
#include "formats/tflite/options.h"
#include "tflite_metadata.h"

namespace safelight {
namespace {

namespace format = tflite_metadata;

// Union members by number in the metadata schema, and the types of their fields as in options.h.
constexpr int kImageProperties = 2;
constexpr const char* kImageLayout = "b";
constexpr int kNormalizationOptions = 1;
constexpr const char* kNormalizationLayout = "xx";

class PortReader {
 public:
  PortReader(flatbuffers::Verifier* verifier, ReadBudget* budget) : verifier_(*verifier), budget_(*budget) {}

  Status ReadPorts(const flatbuffers::Vector<flatbuffers::Offset<format::TensorMetadata>>* tensors, size_t limit,
                   std::vector<PortMetadata>* ports) {
    for (int i = 0; i < Count(tensors) && ports->size() < limit; ++i) {
      SL_TRY(budget_.Take(sizeof(PortMetadata)));
      ports->emplace_back();
      SL_TRY(ReadPort(*tensors->Get(i), &ports->back()));
    }
    return {};
  }

 private:
  Status ReadPort(const format::TensorMetadata& tensor, PortMetadata* port) {
    port->name = Text(tensor.name());
    port->description = Text(tensor.description());
    SL_TRY(budget_.Take(port->name.size() + port->description.size()));
    if (tensor.content() != nullptr) SL_TRY(ReadContent(*tensor.content(), port));
    for (int i = 0; i < Count(tensor.process_units()); ++i) SL_TRY(ReadUnit(*tensor.process_units()->Get(i), port));
    if (tensor.stats() == nullptr) return {};
    SL_TRY(ReadFloats(tensor.stats()->min(), &port->minimums));
    return ReadFloats(tensor.stats()->max(), &port->maximums);
  }

  Status ReadContent(const format::Content& content, PortMetadata* port) {
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(content.content_properties());
    if (content.content_properties_type() != kImageProperties || table == nullptr) return {};
    if (!VerifyOptions(verifier_, table, kImageLayout)) return CorruptData("image properties");
    const int64_t space = OptionsReader(table, kImageLayout, 1).Int(0, 0);
    port->color_space = space == 1 ? "RGB" : space == 2 ? "GRAYSCALE" : "";
    return {};
  }

  Status ReadUnit(const format::ProcessUnit& unit, PortMetadata* port) {
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(unit.options());
    SL_TRY(budget_.Take(sizeof(format::ProcessUnit*)));
    if (unit.options_type() != kNormalizationOptions || table == nullptr) return {};
    if (!VerifyOptions(verifier_, table, kNormalizationLayout)) return CorruptData("normalisation");
    const auto* means = table->GetPointer<const flatbuffers::Vector<float>*>(4);
    const auto* stds = table->GetPointer<const flatbuffers::Vector<float>*>(6);
    SL_TRY(ReadFloats(means, &port->means));
    return ReadFloats(stds, &port->stds);
  }

  Status ReadFloats(const flatbuffers::Vector<float>* vector, std::vector<float>* values) {
    SL_TRY(budget_.Take(sizeof(float) * static_cast<uint64_t>(Count(vector))));
    values->clear();
    for (int i = 0; i < Count(vector); ++i) values->push_back(vector->Get(i));
    return {};
  }

  flatbuffers::Verifier& verifier_;
  ReadBudget& budget_;
};

}  // namespace

TfliteMetadata ReadTfliteMetadata(std::span<const std::byte> buffer, size_t inputs, size_t outputs,
                                  ReadBudget* budget) {
  // The verifier trusts the start to be aligned; inside a file it need not be.
  AlignedBuffer aligned;
  if (reinterpret_cast<uintptr_t>(buffer.data()) % sizeof(uint64_t) != 0) {
    if (!budget->Take(buffer.size()).ok()) return {};
    aligned = AlignedBuffer(buffer.size());
    std::memcpy(aligned.data(), buffer.data(), buffer.size());
    buffer = {aligned.data(), aligned.size_bytes()};
  }
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(buffer.data()), buffer.size());
  if (!format::VerifyModelMetadataBuffer(verifier)) return {};
  const format::ModelMetadata* model = format::GetModelMetadata(buffer.data());
  if (Count(model->subgraph_metadata()) == 0) return {};
  const format::SubGraphMetadata& subgraph = *model->subgraph_metadata()->Get(0);
  PortReader reader(&verifier, budget);
  TfliteMetadata metadata;
  if (!reader.ReadPorts(subgraph.input_tensor_metadata(), inputs, &metadata.inputs).ok()) return {};
  if (!reader.ReadPorts(subgraph.output_tensor_metadata(), outputs, &metadata.outputs).ok()) return {};
  return metadata;
}

}  // namespace safelight
