// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/file_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "formats/tflite/container.h"
#include "formats/tflite/op_names.h"
#include "formats/tflite/options.h"

namespace safelight {
namespace {

namespace format = tflite_format;

// The fields of each table that are known here.
constexpr int kModelSlots = 8, kSubgraphSlots = 6, kTensorSlots = 11, kOperatorSlots = 14, kCodeSlots = 4;
constexpr int kQuantizationSlots = 7, kBufferSlots = 3, kMetadataSlots = 2, kSignatureSlots = 5, kMapSlots = 2;
// Letters of options.h whose field lies in the table itself.
constexpr std::string_view kNumbers = "bilf";

size_t ElementBytes(char letter) { return letter == 'w' ? 8 : letter == 'u' || letter == 's' || letter == 'b' ? 1 : 4; }

// A field behind those known here would be lost.
template <typename Table>
Status CheckSlots(const Table& table, int known) {
  const auto* base = reinterpret_cast<const flatbuffers::Table*>(&table);
  const uint8_t* vtable = base->GetVTable();
  const int slots = flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable) / 2 - 2;
  for (int slot = known; slot < slots; ++slot) {
    if (base->CheckField(static_cast<flatbuffers::voffset_t>(4 + 2 * slot))) {
      return Unsupported("field ", slot, " of a table that ends at ", known,
                         ": the file is of a newer format than can be written here");
    }
  }
  return {};
}

FileText TextOf(const flatbuffers::String* string) {
  FileText text;
  text.written = string != nullptr;
  if (string != nullptr) text.assign(string->string_view());
  return text;
}

template <typename T, typename U>
FileList<T> NumbersOf(const flatbuffers::Vector<U>* vector) {
  FileList<T> list;
  list.written = vector != nullptr;
  list.reserve(static_cast<size_t>(Count(vector)));
  for (int i = 0; i < Count(vector); ++i) list.push_back(static_cast<T>(ElementAt(*vector, i)));
  return list;
}

// A list of tables, each made by `load`.
template <typename T, typename Table, typename Load>
Status LoadAll(const flatbuffers::Vector<flatbuffers::Offset<Table>>* vector, const char* what, FileList<T>* list,
               Load load) {
  list->written = vector != nullptr;
  list->reserve(static_cast<size_t>(Count(vector)));
  for (int i = 0; i < Count(vector); ++i) {
    Result<T> element = load(*vector->Get(static_cast<flatbuffers::uoffset_t>(i)));
    if (!element.ok()) return element.status().With(Cat(what, ' ', i));
    list->push_back(std::move(element).value());
  }
  return {};
}

class TreeLoader {
 public:
  TreeLoader(const MappedFile& file, flatbuffers::Verifier* verifier) : bytes_(file.bytes()), verifier_(*verifier) {}

  Result<FileTree> LoadModel(const format::Model& model) {
    SL_TRY(CheckSlots(model, kModelSlots));
    FileTree tree;
    tree.version = model.version();
    tree.description = TextOf(model.description());
    const auto self = [this](auto load) { return [this, load](const auto& table) { return (this->*load)(table); }; };
    SL_TRY(LoadAll(model.operator_codes(), "op code", &tree.op_codes, self(&TreeLoader::LoadCode)));
    SL_TRY(LoadAll(model.subgraphs(), "subgraph", &tree.subgraphs, self(&TreeLoader::LoadSubgraph)));
    SL_TRY(LoadAll(model.buffers(), "buffer", &tree.buffers, self(&TreeLoader::LoadBuffer)));
    SL_TRY(LoadAll(model.metadata(), "metadata", &tree.metadata, self(&TreeLoader::LoadMetadata)));
    SL_TRY(LoadAll(model.signature_defs(), "signature", &tree.signatures, self(&TreeLoader::LoadSignature)));
    tree.metadata_buffers = NumbersOf<int32_t>(model.metadata_buffer());
    return tree;
  }

 private:
  Result<FileOpCode> LoadCode(const format::OperatorCode& from) {
    SL_TRY(CheckSlots(from, kCodeSlots));
    return FileOpCode{from.deprecated_builtin_code(), from.builtin_code(), from.version(), TextOf(from.custom_code())};
  }

  Result<FileSubgraph> LoadSubgraph(const format::SubGraph& from) {
    SL_TRY(CheckSlots(from, kSubgraphSlots));
    FileSubgraph subgraph;
    subgraph.name = TextOf(from.name());
    SL_TRY(LoadAll(from.tensors(), "tensor", &subgraph.tensors,
                   [this](const format::Tensor& tensor) { return LoadTensor(tensor); }));
    SL_TRY(LoadAll(from.operators(), "node", &subgraph.nodes,
                   [this](const format::Operator& node) { return LoadNode(node); }));
    subgraph.inputs = NumbersOf<int32_t>(from.inputs());
    subgraph.outputs = NumbersOf<int32_t>(from.outputs());
    subgraph.debug_index = from.debug_metadata_index();
    return subgraph;
  }

