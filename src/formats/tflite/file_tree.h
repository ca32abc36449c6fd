// SPDX-License-Identifier: Apache-2.0
//
// Everything that a .tflite file holds, as plain structs that may be changed and written again.
//
// Unlike a Graph, which is what the engine understands of a file, this keeps what safelight has no use for: options of
// ops that it does not run, names, metadata, signatures, other subgraphs. Loading and writing loses nothing; what
// could not be carried over (a field newer than the format known here) is refused by name. Elements of buffers are not
// copied: they stay in the mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace safelight {

// A list or a text that a table may leave out; `written` tells one that is there and empty from one that is not.
template <typename T>
struct FileList : std::vector<T> {
  bool written = false;
  using std::vector<T>::vector;
  FileList() = default;
  FileList(std::vector<T> elements) : std::vector<T>(std::move(elements)) {}  // NOLINT: a list like any other
};
struct FileText : std::string {
  bool written = false;
  FileText() = default;
  FileText(std::string text) : std::string(std::move(text)) {}  // NOLINT: a text like any other
};

// One field of an options table. `type` as in options.h; 0: not there.
struct FileOption {
  char type = 0;
  uint64_t bits = 0;             // of a number
  std::vector<std::byte> bytes;  // of a list's elements, or of a text
  bool operator==(const FileOption&) const = default;
};

// The options of an op by slot. `type`: which table of the union it is; 0: none.
struct FileOptions {
  int type = 0;
  bool written = false;  // there is a table, perhaps without fields
  std::vector<FileOption> slots;

  int64_t Int(int slot, int64_t fallback) const;
  void SetInt(int slot, char letter, int64_t value);  // letter b, i or l
  bool operator==(const FileOptions&) const = default;
};

struct FileOpCode {
  int deprecated_code = 0, code = 0, version = 1;
  FileText custom_code;
  // Files from before 2020 have only the byte; a code above 127 only the int.
  int op() const { return deprecated_code > code ? deprecated_code : code; }
  bool operator==(const FileOpCode&) const = default;
};

struct FileQuantization {
  bool written = false;
  FileList<float> minimums, maximums, scales;
  FileList<int64_t> zero_points;
  int axis = 0;
  bool operator==(const FileQuantization&) const = default;
};

struct FileTensor {
  FileText name;
  FileList<int32_t> shape, signature;
  int type = 0;  // TensorType of the format
  uint32_t buffer = 0;
  FileQuantization quantization;
  bool is_variable = false, has_rank = false;
  bool operator==(const FileTensor&) const = default;
};

struct FileNode {
  uint32_t op_code = 0;  // position in FileTree::op_codes
  FileList<int32_t> inputs, outputs, intermediates;
  FileList<uint8_t> mutating_inputs, custom_options;
  int custom_format = 0, debug_index = -1;
  FileOptions options, options_2;
  bool operator==(const FileNode&) const = default;
};

struct FileSubgraph {
  FileText name;
  FileList<FileTensor> tensors;
  FileList<int32_t> inputs, outputs;
  FileList<FileNode> nodes;
  int debug_index = -1;
  bool operator==(const FileSubgraph&) const = default;
};

struct FileBuffer {
  std::span<const std::byte> bytes;
  bool written = false;  // a list of elements is there, perhaps empty
  std::shared_ptr<const void> owner;
  bool operator==(const FileBuffer& other) const;  // the same bytes
};

struct FileMetadata {
  FileText name;
  uint32_t buffer = 0;
  bool operator==(const FileMetadata&) const = default;
};

struct FileSignature {
  struct Port {
    FileText name;
    uint32_t tensor = 0;
    bool operator==(const Port&) const = default;
  };
  FileList<Port> inputs, outputs;
  FileText key, tag;
  uint32_t subgraph = 0;
  bool operator==(const FileSignature&) const = default;
};

struct FileTree {
  uint32_t version = 3;
  FileText description;
  FileList<FileOpCode> op_codes;
  FileList<FileSubgraph> subgraphs;
  FileList<FileBuffer> buffers;
  FileList<int32_t> metadata_buffers;
  FileList<FileMetadata> metadata;
  FileList<FileSignature> signatures;
  std::shared_ptr<const MappedFile> file;  // that the buffers lie in; may be null

  // A buffer that holds a copy of `bytes`; its number.
  uint32_t AddBuffer(std::span<const std::byte> bytes);
  // The number of this op in op_codes, added where it is not there.
  uint32_t FindOpCode(int op, int version);
};
bool SameContent(const FileTree& a, const FileTree& b);

// Errors: kCorruptData (not such a file), kUnsupported (what cannot be carried over, named).
Result<FileTree> LoadFileTree(std::shared_ptr<const MappedFile> file);

}  // namespace safelight
