// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/channel.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/memory.h"

namespace safelight {

std::vector<size_t> PortPlaces(const ExternalNetwork& network, Job job) {
  if (job == Job::kLook) return {0, network.nodes.size() * sizeof(int32_t)};
  std::vector<size_t> places{0};
  for (const std::vector<int32_t>* ports : {&network.inputs, &network.outputs}) {
    for (int32_t tensor : *ports) {
      places.push_back(AlignUp(places.back() + network.tensors[static_cast<size_t>(tensor)].bytes));
    }
  }
  return places;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept { *this = std::move(other); }

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_bytes_);
  if (fd_ >= 0) ::close(fd_);
}

Result<SharedMemory> SharedMemory::Create(size_t size_bytes) {
  SharedMemory memory;
  memory.fd_ = ::memfd_create("safelight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  // Its size is settled, so that no library makes the other side's reads a fault.
  if (memory.fd_ < 0 || ::ftruncate(memory.fd_, static_cast<off_t>(size_bytes)) != 0 ||
      ::fcntl(memory.fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return ResourceLimit("no shared memory of ", size_bytes, " bytes: ", std::strerror(errno));
  }
  return Map(std::exchange(memory.fd_, -1));
}

Result<SharedMemory> SharedMemory::Map(int fd) {
  SharedMemory memory;
  memory.fd_ = fd;
  struct stat about {};
  if (::fstat(fd, &about) != 0) return IoError("no shared memory: ", std::strerror(errno));
  const auto size = static_cast<size_t>(about.st_size);
  if (size < sizeof(SharedHead)) return CorruptData("shared memory of ", size, " bytes");
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return ResourceLimit("shared memory of ", size, " bytes: ", std::strerror(errno));
  memory.data_ = static_cast<std::byte*>(data);
  memory.size_bytes_ = size;
  return memory;
}

Status SharedMemory::Protect(size_t begin, size_t end) {
  if (begin > end || end > size_bytes_) return CorruptData("shared memory that ends too early");
  if (::mprotect(data_ + begin, end - begin, PROT_READ) != 0) return IoError("mprotect: ", std::strerror(errno));
  return {};
}

std::string PackAnswer(const Status& status) {
  std::string answer(1, static_cast<char>(status.code()));
  return answer + status.message().substr(0, kLongestAnswer - 1);
}

Status UnpackAnswer(std::span<const char> answer) {
  if (answer.empty() || answer[0] < 0 || answer[0] > static_cast<char>(StatusCode::kInternal)) {
    return CorruptData("an answer that is none");
  }
  if (answer[0] == 0) return {};
  return Status(static_cast<StatusCode>(answer[0]), std::string(answer.begin() + 1, answer.end()));
}

}  // namespace safelight
