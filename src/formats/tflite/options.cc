// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/options.h"

#include <cstring>
#include <iterator>

#include "formats/tflite/container.h"

namespace safelight {
namespace {

// By number in the format's BuiltinOptions; 0 is "none".
constexpr const char* kLayouts[] = {
    "",     "biibiib", "biiibii",  "ivv", "b",      "biiiib", "ibb",    "bb", "bbbbbu", "f",  "ib",    "bb", "b",
    "ifff", "bffbb",   "iibb",     "i",   "v",      "iib",    "i",      "b",  "b",      "",   "ii",    "",   "",
    "",     "b",       "bb",       "b",   "v",      "bbb",    "iiiiib", "",   "",       "i",  "",      "bb", "",
    "",     "b",       "",         "",    "",       "",       "",       "",   "",       "",   "biibb", "b",  "",
    "",     "",        "",         "b",   "",       "b",      "ffib",   "ii", "",       "i",  "",      "",   "ii",
    "",     "",        "",         "",    "bffbbb", "bbbb",   "bffbbb", "",   "",       "bb", "f",     "",   "b",
    "",     "i",       "b",        "",    "",       "",       "",       "",   "",       "ii", "",      "",   "",
    "",     "ii",      "ii",       "i",   "",       "",       "",       "",   "",       "",   "bbb",   "bb", "i",
    "",     "",        "biiibiii", "ibb", "",       "",       "",       "ss", "",       "",   "ll",    "x",  "b",
    "",     "",        "",         "",    "",       "",       "",       "",   "",       "",
};
// By number in BuiltinOptions2.
constexpr const char* kLayouts2[] = {
    "",       "l",      "w",       "www",    "wwwwullwllwllwll?",
    "sbsivu", "wi",     "bwwwlbi", "ii",     "w",
    "www",    "l",      "wwww?",   "wwwwwi", "lbi",
    "ii",     "wwwlwb", "w",       "",       "b",
    "i",      "siubi",  "",        "v",
};

// By number in the format's BuiltinOperator: the options table of that op; 0 where it has none.
constexpr uint8_t kOptionsOfOp[] = {
    11,  5,   10,  1,   2,   94,  38,  0,   0,   8,   0,   12,  5,   13,  0,   4,   14,  5,   21,  0,  0,
    0,   17,  15,  7,   9,   19,  6,   0,   3,   18,  16,  0,   20,  22,  31,  23,  24,  25,  26,  27, 28,
    29,  30,  71,  32,  70,  33,  34,  35,  36,  0,   69,  37,  0,   39,  40,  39,  41,  42,  43,  44, 45,
    46,  47,  48,  0,   49,  50,  51,  52,  53,  54,  0,   27,  0,   0,   55,  56,  57,  58,  27,  27, 59,
    60,  61,  62,  63,  64,  27,  65,  27,  66,  67,  68,  72,  73,  74,  75,  76,  77,  78,  79,  80, 0,
    81,  82,  83,  84,  85,  86,  0,   87,  88,  89,  90,  0,   91,  92,  93,  95,  96,  97,  98,  99, 100,
    101, 0,   102, 103, 104, 105, 106, 0,   0,   0,   107, 108, 109, 110, 27,  106, 111, 112, 113, 0,  114,
    115, 114, 114, 116, 117, 0,   118, 119, 121, 122, 120, 123, 124, 125, 126,
};

// No list among the options of any op is as long as this.
constexpr flatbuffers::uoffset_t kLongestList = 1024;

flatbuffers::voffset_t FieldOffset(int slot) { return static_cast<flatbuffers::voffset_t>(4 + 2 * slot); }

template <typename T>
bool VerifyVector(flatbuffers::Verifier& verifier, const flatbuffers::Table* table, flatbuffers::voffset_t field) {
  if (!table->VerifyOffset(verifier, field)) return false;
  const auto* vector = table->GetPointer<const flatbuffers::Vector<T>*>(field);
  return verifier.VerifyVector(vector) && (vector == nullptr || vector->size() <= kLongestList);
}

template <typename T>
std::vector<int64_t> ReadVector(const flatbuffers::Table* table, flatbuffers::voffset_t field) {
  const auto* vector = table->GetPointer<const flatbuffers::Vector<T>*>(field);
  std::vector<int64_t> values;
  if (vector == nullptr) return values;
  for (int i = 0; i < Count(vector); ++i) values.push_back(static_cast<int64_t>(ElementAt(*vector, i)));
  return values;
}

}  // namespace

const char* OptionsLayout(int type) {
  return type > 0 && type < static_cast<int>(std::size(kLayouts)) ? kLayouts[type] : nullptr;
}

const char* OptionsLayout2(int type) {
  return type > 0 && type < static_cast<int>(std::size(kLayouts2)) ? kLayouts2[type] : nullptr;
}

int OptionsTypeOf(int op_code) {
  return op_code >= 0 && op_code < static_cast<int>(std::size(kOptionsOfOp)) ? kOptionsOfOp[op_code] : 0;
}

bool VerifyOptions(flatbuffers::Verifier& verifier, const flatbuffers::Table* table, const char* layout) {
  if (!table->VerifyTableStart(verifier)) return false;
  for (int slot = 0; layout[slot] != '\0'; ++slot) {
    const flatbuffers::voffset_t field = FieldOffset(slot);
    bool good = true;
    switch (layout[slot]) {
      case 'b': good = table->VerifyField<uint8_t>(verifier, field, sizeof(uint8_t)); break;
      case 'i':
      case 'f': good = table->VerifyField<uint32_t>(verifier, field, sizeof(uint32_t)); break;
      case 'l': good = table->VerifyField<uint64_t>(verifier, field, sizeof(uint64_t)); break;
      case 'v':
      case 'x': good = VerifyVector<int32_t>(verifier, table, field); break;
      case 'w': good = VerifyVector<int64_t>(verifier, table, field); break;
      case 'u': good = VerifyVector<uint8_t>(verifier, table, field); break;
      case 's':
        good = table->VerifyOffset(verifier, field) &&
               verifier.VerifyString(table->GetPointer<const flatbuffers::String*>(field));
        break;
      default: break;
    }
    if (!good) return false;
  }
  return verifier.EndTable();
}

char OptionsReader::TypeOf(int slot) const {
  if (table_ == nullptr || layout_ == nullptr || slot >= static_cast<int>(std::strlen(layout_))) return '?';
  return layout_[slot];
}

int64_t OptionsReader::Int(int slot, int64_t fallback) const {
  const flatbuffers::voffset_t field = FieldOffset(slot);
  switch (TypeOf(slot)) {
    case 'b': return table_->GetField<int8_t>(field, static_cast<int8_t>(fallback));
    case 'i': return table_->GetField<int32_t>(field, static_cast<int32_t>(fallback));
    case 'l': return table_->GetField<int64_t>(field, fallback);
    default: return fallback;
  }
}

float OptionsReader::Float(int slot, float fallback) const {
  return TypeOf(slot) == 'f' ? table_->GetField<float>(FieldOffset(slot), fallback) : fallback;
}

std::vector<int64_t> OptionsReader::Ints(int slot) const {
  switch (TypeOf(slot)) {
    case 'v': return ReadVector<int32_t>(table_, FieldOffset(slot));
    case 'w': return ReadVector<int64_t>(table_, FieldOffset(slot));
    default: return {};
  }
}

}  // namespace safelight
