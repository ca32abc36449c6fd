// SPDX-License-Identifier: Apache-2.0
//
// A process that runs a library, as its parent sees it.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/status.h"
#include "delegates/external/channel.h"

namespace safelight {

// The helper program: $SAFELIGHT_DELEGATE_PROCESS, else safelight_delegate_process beside the running program, beside
// the library that this code is in, in ../bin of either, or where it was installed.
Result<std::string> FindHelperProgram();

class IsolatedProcess {
 public:
  IsolatedProcess() = default;
  IsolatedProcess(const IsolatedProcess&) = delete;
  IsolatedProcess& operator=(const IsolatedProcess&) = delete;
  ~IsolatedProcess() { Stop(); }

  // Starts the helper program on this memory.
  Status Start(const SharedMemory& memory);
  bool running() const { return pid_ > 0; }
  Status Send(Order order);
  // The answer. When the process ends instead, or says nothing for so long, it is gone (`running`), and the error says
  // how that came about.
  Status Await(int timeout_ms, const SharedHead& head);
  // Lets it end by itself, for a second.
  void Stop();

 private:
  std::string Reap(bool kill);
  void Close();

  pid_t pid_ = -1;
  int socket_ = -1;
};

}  // namespace safelight
