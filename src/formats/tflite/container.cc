// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/container.h"

#include <algorithm>
#include <span>
#include <string_view>

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

}  // namespace

flatbuffers::Verifier VerifierOf(const MappedFile& file) {
  // What lies beyond the first 2 GB can only be elements of tensors.
  const size_t container_bytes = std::min<size_t>(file.bytes().size(), FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  return {reinterpret_cast<const uint8_t*>(file.bytes().data()), container_bytes};
}

Result<const format::Model*> OpenContainer(const MappedFile& file, flatbuffers::Verifier* verifier) {
  const std::span<const std::byte> bytes = file.bytes();
  if (bytes.size() < kSmallestFile) return CorruptData("not a .tflite file: only ", bytes.size(), " bytes");
  if (!flatbuffers::BufferHasIdentifier(bytes.data(), "TFL3")) return SayWhatItIs(bytes);
  if (!format::VerifyModelBuffer(*verifier)) {
    return CorruptData("the file is damaged or cut short: its tables do not fit its ", bytes.size(), " bytes");
  }
  const format::Model* model = format::GetModel(bytes.data());
  SL_TRY(CheckContainer(*model));
  return model;
}

}  // namespace safelight
