// SPDX-License-Identifier: Apache-2.0
#include "tflite_abi/builtin_data.h"

#include <algorithm>
#include <cstring>

#include "tflite_abi/types.h"

namespace safelight::host {
namespace {

// The fields of an op's structure in order, each a letter, the slot of the same option in the file, and a version of
// the op (a is 10): older hosts, which do not know it, have a shorter structure. Kinds: i int, d int that is 1 when the
// file leaves it out, b bool, y bool that is true then, f float, p padding (counted from 1, in files from 0; mirror
// modes likewise), t element type, v up to eight ints and behind them their number. Fields have their natural
// alignment.
struct Layout {
  std::string_view op;
  const char* fields;
};
constexpr Layout kLayouts[] = {
    {"ADD", "i01y11"},
    {"ARG_MAX", "t01"},
    {"ARG_MIN", "t01"},
    {"AVERAGE_POOL_2D", "p01i11i21i31i41i51"},
    {"BATCH_MATMUL", "b01b11b21"},
    {"CAST", "t01t11"},
    {"CONCATENATION", "i01i11"},
    {"CONV_2D", "p01i11i21i31d41d51t67"},
    {"CONV_3D", "p01i21i31i11d61d71d51i41"},
    {"CUMSUM", "b01b11"},
    {"DEPTHWISE_CONV_2D", "p01i11i21i31i41d51d61"},
    {"DEPTH_TO_SPACE", "i01"},
    {"DIV", "i01"},
    {"FULLY_CONNECTED", "i01i11b21b31t4a"},
    {"GATHER", "i01i11"},
    {"GELU", "b01"},
    {"L2_NORMALIZATION", "i01"},
    {"LEAKY_RELU", "f01"},
    {"MAX_POOL_2D", "p01i11i21i31i41i51"},
    {"MEAN", "b01"},
    {"MIRROR_PAD", "p01"},
    {"MUL", "i01"},
    {"PACK", "i01i11"},
    {"REDUCE_ALL", "b01"},
    {"REDUCE_ANY", "b01"},
    {"REDUCE_MAX", "b01"},
    {"REDUCE_MIN", "b01"},
    {"REDUCE_PROD", "b01"},
    {"RESHAPE", "v01"},
    {"RESIZE_BILINEAR", "b21b31"},
    {"RESIZE_NEAREST_NEIGHBOR", "b01b11"},
    {"SHAPE", "t01"},
    {"SOFTMAX", "f01"},
    {"SPACE_TO_DEPTH", "i01"},
    {"SPLIT", "i01"},
    {"SPLIT_V", "i01"},
    {"SQUEEZE", "v01"},
    {"STRIDED_SLICE", "i01i11i21i31i41b58"},
    {"SUB", "i01y11"},
    {"SUM", "b01"},
    {"TRANSPOSE_CONV", "p01i11i21i34t45"},
    {"UNPACK", "i01i11"},
};

const char* LayoutOf(std::string_view op) {
  for (const Layout& layout : kLayouts) {
    if (layout.op == op) return layout.fields;
  }
  return nullptr;
}

constexpr int kMostInts = 8;
constexpr size_t kVectorBytes = kMostInts * sizeof(int32_t);

bool IsBool(char kind) { return kind == 'b' || kind == 'y'; }

size_t SizeOf(char kind) { return IsBool(kind) ? 1 : kind == 'v' ? kVectorBytes + sizeof(int32_t) : sizeof(int32_t); }

// Where a field begins that comes behind `at` bytes of others.
size_t Place(char kind, size_t at) {
  const size_t alignment = IsBool(kind) ? 1 : sizeof(int32_t);
  return (at + alignment - 1) / alignment * alignment;
}

// The letter of a slot and where its field begins; 0 when there is none.
char FindField(const char* fields, int version, int slot, size_t* offset) {
  size_t at = 0;
  for (const char* field = fields; field != nullptr && *field != '\0'; field += 3) {
    at = Place(*field, at);
    if (field[1] == '0' + slot) {
      *offset = at;
      return version < (field[2] == 'a' ? 10 : field[2] - '0') ? '\0' : *field;
    }
    at += SizeOf(*field);
  }
  return 0;
}

template <typename T>
T Load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void Store(T value, std::vector<std::byte>* data, size_t at) {
  std::memcpy(data->data() + at, &value, sizeof(T));
}

void StoreInts(std::vector<int64_t> values, std::vector<std::byte>* data, size_t at) {
  values.resize(std::min<size_t>(values.size(), kMostInts));
  for (size_t i = 0; i < values.size(); ++i) {
    Store(static_cast<int32_t>(values[i]), data, at + i * sizeof(int32_t));
  }
  Store(static_cast<int32_t>(values.size()), data, at + kVectorBytes);
}

}  // namespace

bool KnowsOptions(const OpDef& op) { return op.read == nullptr || LayoutOf(op.name) != nullptr; }

BuiltinData::BuiltinData(std::string_view op, const void* data, int version)
    : layout_(data == nullptr ? nullptr : LayoutOf(op)), data_(static_cast<const char*>(data)), version_(version) {}

int64_t BuiltinData::Int(int slot, int64_t fallback) const {
  size_t offset = 0;
  switch (FindField(layout_, version_, slot, &offset)) {
    case 'b':
    case 'y': return Load<bool>(data_ + offset) ? 1 : 0;
    case 'd':
    case 'i': return Load<int32_t>(data_ + offset);
    case 'p': return Load<int32_t>(data_ + offset) - 1;
    case 't': return FileTypeOf(Load<int32_t>(data_ + offset));
    default: return fallback;
  }
}

float BuiltinData::Float(int slot, float fallback) const {
  size_t offset = 0;
  return FindField(layout_, version_, slot, &offset) == 'f' ? Load<float>(data_ + offset) : fallback;
}

std::vector<int64_t> BuiltinData::Ints(int slot) const {
  size_t offset = 0;
  if (FindField(layout_, version_, slot, &offset) != 'v') return {};
  std::vector<int64_t> values;
  const int32_t count = Load<int32_t>(data_ + offset + kVectorBytes);
  for (int32_t i = 0; i < count && i < kMostInts; ++i) {
    values.push_back(Load<int32_t>(data_ + offset + static_cast<size_t>(i) * sizeof(int32_t)));
  }
  return values;
}

std::vector<std::byte> WriteBuiltinData(std::string_view op, const AttrReader& options) {
  const char* fields = LayoutOf(op);
  if (fields == nullptr) return {};
  // Room behind the fields: what the host's own kernels keep there, and fields of versions to come.
  constexpr size_t kRoom = 64;
  std::vector<std::byte> data(kRoom);
  size_t at = 0;
  for (const char* field = fields; *field != '\0'; field += 3) {
    const char kind = *field;
    const int slot = field[1] - '0';
    at = Place(kind, at);
    data.resize(at + SizeOf(kind) + kRoom);
    switch (kind) {
      case 'b': Store<bool>(options.Bool(slot, false), &data, at); break;
      case 'y': Store<bool>(options.Bool(slot, true), &data, at); break;
      case 'd': Store(static_cast<int32_t>(options.Int(slot, 1)), &data, at); break;
      case 'f': Store(options.Float(slot, 0), &data, at); break;
      case 'p': Store(static_cast<int32_t>(options.Int(slot, 0) + 1), &data, at); break;
      case 't': Store(TypeOfFile(options.Int(slot, 0)), &data, at); break;
      case 'v': StoreInts(options.Ints(slot), &data, at); break;
      default: Store(static_cast<int32_t>(options.Int(slot, 0)), &data, at); break;
    }
    at += SizeOf(kind);
  }
  return data;
}

}  // namespace safelight::host
