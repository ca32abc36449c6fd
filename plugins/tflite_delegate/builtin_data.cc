// SPDX-License-Identifier: Apache-2.0
#include "builtin_data.h"

#include <cstring>

namespace safelight::host {
namespace {

// The fields of an op's structure in order, each a letter, the slot of the same option in the file, and a version of
// the op (a is 10): older hosts, which do not know it, have a shorter structure. Kinds: i int, b bool, f float, p
// padding (counted from 1, in files from 0; mirror modes likewise), t element type, v up to eight ints and behind them
// their number. Fields have their natural alignment.
struct Layout {
  std::string_view op;
  const char* fields;
};
constexpr Layout kLayouts[] = {
    {"ADD", "i01b11"},
    {"ARG_MAX", "t01"},
    {"ARG_MIN", "t01"},
    {"AVERAGE_POOL_2D", "p01i11i21i31i41i51"},
    {"BATCH_MATMUL", "b01b11b21"},
    {"CAST", "t01t11"},
    {"CONCATENATION", "i01i11"},
    {"CONV_2D", "p01i11i21i31i41i51t67"},
    {"CONV_3D", "p01i21i31i11i61i71i51i41"},
    {"CUMSUM", "b01b11"},
    {"DEPTHWISE_CONV_2D", "p01i11i21i31i41i51i61"},
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
    {"SUB", "i01b11"},
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

constexpr size_t kVectorBytes = 8 * sizeof(int32_t);

// The letter of a slot and where its field begins; 0 when there is none.
char FindField(const char* fields, int version, int slot, size_t* offset) {
  size_t at = 0;
  for (const char* field = fields; field != nullptr && *field != '\0'; field += 3) {
    const size_t size = *field == 'b' ? 1 : *field == 'v' ? kVectorBytes + sizeof(int32_t) : sizeof(int32_t);
    const size_t alignment = *field == 'b' ? 1 : sizeof(int32_t);
    at = (at + alignment - 1) / alignment * alignment;
    if (field[1] == '0' + slot) {
      *offset = at;
      return version < (field[2] == 'a' ? 10 : field[2] - '0') ? '\0' : *field;
    }
    at += size;
  }
  return 0;
}

template <typename T>
T Load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// Element types count from 0 = float32 in files; here 1 is float32, 10 and 11 are float16 and float64.
int64_t FileType(int32_t type) {
  if (type == 1) return 0;
  if (type == 10) return 1;
  return type == 11 ? 10 : type;
}

}  // namespace

bool KnowsOptions(const OpDef& op) { return op.read == nullptr || LayoutOf(op.name) != nullptr; }

BuiltinData::BuiltinData(std::string_view op, const void* data, int version)
    : layout_(data == nullptr ? nullptr : LayoutOf(op)), data_(static_cast<const char*>(data)), version_(version) {}

int64_t BuiltinData::Int(int slot, int64_t fallback) const {
  size_t offset = 0;
  switch (FindField(layout_, version_, slot, &offset)) {
    case 'b': return Load<bool>(data_ + offset) ? 1 : 0;
    case 'i': return Load<int32_t>(data_ + offset);
    case 'p': return Load<int32_t>(data_ + offset) - 1;
    case 't': return FileType(Load<int32_t>(data_ + offset));
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
  for (int32_t i = 0; i < count && i < 8; ++i) {
    values.push_back(Load<int32_t>(data_ + offset + static_cast<size_t>(i) * sizeof(int32_t)));
  }
  return values;
}

}  // namespace safelight::host
