// SPDX-License-Identifier: Apache-2.0
//
// POSIX files: O_EXCL for a name of our own, rename for the step from nothing to everything.
#include "image/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/status.h"

namespace safelight {
namespace {

std::atomic<unsigned> serial_number{0};

// The path with symbolic links followed, so that a rename replaces the file and not the link. A link
// to nothing is followed too.
std::string Resolved(const std::string& path) {
  std::string current = path;
  for (int depth = 0; depth < 40; ++depth) {
    char text[PATH_MAX];
    const ssize_t length = ::readlink(current.c_str(), text, sizeof(text));
    if (length <= 0 || length == static_cast<ssize_t>(sizeof(text))) return current;
    const std::string link(text, static_cast<size_t>(length));
    const size_t slash = current.rfind('/');
    current = link[0] == '/' || slash == std::string::npos ? link : current.substr(0, slash + 1) + link;
  }
  return current;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

std::string ExtensionOf(const std::string& path) {
  const std::string name = path.substr(FolderOf(path).size());
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || name.size() - dot > 16 ? std::string() : name.substr(dot);
}

}  // namespace

std::string ErrnoText(int error_number) {
  switch (error_number) {
    case ENOSPC: return "no space is left on the device";
    case ENOENT: return "no such file or folder";
    case EACCES: return "permission denied";
    case EISDIR: return "it is a folder";
    case EFBIG: return "the file grows beyond the allowed size";
    case EDQUOT: return "the disk quota is used up";
    case EROFS: return "the file system is read-only";
    default: return std::strerror(error_number);
  }
}

Status OutputFile::Fail(const char* what, int error_number) {
  status_ = error_number == ENOENT ? NotFound(what, ": ", ErrnoText(error_number))
                                   : IoError(what, ": ", ErrnoText(error_number));
  return status_;
}

Status OutputFile::Open(const std::string& path) {
  target_path_ = Resolved(path);
  struct stat info;
  const bool exists = ::stat(target_path_.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return Fail("cannot write", EISDIR);
  // Only a regular file can be replaced by a rename; a device is what its writer means.
  in_place_ = exists && !S_ISREG(info.st_mode);
  if (in_place_) {
    temporary_path_ = target_path_;
    file_ = std::fopen(target_path_.c_str(), "wbe");
    return file_ == nullptr ? Fail("cannot write", errno) : Status();
  }
  if (exists && ::access(target_path_.c_str(), W_OK) != 0) return Fail("cannot write", errno);
  int descriptor = -1;
  for (int attempt = 0; attempt < 100 && descriptor < 0; ++attempt) {
    temporary_path_ = Cat(FolderOf(target_path_), ".safelight-", ::getpid(), "-", serial_number.fetch_add(1), ".tmp",
                          ExtensionOf(target_path_));
    descriptor = ::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) break;
  }
  if (descriptor < 0) {
    const int error_number = errno;
    temporary_path_.clear();
    if (error_number == ENOENT || error_number == ENOTDIR) return Fail("cannot write, the folder is missing", ENOENT);
    return Fail("cannot write", error_number);
  }
  // Refused on some file systems (FAT); then the file gets the folder's usual permissions.
  if (exists && ::fchmod(descriptor, info.st_mode & 07777) != 0) errno = 0;
  file_ = ::fdopen(descriptor, "wb");
  if (file_ != nullptr) return {};
  const int error_number = errno;
  ::close(descriptor);
  return Fail("cannot write", error_number);
}

Status OutputFile::Write(std::span<const std::byte> bytes) {
  if (!status_.ok()) return status_;
  if (file_ == nullptr) return Internal("a write to a file that is not open");
  if (bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return {};
  return Fail("cannot write", errno);
}

Status OutputFile::Commit() {
  if (!status_.ok()) return status_;
  if (file_ == nullptr) return Internal("a commit of a file that is not open");
  const bool flushed = std::fclose(file_) == 0;
  const int error_number = errno;
  file_ = nullptr;
  if (!flushed) return Fail("cannot write", error_number);
  if (in_place_) return {};
  if (::rename(temporary_path_.c_str(), target_path_.c_str()) != 0) return Fail("cannot rename", errno);
  temporary_path_.clear();
  return {};
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!temporary_path_.empty() && !in_place_) ::unlink(temporary_path_.c_str());
}

}  // namespace safelight