  Result<FileTensor> LoadTensor(const format::Tensor& from) {
    SL_TRY(CheckSlots(from, kTensorSlots));
    if (from.sparsity() != nullptr) return Unsupported("sparse elements, which cannot be written here");
    if (Count(from.variant_tensors()) > 0) return Unsupported("a variant, which cannot be written here");
    if (from.external_buffer() != 0) return Unsupported("its elements are in another file");
    FileTensor tensor{TextOf(from.name()),
                      NumbersOf<int32_t>(from.shape()),
                      NumbersOf<int32_t>(from.shape_signature()),
                      from.type(),
                      from.buffer(),
                      {},
                      from.is_variable(),
                      from.has_rank()};
    if (from.quantization() == nullptr) return tensor;
    const format::QuantizationParameters& quantization = *from.quantization();
    SL_TRY(CheckSlots(quantization, kQuantizationSlots));
    if (quantization.details_type() != 0) {
      return Unsupported("blockwise or custom quantization, which cannot be written here");
    }
    tensor.quantization = {true,
                           NumbersOf<float>(quantization.min()),
                           NumbersOf<float>(quantization.max()),
                           NumbersOf<float>(quantization.scale()),
                           NumbersOf<int64_t>(quantization.zero_point()),
                           quantization.quantized_dimension()};
    return tensor;
  }

  Result<FileNode> LoadNode(const format::Operator& from) {
    SL_TRY(CheckSlots(from, kOperatorSlots));
    if (from.large_custom_options_offset() != 0) return Unsupported("options behind the container");
    FileNode node;
    node.op_code = from.opcode_index();
    node.inputs = NumbersOf<int32_t>(from.inputs());
    node.outputs = NumbersOf<int32_t>(from.outputs());
    node.intermediates = NumbersOf<int32_t>(from.intermediates());
    node.mutating_inputs = NumbersOf<uint8_t>(from.mutating_variable_inputs());
    node.custom_options = NumbersOf<uint8_t>(from.custom_options());
    node.custom_format = from.custom_options_format();
    node.debug_index = from.debug_metadata_index();
    SL_ASSIGN(node.options, LoadOptions(from.builtin_options_type(), from.builtin_options(), OptionsLayout));
    SL_ASSIGN(node.options_2, LoadOptions(from.builtin_options_2_type(), from.builtin_options_2(), OptionsLayout2));
    return node;
  }

  Result<FileOptions> LoadOptions(int type, const format::AnyTable* any, const char* (*layout_of)(int)) {
    FileOptions options;
    options.type = type;
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(any);
    if (table == nullptr) return options;
    options.written = true;
    const char* layout = layout_of(type);
    if (layout == nullptr) return Unsupported("options of kind ", type, ", which are not known here");
    if (!VerifyOptions(verifier_, table, layout)) return CorruptData("its options lie outside the file");
    const int known = static_cast<int>(std::strlen(layout));
    SL_TRY(CheckSlots(*table, known));
    options.slots.resize(static_cast<size_t>(known));
    for (int slot = 0; slot < known; ++slot) {
      SL_TRY(LoadOption(*table, slot, layout[slot], &options.slots[static_cast<size_t>(slot)]));
    }
    while (!options.slots.empty() && options.slots.back().type == 0) options.slots.pop_back();
    return options;
  }

  static Status LoadOption(const flatbuffers::Table& table, int slot, char letter, FileOption* option) {
    const auto field = static_cast<flatbuffers::voffset_t>(4 + 2 * slot);
    if (!table.CheckField(field)) return {};
    if (letter == '?') return Unsupported("options of tables in tables, which cannot be written here");
    option->type = letter;
    if (kNumbers.find(letter) != kNumbers.npos) {
      const size_t size = letter == 'l' ? 8 : ElementBytes(letter);
      if (size == 1) option->bits = table.GetField<uint8_t>(field, 0);
      if (size == 4) option->bits = table.GetField<uint32_t>(field, 0);
      if (size == 8) option->bits = table.GetField<uint64_t>(field, 0);
      return {};
    }
    // Lists and texts begin alike: a count, then the elements.
    const auto* list = table.GetPointer<const flatbuffers::Vector<uint8_t>*>(field);
    const auto* elements = reinterpret_cast<const std::byte*>(list->Data());
    option->bytes.assign(elements, elements + size_t{list->size()} * ElementBytes(letter));
    return {};
  }

