// SPDX-License-Identifier: Apache-2.0
#include "mutations.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tflite_schema.h"

namespace safelight {
namespace {

namespace format = tflite_format;

constexpr size_t kFewBytes = 64;

size_t Below(std::mt19937_64& random, size_t limit) { return limit == 0 ? 0 : random() % limit; }

size_t InRanges(const Specimen::Ranges& ranges, std::mt19937_64& random) {
  const auto& range = ranges[Below(random, ranges.size())];
  return range.first + Below(random, range.second - range.first);
}

// A place to damage in a file that may have been cut.
size_t Place(const Specimen& specimen, size_t size, bool fields, std::mt19937_64& random) {
  if (fields) return std::min(InRanges(specimen.fields, random), size - 1);
  if (Below(random, 4) == 0) return Below(random, size);
  return std::min(InRanges(specimen.structure, random), size - 1);
}

uint32_t Word(std::mt19937_64& random) {
  constexpr uint32_t kWords[] = {0, 1, 2, 0xffffffffu, 0xfffffffeu, 0x7fffffffu, 0x80000000u, 0x10000u, 0x40000000u};
  if (Below(random, 3) == 0) return static_cast<uint32_t>(Below(random, 256));
  return kWords[Below(random, std::size(kWords))];
}

// Overwrites four bytes with a word that programs trip over, or with one that is off by a little.
void MutateWord(size_t place, std::mt19937_64& random, std::vector<std::byte>* bytes) {
  place = place / 4 * 4;
  if (place + 4 > bytes->size()) return;
  uint32_t word;
  std::memcpy(&word, bytes->data() + place, 4);
  word = Below(random, 3) == 0 ? word + static_cast<uint32_t>(Below(random, 5)) - 2 : Word(random);
  std::memcpy(bytes->data() + place, &word, 4);
}

// Puts one to sixteen words of the file over others, or cuts the file there.
void MutateLayout(const Specimen& specimen, size_t place, std::mt19937_64& random, std::vector<std::byte>* bytes) {
  if (Below(random, 4) == 0) {
    bytes->resize(place);
    return;
  }
  const size_t from = Place(specimen, bytes->size(), false, random) / 4 * 4;
  const size_t to = place / 4 * 4;
  const size_t count = std::min(4 * (1 + Below(random, 16)), bytes->size() - std::max(from, to));
  std::memmove(bytes->data() + to, bytes->data() + from, count);
}

void MutateOnce(const Specimen& specimen, bool fields, std::mt19937_64& random, std::vector<std::byte>* bytes) {
  if (bytes->empty()) return;
  const size_t place = Place(specimen, bytes->size(), fields, random);
  switch (Below(random, fields ? 6 : 8)) {
    case 0: (*bytes)[place] ^= std::byte{1} << Below(random, 8); break;
    case 1: {
      constexpr uint8_t kValues[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
      (*bytes)[place] = std::byte{kValues[Below(random, std::size(kValues))]};
      break;
    }
    case 2: (*bytes)[place] = static_cast<std::byte>(Below(random, 8)); break;
    case 3:
    case 4:
    case 5: MutateWord(place, random, bytes); break;
    default: MutateLayout(specimen, place, random, bytes);
  }
}

// Collects where the numbers of a container stand.
class FieldFinder {
 public:
  FieldFinder(const uint8_t* start, Specimen::Ranges* fields) : start_(start), fields_(*fields) {}

  void Visit(const format::Model& model) {
    for (uint32_t i = 0; i < Size(model.operator_codes()); ++i) {
      AddField(*model.operator_codes()->Get(i), format::OperatorCode::VT_BUILTIN_CODE, 4);
      AddField(*model.operator_codes()->Get(i), format::OperatorCode::VT_DEPRECATED_BUILTIN_CODE, 1);
    }
    for (uint32_t i = 0; i < Size(model.subgraphs()); ++i) VisitSubgraph(*model.subgraphs()->Get(i));
    for (uint32_t i = 0; i < Size(model.buffers()); ++i) {
      const auto* data = model.buffers()->Get(i)->data();
      if (Size(data) <= kFewBytes) AddVector(data);
    }
  }

 private:
  template <typename T>
  static uint32_t Size(const T* vector) {
    return vector == nullptr ? 0 : vector->size();
  }
  template <typename T>
  void AddVector(const flatbuffers::Vector<T>* vector) {
    if (Size(vector) > 0) Add(vector->Data(), vector->size() * sizeof(T));
  }
  template <typename T>
  void AddField(const T& table, flatbuffers::voffset_t field, size_t size_bytes) {
    Add(reinterpret_cast<const flatbuffers::Table&>(table).GetAddressOf(field), size_bytes);
  }
  void Add(const uint8_t* data, size_t size_bytes) {
    if (data == nullptr || size_bytes == 0) return;
    const size_t begin = static_cast<size_t>(data - start_);
    fields_.emplace_back(begin, begin + size_bytes);
  }

  void VisitSubgraph(const format::SubGraph& subgraph) {
    AddVector(subgraph.inputs());
    AddVector(subgraph.outputs());
    for (uint32_t i = 0; i < Size(subgraph.tensors()); ++i) {
      const format::Tensor& tensor = *subgraph.tensors()->Get(i);
      AddVector(tensor.shape());
      AddField(tensor, format::Tensor::VT_TYPE, 1);
      AddField(tensor, format::Tensor::VT_BUFFER, 4);
      if (tensor.quantization() == nullptr) continue;
      AddVector(tensor.quantization()->scale());
      AddVector(tensor.quantization()->zero_point());
    }
    for (uint32_t i = 0; i < Size(subgraph.operators()); ++i) {
      const format::Operator& op = *subgraph.operators()->Get(i);
      AddVector(op.inputs());
      AddVector(op.outputs());
      AddField(op, format::Operator::VT_OPCODE_INDEX, 4);
      AddTable(reinterpret_cast<const flatbuffers::Table*>(op.builtin_options()));
      AddTable(reinterpret_cast<const flatbuffers::Table*>(op.builtin_options_2()));
    }
  }

  // What a table holds within itself, behind the offset of its list of fields.
  void AddTable(const flatbuffers::Table* table) {
    if (table == nullptr) return;
    const uint8_t* list = table->GetVTable();
    const size_t size_bytes = flatbuffers::ReadScalar<flatbuffers::voffset_t>(list + 2);
    if (size_bytes > 4) Add(reinterpret_cast<const uint8_t*>(table) + 4, size_bytes - 4);
  }

  const uint8_t* start_;
  Specimen::Ranges& fields_;
};

// The elements of large tensors, from low to high addresses.
Specimen::Ranges FindElements(const format::Model& model, const uint8_t* start) {
  Specimen::Ranges elements;
  if (model.buffers() == nullptr) return elements;
  for (const format::Buffer* buffer : *model.buffers()) {
    if (buffer->data() == nullptr || buffer->data()->size() <= kFewBytes) continue;
    const size_t begin = static_cast<size_t>(buffer->data()->data() - start);
    elements.emplace_back(begin, begin + buffer->data()->size());
  }
  std::sort(elements.begin(), elements.end());
  return elements;
}

}  // namespace

Specimen MakeSpecimen(std::span<const std::byte> bytes) {
  Specimen specimen{{bytes.begin(), bytes.end()}, {}, {}};
  Specimen::Ranges elements;
  const auto* start = reinterpret_cast<const uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(start, bytes.size());
  if (format::VerifyModelBuffer(verifier)) {
    elements = FindElements(*format::GetModel(start), start);
    FieldFinder(start, &specimen.fields).Visit(*format::GetModel(start));
  }
  size_t end = 0;
  for (const auto& [from, to] : elements) {
    if (from > end) specimen.structure.emplace_back(end, from);
    end = std::max(end, to);
  }
  if (end < bytes.size()) specimen.structure.emplace_back(end, bytes.size());
  if (specimen.structure.empty()) specimen.structure.emplace_back(0, bytes.size());
  return specimen;
}

std::vector<std::byte> Mutate(const Specimen& specimen, std::mt19937_64& random) {
  std::vector<std::byte> bytes = specimen.bytes;
  const bool fields = !specimen.fields.empty() && Below(random, 3) != 0;
  // Few mutations are likelier than many: one wrong number in a good file reaches furthest.
  const size_t count = 1 + std::min(Below(random, 8), std::min(Below(random, 8), Below(random, 8)));
  for (size_t i = 0; i < count; ++i) MutateOnce(specimen, fields, random, &bytes);
  return bytes;
}

}  // namespace safelight
