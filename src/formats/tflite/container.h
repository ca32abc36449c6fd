// SPDX-License-Identifier: Apache-2.0
//
// A verified .tflite container, and how much memory reading it may take.
//
// FlatBuffers lets many tables point at one string or vector, so a file of a few kilobytes can describe
// gigabytes. Whatever the reader copies is taken from a budget that follows from the file's size.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "flatbuffers/flatbuffers.h"
#include "tflite_schema.h"

namespace safelight {

class ReadBudget {
 public:
  static constexpr uint64_t kFloorBytes = uint64_t{4} << 20;

  explicit ReadBudget(uint64_t file_bytes) : left_bytes_(kFloorBytes + 4 * file_bytes) {}
  Status Take(uint64_t size_bytes) {
    if (size_bytes > left_bytes_) {
      return CorruptData("reading this takes ", size_bytes, " bytes more than a file of this size can hold");
    }
    left_bytes_ -= size_bytes;
    return {};
  }

 private:
  uint64_t left_bytes_;
};

struct TfliteContainer {
  std::shared_ptr<const MappedFile> file;
  const tflite_format::Model* model = nullptr;
  flatbuffers::Verifier* verifier = nullptr;  // to go on with options tables
  ReadBudget* budget = nullptr;
};

// For the tables of `file`, which has to outlive it.
flatbuffers::Verifier VerifierOf(const MappedFile& file);
// The model's table, verified, with a main subgraph that has tensors. Errors: kCorruptData (says what the file is
// instead, as far as its first bytes tell), kUnsupported (another version of the format).
Result<const tflite_format::Model*> OpenContainer(const MappedFile& file, flatbuffers::Verifier* verifier);

// Elements of a vector that the file may leave out.
template <typename T>
int Count(const T* vector) {
  return vector == nullptr ? 0 : static_cast<int>(vector->size());
}

// An element of a vector of numbers. The verifier lets elements of eight bytes lie on addresses that divide by four.
template <typename T>
T ElementAt(const flatbuffers::Vector<T>& vector, int i) {
  T element;
  std::memcpy(&element, vector.Data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return flatbuffers::EndianScalar(element);
}

// Files from before 2020 have only the byte; a code above 127 only the int.
inline int CodeOf(const tflite_format::OperatorCode& code) {
  const int byte = code.deprecated_builtin_code(), number = code.builtin_code();
  return byte > number ? byte : number;
}

// A string that the file may leave out; longer ones than any name are cut. Control characters become spaces: names
// stand in sentences of one line, on terminals.
inline std::string Text(const flatbuffers::String* string) {
  constexpr size_t kLongestText = 4096;
  if (string == nullptr) return {};
  std::string text(string->string_view().substr(0, kLongestText));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace safelight