  Result<FileBuffer> LoadBuffer(const format::Buffer& from) {
    SL_TRY(CheckSlots(from, kBufferSlots));
    FileBuffer buffer;
    buffer.written = from.data() != nullptr;
    if (Count(from.data()) > 0) {
      buffer.bytes = {reinterpret_cast<const std::byte*>(from.data()->data()), from.data()->size()};
    } else if (from.offset() > 1) {
      if (from.offset() > bytes_.size() || from.size() > bytes_.size() - from.offset()) {
        return CorruptData("lies outside the file");
      }
      buffer.bytes = bytes_.subspan(from.offset(), from.size());
    }
    return buffer;
  }

  Result<FileMetadata> LoadMetadata(const format::Metadata& from) {
    SL_TRY(CheckSlots(from, kMetadataSlots));
    return FileMetadata{TextOf(from.name()), from.buffer()};
  }

  Result<FileSignature> LoadSignature(const format::SignatureDef& from) {
    SL_TRY(CheckSlots(from, kSignatureSlots));
    FileSignature signature;
    signature.key = TextOf(from.signature_key());
    signature.tag = TextOf(from.deprecated_tag());
    signature.subgraph = from.subgraph_index();
    const auto load = [](const format::TensorMap& map) -> Result<FileSignature::Port> {
      SL_TRY(CheckSlots(map, kMapSlots));
      return FileSignature::Port{TextOf(map.name()), map.tensor_index()};
    };
    SL_TRY(LoadAll(from.inputs(), "input", &signature.inputs, load));
    SL_TRY(LoadAll(from.outputs(), "output", &signature.outputs, load));
    return signature;
  }

  const std::span<const std::byte> bytes_;
  flatbuffers::Verifier& verifier_;
};

}  // namespace

int64_t FileOptions::Int(int slot, int64_t fallback) const {
  if (slot >= static_cast<int>(slots.size()) || slots[static_cast<size_t>(slot)].type == 0) return fallback;
  const FileOption& option = slots[static_cast<size_t>(slot)];
  if (option.type == 'b') return static_cast<int8_t>(option.bits);
  if (option.type == 'i') return static_cast<int32_t>(option.bits);
  return static_cast<int64_t>(option.bits);
}

void FileOptions::SetInt(int slot, char letter, int64_t value) {
  if (slot >= static_cast<int>(slots.size())) slots.resize(static_cast<size_t>(slot) + 1);
  uint64_t bits = static_cast<uint64_t>(value);
  if (letter == 'b') bits &= 0xff;
  if (letter == 'i') bits &= 0xffffffff;
  slots[static_cast<size_t>(slot)] = {letter, bits, {}};
  written = true;
}

bool FileBuffer::operator==(const FileBuffer& other) const {
  // Elements that stood behind the container count as written in it.
  return (written || !bytes.empty()) == (other.written || !other.bytes.empty()) &&
         std::equal(bytes.begin(), bytes.end(), other.bytes.begin(), other.bytes.end());
}

uint32_t FileTree::AddBuffer(std::span<const std::byte> bytes) {
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  FileBuffer buffer;
  buffer.bytes = *copy;
  buffer.written = true;
  buffer.owner = std::move(copy);
  buffers.push_back(std::move(buffer));
  return static_cast<uint32_t>(buffers.size()) - 1;
}

uint32_t FileTree::FindOpCode(int op, int version) {
  for (size_t i = 0; i < op_codes.size(); ++i) {
    const FileOpCode& code = op_codes[i];
    if (code.op() == op && code.version == version && code.custom_code.empty()) return static_cast<uint32_t>(i);
  }
  // Readers from before 2020 look at the byte, which says 127 for what does not fit.
  op_codes.push_back({std::min(op, 127), op, version, {}});
  return static_cast<uint32_t>(op_codes.size()) - 1;
}

bool SameContent(const FileTree& a, const FileTree& b) {
  return a.version == b.version && a.description == b.description && a.op_codes == b.op_codes &&
         a.subgraphs == b.subgraphs && a.buffers == b.buffers && a.metadata_buffers == b.metadata_buffers &&
         a.metadata == b.metadata && a.signatures == b.signatures;
}

Result<FileTree> LoadFileTree(std::shared_ptr<const MappedFile> file) {
  const std::span<const std::byte> bytes = file->bytes();
  if (bytes.size() < 16 || !flatbuffers::BufferHasIdentifier(bytes.data(), "TFL3")) {
    return CorruptData("not a .tflite file");
  }
  const size_t container_bytes = std::min<size_t>(bytes.size(), FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), container_bytes);
  if (!format::VerifyModelBuffer(verifier)) return CorruptData("the file is damaged or cut short");
  SL_ASSIGN(FileTree tree, TreeLoader(*file, &verifier).LoadModel(*format::GetModel(bytes.data())));
  tree.file = std::move(file);
  return tree;
}

}  // namespace safelight
