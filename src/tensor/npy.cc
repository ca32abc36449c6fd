// SPDX-License-Identifier: Apache-2.0
#include "safelight/npy.h"

#include <cstring>
#include <string_view>

#include "base/file.h"
#include "tensor/tensor.h"

namespace safelight {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

constexpr struct {
  DType dtype;
  const char* descr;
} kDescriptions[] = {
    {DType::kFloat32, "<f4"},   {DType::kFloat16, "<f2"}, {DType::kFloat64, "<f8"}, {DType::kInt8, "|i1"},
    {DType::kUInt8, "|u1"},     {DType::kInt16, "<i2"},   {DType::kUInt16, "<u2"},  {DType::kInt32, "<i4"},
    {DType::kUInt32, "<u4"},    {DType::kInt64, "<i8"},   {DType::kUInt64, "<u8"},  {DType::kBool, "|b1"},
    {DType::kComplex64, "<c8"},
};

// The text after "'key':" in the header's dictionary, without blanks in front.
Result<std::string_view> Field(std::string_view header, std::string_view key) {
  const size_t at = header.find(key);
  if (at == header.npos) return CorruptData("the header has no ", key);
  const size_t value = header.find_first_not_of(" :", at + key.size());
  if (value == header.npos) return CorruptData("the header ends after ", key);
  return header.substr(value);
}

Result<Shape> ParseShape(std::string_view text) {
  const size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == text.npos) return CorruptData("the header's shape is not a tuple");
  Shape shape;
  int64_t number = -1;
  for (char c : text.substr(1, end)) {
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number) * 10 + (c - '0');
      if (number > int64_t{1} << 40) return CorruptData("a size of ", number);
    } else if ((c == ',' || c == ')') && number >= 0) {
      if (shape.rank() == Shape::kMaxRank) return Unsupported("more than ", Shape::kMaxRank, " axes");
      shape.push_back(number);
      number = -1;
    } else if (c != ' ' && c != ',' && c != ')') {
      return CorruptData("the header's shape has a '", c, "'");
    }
  }
  return shape;
}

Result<DType> ParseType(std::string_view text) {
  for (const auto& entry : kDescriptions) {
    // One-byte types have no order, so "<i1" is written too.
    const std::string_view descr(entry.descr);
    if (text.size() > 4 && (text.substr(1, 3) == descr || (descr[0] == '|' && text.substr(2, 2) == descr.substr(1)))) {
      return entry.dtype;
    }
  }
  return Unsupported("elements of type ", text.substr(0, 8));
}

Result<NpyArray> Parse(std::span<const std::byte> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!file.starts_with(kMagic) || file.size() < 12) return CorruptData("not a .npy file");
  const int version = file[6];
  const size_t length_bytes = version == 1 ? 2 : 4;
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length * 256 + static_cast<uint8_t>(file[8 + i]);
  const size_t begin = 8 + length_bytes;
  if (length > file.size() - begin) return CorruptData("the file ends inside its header");
  const std::string_view header = file.substr(begin, length);
  NpyArray array;
  SL_ASSIGN(const std::string_view descr, Field(header, "'descr'"));
  SL_ASSIGN(array.dtype, ParseType(descr));
  SL_ASSIGN(const std::string_view order, Field(header, "'fortran_order'"));
  if (order.starts_with("True")) return Unsupported("Fortran order; save with np.ascontiguousarray");
  SL_ASSIGN(const std::string_view shape, Field(header, "'shape'"));
  SL_ASSIGN(array.shape, ParseShape(shape));
  const std::span<const std::byte> data = bytes.subspan(begin + length);
  if (TensorBytes(array.dtype, array.shape) != static_cast<int64_t>(data.size())) {
    return CorruptData("shape ", array.shape.ToString(), " of ", DTypeName(array.dtype), " needs ",
                       TensorBytes(array.dtype, array.shape), " bytes, the file has ", data.size());
  }
  array.data.assign(data.begin(), data.end());
  return array;
}

}  // namespace

Result<NpyArray> ReadNpy(const std::string& path) {
  SL_ASSIGN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  Result<NpyArray> array = Parse(file->bytes());
  if (!array.ok()) return array.status().With(path);
  return array;
}

Status WriteNpy(const std::string& path, const ConstTensorView& tensor) {
  const char* descr = nullptr;
  for (const auto& entry : kDescriptions) {
    if (entry.dtype == tensor.dtype) descr = entry.descr;
  }
  if (descr == nullptr) return Unsupported(path, ": ", DTypeName(tensor.dtype), " has no place in a .npy file");
  std::string header = Cat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (");
  for (int64_t dim : tensor.shape.dims()) header += Cat(dim, ", ");
  header += "), }";
  // The data start on a multiple of 64 bytes, as the format asks.
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::vector<std::byte> bytes(10 + header.size() + tensor.size_bytes());
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  bytes[6] = std::byte{1};
  bytes[8] = static_cast<std::byte>(header.size() & 255);
  bytes[9] = static_cast<std::byte>(header.size() >> 8);
  std::memcpy(bytes.data() + 10, header.data(), header.size());
  if (tensor.size_bytes() > 0) std::memcpy(bytes.data() + 10 + header.size(), tensor.data, tensor.size_bytes());
  return WriteFileAtomically(path, bytes);
}

}  // namespace safelight
