// SPDX-License-Identifier: Apache-2.0
//
// What this process and the one that runs a library share: a piece of memory with the request and the tensors, and a
// socket for orders and answers, one message each.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "delegates/external/hosted.h"
#include "delegates/external/network.h"

namespace safelight {

// Where the process that is started finds its socket and the memory.
inline constexpr int kSocketFd = 3, kMemoryFd = 4;

// An order, one byte. The first answer comes without one, when the library is ready.
enum class Order : char { kRun = 'R', kQuit = 'Q' };
enum class Job : uint32_t { kLook = 0, kRun = 1 };

// The beginning of the shared memory; the request follows on the next page, then the tensors on another.
struct SharedHead {
  static constexpr uint32_t kMagic = 0x534c4831;  // of this layout; the two programs may be of different builds
  uint32_t magic = kMagic;
  Job job = Job::kLook;
  uint64_t request_bytes = 0, ports_at = 0, total_bytes = 0;
  PhaseMark phase{ExternalPhase::kLoad};
};
static_assert(std::atomic<ExternalPhase>::is_always_lock_free);
inline constexpr size_t kPage = 65536;  // the largest of all machines

// Where each input, then each output, lies behind SharedHead::ports_at, and behind the last the end. Of a look: one
// int32 for each node.
std::vector<size_t> PortPlaces(const ExternalNetwork& network, Job job);

// Memory that both processes map; starts as zeros.
class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();
  // Errors: kResourceLimit.
  static Result<SharedMemory> Create(size_t size_bytes);
  // What `fd` stands for, as far as it goes.
  static Result<SharedMemory> Map(int fd);
  // Makes a stray write into [begin, end), which lie on pages, a fault of this process.
  Status Protect(size_t begin, size_t end);

  int fd() const { return fd_; }
  std::byte* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }
  SharedHead& head() const { return *reinterpret_cast<SharedHead*>(data_); }

 private:
  int fd_ = -1;
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
};

// An answer in bytes and back: good, or a code with a sentence.
std::string PackAnswer(const Status& status);
Status UnpackAnswer(std::span<const char> answer);
inline constexpr size_t kLongestAnswer = 8192;

// The other side: what the helper program does with its socket and memory. The exit code of its process.
int RunIsolatedChild();

}  // namespace safelight
