// SPDX-License-Identifier: Apache-2.0
#include "tflite_abi/types.h"

#include <iterator>

namespace safelight::host {
namespace {

// By the interface's number, from 1 on: the type, and its number in files.
struct Row {
  DType dtype;
  int64_t file;
};
constexpr Row kTypes[] = {
    {DType::kFloat32, 0}, {DType::kInt32, 2},     {DType::kUInt8, 3},     {DType::kInt64, 4},
    {DType::kString, 5},  {DType::kBool, 6},      {DType::kInt16, 7},     {DType::kComplex64, 8},
    {DType::kInt8, 9},    {DType::kFloat16, 1},   {DType::kFloat64, 10},  {DType::kComplex128, 11},
    {DType::kUInt64, 12}, {DType::kResource, 13}, {DType::kVariant, 14},  {DType::kUInt32, 15},
    {DType::kUInt16, 16}, {DType::kInt4, 17},     {DType::kBFloat16, 18},
};
constexpr int32_t kCount = static_cast<int32_t>(std::size(kTypes));

}  // namespace

std::optional<DType> DTypeOf(int32_t type) {
  if (type < 1 || type > kCount) return std::nullopt;
  return kTypes[type - 1].dtype;
}

int32_t TypeOf(DType dtype) {
  int32_t type = 1;
  while (type <= kCount && kTypes[type - 1].dtype != dtype) ++type;
  return type <= kCount ? type : 0;
}

int32_t TypeOfFile(int64_t file_type) {
  for (int32_t type = 1; type <= kCount; ++type) {
    if (kTypes[type - 1].file == file_type) return type;
  }
  return static_cast<int32_t>(file_type);
}

int64_t FileTypeOf(int32_t type) { return type < 1 || type > kCount ? type : kTypes[type - 1].file; }

}  // namespace safelight::host
