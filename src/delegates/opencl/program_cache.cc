// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/program_cache.h"

#include <sys/stat.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <sstream>

#include "base/file.h"

namespace safelight::opencl {
namespace {

// A file: the header, the identity of device and driver, the source, the driver's binary. The source is kept, so that
// two sources of one hash do not get each other's program.
struct Header {
  char magic[8];
  uint64_t identity_bytes, source_bytes, binary_bytes, hash;  // the last of all that follows
};
constexpr char kMagic[8] = {'S', 'L', 'C', 'L', 'P', 'R', 'G', '1'};

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
uint64_t Hash(const void* data, size_t size, uint64_t hash = 14695981039346656037u) {
  for (size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 1099511628211u;
  return hash;
}

Status Build(const Device& device, const Program& program) {
  const Library& library = *device.library;
  const cl_int error = library.clBuildProgram(program.get(), 1, &device.id, "", nullptr, nullptr);
  if (error == CL_SUCCESS) return {};
  size_t size = 0;
  library.clGetProgramBuildInfo(program.get(), device.id, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size);
  std::string log(size, '\0');
  library.clGetProgramBuildInfo(program.get(), device.id, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr);
  log.resize(std::min(log.find('\0'), log.size()));
  // The first lines say what is wrong, the rest is a consequence.
  std::istringstream lines(log);
  std::string said;
  for (std::string line; said.size() < 400 && std::getline(lines, line);) said += (said.empty() ? "" : " / ") + line;
  return Unsupported("the driver's compiler says ", ErrorName(error), said.empty() ? "" : ": ", said);
}

Result<Program> FromSource(const Device& device, const std::string& source) {
  const char* text = source.c_str();
  cl_int error = CL_SUCCESS;
  Program program(device.library,
                  device.library->clCreateProgramWithSource(device.context.get(), 1, &text, nullptr, &error));
  SL_TRY(Check(error, "clCreateProgramWithSource"));
  SL_TRY(Build(device, program));
  return program;
}

Result<Program> FromBinary(const Device& device, std::span<const std::byte> binary) {
  const size_t size = binary.size();
  const auto* data = reinterpret_cast<const unsigned char*>(binary.data());
  cl_int error = CL_SUCCESS, state = CL_SUCCESS;
  Program program(device.library, device.library->clCreateProgramWithBinary(device.context.get(), 1, &device.id, &size,
                                                                            &data, &state, &error));
  SL_TRY(Check(error, "clCreateProgramWithBinary"));
  SL_TRY(Check(state, "clCreateProgramWithBinary"));
  SL_TRY(Build(device, program));
  return program;
}

// The binary inside a file of the cache; the error says what is wrong with it.
Result<std::span<const std::byte>> ReadFile(std::span<const std::byte> bytes, const std::string& identity,
                                            const std::string& source) {
  Header header;
  if (bytes.size() < sizeof(header)) return CorruptData("is cut");
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes = bytes.subspan(sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) return CorruptData("is no program of ours");
  if (header.identity_bytes != identity.size() || header.source_bytes != source.size() ||
      bytes.size() < identity.size() + source.size() ||
      std::memcmp(bytes.data(), identity.data(), identity.size()) != 0 ||
      std::memcmp(bytes.data() + identity.size(), source.data(), source.size()) != 0) {
    return CorruptData("belongs to another device, driver or network");
  }
  const std::span<const std::byte> binary = bytes.subspan(identity.size() + source.size());
  if (binary.size() != header.binary_bytes || binary.empty()) return CorruptData("is cut");
  if (Hash(bytes.data(), bytes.size()) != header.hash) return CorruptData("has other bytes than were written");
  return binary;
}

Result<std::vector<std::byte>> FileOf(const Device& device, const Program& program, const std::string& source) {
  const Library& library = *device.library;
  size_t size = 0;
  SL_TRY(Check(library.clGetProgramInfo(program.get(), CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, nullptr),
               "clGetProgramInfo"));
  if (size == 0) return Unsupported("the driver gives no binary");
  const std::string identity = device.Identity();
  std::vector<std::byte> bytes(sizeof(Header) + identity.size() + source.size() + size);
  std::byte* const behind = bytes.data() + sizeof(Header);
  std::memcpy(behind, identity.data(), identity.size());
  std::memcpy(behind + identity.size(), source.data(), source.size());
  auto* binary = reinterpret_cast<unsigned char*>(behind + identity.size() + source.size());
  SL_TRY(Check(library.clGetProgramInfo(program.get(), CL_PROGRAM_BINARIES, sizeof(binary), &binary, nullptr),
               "clGetProgramInfo"));
  Header header{{}, identity.size(), source.size(), size, Hash(behind, bytes.size() - sizeof(Header))};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

// Nothing where there is no usable file; a note where there is one that cannot be used.
std::optional<Program> FromCache(const Device& device, const std::string& path, const std::string& source,
                                 std::vector<std::string>* notes) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  const auto use = [&]() -> Result<Program> {
    SL_ASSIGN(const auto file, MappedFile::Open(path));
    SL_ASSIGN(const auto binary, ReadFile(file->bytes(), device.Identity(), source));
    return FromBinary(device, binary);
  };
  Result<Program> program = use();
  if (program.ok()) return std::move(*program);
  notes->push_back(Cat(path, " ", program.status().message(), ": it is compiled anew"));
  return std::nullopt;
}

}  // namespace

std::string CachePath(const Device& device, const std::string& folder, const std::string& source) {
  const std::string identity = device.Identity();
  const uint64_t hash = Hash(source.data(), source.size(), Hash(identity.data(), identity.size()));
  char name[64];
  std::snprintf(name, sizeof(name), "/opencl-%016" PRIx64 ".program", hash);
  return folder + name;
}

Result<Program> BuildProgram(const Device& device, const std::string& folder, const std::string& source,
                             std::vector<std::string>* notes) {
  if (folder.empty()) return FromSource(device, source);
  const std::string path = CachePath(device, folder, source);
  if (std::optional<Program> program = FromCache(device, path, source, notes)) return std::move(*program);
  SL_ASSIGN(Program program, FromSource(device, source));
  const Result<std::vector<std::byte>> file = FileOf(device, program, source);
  Status kept = file.status();
  if (file.ok()) kept = WriteFileAtomically(path, *file);
  if (!kept.ok()) notes->push_back(Cat("the compiled program is not kept: ", kept.message()));
  return program;
}

}  // namespace safelight::opencl
