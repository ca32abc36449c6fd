// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace safelight {
namespace {

Status SystemError(const std::string& path, const char* what) {
  const int error = errno;
  if (error == ENOENT) return NotFound(path, ": ", what, ": no such file or folder");
  return IoError(path, ": ", what, ": ", std::strerror(error));
}

// A file descriptor that closes itself.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

// Opens a file beside `path` that did not exist, with the rights that any other file of this user gets.
int CreateBeside(const std::string& path, std::string* beside) {
  static std::atomic<unsigned> count = 0;
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    *beside = Cat(path, ".part-", getpid(), "-", count++);
    const int fd = open(beside->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

Status WriteAll(int fd, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return SystemError(path, "cannot write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<MappedFile>> MappedFile::Open(const std::string& path) {
  // O_NONBLOCK: a pipe would otherwise hold the program until somebody writes into it.
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return SystemError(path, "cannot open");
  struct stat info;
  if (fstat(file.fd, &info) != 0) return SystemError(path, "cannot read");
  if (!S_ISREG(info.st_mode)) return IoError(path, ": not a file");
  if (info.st_size == 0) return CorruptData(path, ": the file is empty");
  void* data = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) return SystemError(path, "cannot map");
  std::shared_ptr<MappedFile> map(new MappedFile);
  map->data_ = static_cast<const std::byte*>(data);
  map->size_bytes_ = static_cast<size_t>(info.st_size);
  map->mapped_ = true;
  return map;
}

std::shared_ptr<MappedFile> MappedFile::FromCopy(std::span<const std::byte> bytes) {
  std::shared_ptr<MappedFile> map(new MappedFile);
  map->copy_.resize((bytes.size() + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
  if (!bytes.empty()) std::memcpy(map->copy_.data(), bytes.data(), bytes.size());
  map->data_ = reinterpret_cast<const std::byte*>(map->copy_.data());
  map->size_bytes_ = bytes.size();
  return map;
}

void MappedFile::ReleasePages() const {
  // Only advice: where it is not taken, the pages stay.
  if (mapped_) madvise(const_cast<std::byte*>(data_), size_bytes_, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (mapped_) munmap(const_cast<std::byte*>(data_), size_bytes_);
}

Status WriteFileAtomically(const std::string& path, std::span<const std::byte> bytes) {
  // A device or a pipe is written to; renaming over it would replace it by a file.
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    if (S_ISDIR(info.st_mode)) return IoError(path, ": is a folder");
    const Descriptor device{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (device.fd < 0) return SystemError(path, "cannot write");
    return WriteAll(device.fd, path, bytes);
  }
  std::string beside;
  Descriptor file{CreateBeside(path, &beside)};
  if (file.fd < 0) return SystemError(path, "cannot write");
  Status status = WriteAll(file.fd, path, bytes);
  // Some file systems tell only here that the disk is full.
  if (close(std::exchange(file.fd, -1)) != 0 && status.ok()) status = SystemError(path, "cannot write");
  if (status.ok() && rename(beside.c_str(), path.c_str()) != 0) status = SystemError(path, "cannot write");
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

}  // namespace safelight
