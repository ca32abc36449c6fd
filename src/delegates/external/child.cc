// SPDX-License-Identifier: Apache-2.0
//
// The process that a library runs in.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "delegates/external/channel.h"

namespace safelight {
namespace {

// Ends this process when the one that started it is gone, also while the library is at work.
void WatchParent() {
  pollfd parent{kSocketFd, POLLRDHUP, 0};
  while (::poll(&parent, 1, -1) < 0 || (parent.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) == 0) {
  }
  ::_exit(0);
}

bool Answer(const Status& status) {
  const std::string answer = PackAnswer(status);
  return ::send(kSocketFd, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
}

bool NextOrder(Order* order) {
  char letter = 0;
  if (::recv(kSocketFd, &letter, 1, 0) != 1) return false;
  *order = static_cast<Order>(letter);
  return true;
}

Status Look(const ExternalRequest& request, SharedMemory& memory) {
  SharedHead& head = memory.head();
  SL_ASSIGN(const std::vector<int32_t> claims, LookAtNetwork(request, &head.phase));
  std::memcpy(memory.data() + head.ports_at, claims.data(), claims.size() * sizeof(int32_t));
  return {};
}

// Runs until told to quit. An error: before the first run.
Status Serve(const ExternalRequest& request, SharedMemory& memory) {
  SharedHead& head = memory.head();
  SL_ASSIGN(const std::unique_ptr<HostedKernels> kernels, HostedKernels::Create(request, &head.phase));
  const std::vector<size_t> places = PortPlaces(request.network, Job::kRun);
  std::vector<const std::byte*> inputs;
  std::vector<std::byte*> outputs;
  for (size_t i = 0; i + 1 < places.size(); ++i) {
    std::byte* at = memory.data() + head.ports_at + places[i];
    if (i < request.network.inputs.size()) {
      inputs.push_back(at);
    } else {
      outputs.push_back(at);
    }
  }
  if (!Answer({})) return {};
  Order order = Order::kQuit;
  while (NextOrder(&order) && order == Order::kRun) {
    if (!Answer(kernels->Run(inputs, outputs))) break;
  }
  return {};
}

Status Work() {
  SL_ASSIGN(SharedMemory memory, SharedMemory::Map(kMemoryFd));
  SharedHead& head = memory.head();
  if (head.magic != SharedHead::kMagic) return Unsupported("the helper program is of another version of safelight");
  const size_t end = head.ports_at;
  if (head.total_bytes > memory.size_bytes() || end > head.total_bytes || end < kPage ||
      head.request_bytes > end - kPage) {
    return CorruptData("shared memory that ends too early");
  }
  SL_TRY(memory.Protect(kPage, end));
  SL_ASSIGN(const ExternalRequest request, UnpackRequest({memory.data() + kPage, head.request_bytes}));
  const Job job = head.job;
  if (PortPlaces(request.network, job).back() > head.total_bytes - end) return CorruptData("too little memory");
  if (job == Job::kRun) return Serve(request, memory);
  SL_TRY(Look(request, memory));
  Answer({});
  return {};
}

}  // namespace

int RunIsolatedChild() {
  std::thread(WatchParent).detach();
  const Status status = Work();
  if (!status.ok()) Answer(status);
  // Not by exit: what libraries do at the end of a process is where they crash.
  ::_exit(status.ok() ? 0 : 1);
}

}  // namespace safelight
