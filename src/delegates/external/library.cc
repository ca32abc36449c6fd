// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/library.h"

#include <dlfcn.h>
#include <elf.h>

#include <cstdio>
#include <cstring>
#include <mutex>

#include "delegates/external/guard.h"

namespace safelight {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr uint16_t kMachine = EM_RISCV;
#else
constexpr uint16_t kMachine = EM_NONE;
#endif

std::string MachineName(uint16_t machine) {
  switch (machine) {
    case EM_X86_64: return "x86-64";
    case EM_AARCH64: return "arm64";
    case EM_ARM: return "32-bit Arm";
    case EM_386: return "32-bit x86";
    case EM_RISCV: return "RISC-V";
    default: return Cat("machine number ", machine);
  }
}

// The interface's callback has no room for whom it belongs to, so one delegate is made at a time.
std::mutex create_mutex;
std::mutex said_mutex;
std::string said;

void Listen(const char* text) {
  const std::lock_guard<std::mutex> lock(said_mutex);
  const std::string message = CleanMessage(text);
  if (said.size() < 2000) said += Cat(said.empty() ? "" : "; ", message);
}

std::string TakeSaid() {
  const std::lock_guard<std::mutex> lock(said_mutex);
  return std::exchange(said, {});
}

}  // namespace

std::string CleanMessage(const char* text) {
  if (text == nullptr) return "(a message that is null)";
  constexpr size_t kLongest = 1000;
  std::string line;
  for (; *text != '\0' && line.size() < kLongest; ++text) {
    const auto letter = static_cast<unsigned char>(*text);
    line += letter < 32 || letter == 127 ? ' ' : *text;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

namespace {

// The loader maps what the file's table of segments says, and a file that ends before would be the end of the process.
Status CheckSegments(const Elf64_Ehdr& head, std::FILE* file) {
  const long size = std::fseek(file, 0, SEEK_END) == 0 ? std::ftell(file) : -1;
  if (size < 0) return IoError("it cannot be read");
  const auto file_size = static_cast<uint64_t>(size);
  for (uint64_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const uint64_t at = head.e_phoff + i * head.e_phentsize;
    if (head.e_phentsize < sizeof(segment) || at > file_size || file_size - at < sizeof(segment) ||
        std::fseek(file, static_cast<long>(at), SEEK_SET) != 0 || std::fread(&segment, sizeof(segment), 1, file) != 1 ||
        segment.p_offset > file_size || segment.p_filesz > file_size - segment.p_offset) {
      return CorruptData("the file is damaged or was cut off: it ends after ", file_size, " bytes");
    }
  }
  return {};
}

Status CheckElf(std::FILE* file) {
  Elf64_Ehdr head{};
  const size_t size = std::fread(&head, 1, sizeof(head), file);
  if (size < EI_NIDENT || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) {
    return Unsupported("it is not a shared library (no ELF file)");
  }
  if (size < sizeof(head)) return CorruptData("the file is damaged or was cut off: it ends after ", size, " bytes");
  if (head.e_machine != kMachine) {
    return Unsupported("it is for ", MachineName(head.e_machine), ", this program runs on ", MachineName(kMachine));
  }
  if (head.e_type != ET_DYN) return Unsupported("it is not a shared library (ELF type ", head.e_type, ")");
  return CheckSegments(head, file);
}

}  // namespace

Status CheckLibraryFile(const std::string& path) {
  if (path.find('/') == std::string::npos) return {};
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return NotFound("there is no such file, or it may not be read");
  const Status status = CheckElf(file);
  std::fclose(file);
  return status;
}

std::string LibraryVersion(const std::string& path) {
  std::FILE* file = path.find('/') == std::string::npos ? nullptr : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return {};
  // FNV-1a, on words for speed.
  uint64_t sum = 0xcbf29ce484222325u, size_bytes = 0;
  std::vector<uint64_t> block(1 << 13);
  for (size_t size = 0; (size = std::fread(block.data(), 1, block.size() * sizeof(uint64_t), file)) > 0;) {
    std::memset(reinterpret_cast<char*>(block.data()) + size, 0, block.size() * sizeof(uint64_t) - size);
    for (size_t i = 0; i < (size + 7) / 8; ++i) sum = (sum ^ block[i]) * 0x100000001b3u;
    size_bytes += size;
  }
  std::fclose(file);
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(sum));
  return Cat(size_bytes, " bytes, sum ", digits);
}

Result<std::shared_ptr<const ExternalLibrary>> ExternalLibrary::Open(const std::string& path) {
  SL_TRY(CheckLibraryFile(path));
  void* loaded = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) return Unsupported("it does not load: ", CleanMessage(::dlerror()));
  auto library = std::make_shared<ExternalLibrary>();
  library->create_ = reinterpret_cast<host::CreateDelegate>(::dlsym(loaded, host::kCreateSymbol));
  library->destroy_ = reinterpret_cast<host::DestroyDelegate>(::dlsym(loaded, host::kDestroySymbol));
  const bool create = library->create_ != nullptr;
  if (!create || library->destroy_ == nullptr) {
    return Unsupported("it is no TFLite external delegate: it has no ",
                       create ? host::kDestroySymbol : host::kCreateSymbol);
  }
  return std::shared_ptr<const ExternalLibrary>(std::move(library));
}

void ExternalLibrary::Destroy::operator()(host::Delegate* delegate) const {
  GuardLibrary([&] { destroy(delegate); }).ok();  // nothing is left to be done about an error
}

Result<ExternalLibrary::Handle> ExternalLibrary::Create(const ExternalOptions& options) const {
  if (options.size() > kMostExternalOptions) {
    return InvalidArgument(options.size(), " options, a TFLite external delegate gets at most ", kMostExternalOptions);
  }
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : options) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  const std::lock_guard<std::mutex> lock(create_mutex);
  TakeSaid();
  host::Delegate* made = nullptr;
  SL_TRY(GuardLibrary([&] { made = create_(keys.data(), values.data(), options.size(), Listen); }).With("making it"));
  const std::string message = TakeSaid();
  if (made == nullptr) {
    return Unsupported("it could not be made: ", message.empty() ? "it does not say why" : message);
  }
  Handle handle(made, {destroy_});
  if (made->prepare == nullptr) {
    // `builder` came later, so only a delegate without `prepare` is sure to have it.
    return Unsupported("it is of the opaque kind of delegates, which is not hosted here (it has no Prepare function)");
  }
  return handle;
}

}  // namespace safelight
