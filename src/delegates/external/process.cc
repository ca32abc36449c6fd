// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "base/process.h"

extern "C" char** environ;

namespace safelight {
namespace {

using Clock = std::chrono::steady_clock;
constexpr char kProgram[] = "safelight_delegate_process";

std::string SignalName(int number) {
  switch (number) {
    case SIGSEGV: return " (segmentation fault)";
    case SIGABRT: return " (abort)";
    case SIGBUS: return " (bus error)";
    case SIGFPE: return " (arithmetic error)";
    case SIGILL: return " (illegal instruction)";
    case SIGKILL: return " (killed)";
    case SIGTERM: return " (terminated)";
    default: return "";
  }
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return Cat("was ended by signal ", WTERMSIG(status), SignalName(WTERMSIG(status)));
  return Cat("ended with exit code ", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

// A copy of a descriptor that lies above those that the child gets, closed by exec.
int MoveUp(int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, 16); }

Status Spawn(const std::string& program, int socket, int memory, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (::posix_spawn_file_actions_init(&actions) != 0) return ResourceLimit("no memory to start a process");
  if (::posix_spawnattr_init(&attributes) != 0) {
    ::posix_spawn_file_actions_destroy(&actions);
    return ResourceLimit("no memory to start a process");
  }
  ::posix_spawn_file_actions_adddup2(&actions, socket, kSocketFd);
  ::posix_spawn_file_actions_adddup2(&actions, memory, kMemoryFd);
#if defined(__GLIBC__)
  // The program's own files are nothing to the library.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kMemoryFd + 1);
#endif
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::string name = kProgram;
  char* arguments[] = {name.data(), nullptr};
  const int error = ::posix_spawn(pid, program.c_str(), &actions, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return IoError("the helper program ", program, " does not start: ", std::strerror(error));
  return {};
}

}  // namespace

Result<std::string> FindHelperProgram() {
  if (const char* given = std::getenv("SAFELIGHT_DELEGATE_PROCESS"); given != nullptr && *given != '\0') return {given};
  std::vector<std::string> folders{ProgramFolder(), ProgramFolder() + "/../bin"};
  Dl_info self;
  if (::dladdr(reinterpret_cast<const void*>(&FindHelperProgram), &self) != 0 && self.dli_fname != nullptr) {
    const std::string file = self.dli_fname;
    const std::string folder = file.find('/') == std::string::npos ? "." : file.substr(0, file.rfind('/'));
    folders.push_back(folder);
    folders.push_back(folder + "/../bin");
  }
#ifdef SAFELIGHT_BIN_DIR
  folders.push_back(SAFELIGHT_BIN_DIR);
#endif
  std::string looked;
  for (const std::string& folder : folders) {
    const std::string path = folder + "/" + kProgram;
    if (::access(path.c_str(), X_OK) == 0) return path;
    if (looked.find(folder) == std::string::npos) looked += Cat(looked.empty() ? "" : ", ", folder);
  }
  return NotFound("isolate:1 needs the helper program ", kProgram, ", which is in none of ", looked);
}

Status IsolatedProcess::Start(const SharedMemory& memory) {
  SL_ASSIGN(const std::string program, FindHelperProgram());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ResourceLimit("no socket for the library's process: ", std::strerror(errno));
  }
  const int theirs = MoveUp(ends[1]), shared = MoveUp(memory.fd());
  Status status =
      theirs < 0 || shared < 0 ? ResourceLimit("too many open files") : Spawn(program, theirs, shared, &pid_);
  for (int fd : {ends[1], theirs, shared}) {
    if (fd >= 0) ::close(fd);
  }
  socket_ = ends[0];
  if (!status.ok()) {
    pid_ = -1;
    Close();
  }
  return status;
}

Status IsolatedProcess::Send(Order order) {
  const char letter = static_cast<char>(order);
  // When the process is gone, Await says how.
  if (socket_ >= 0) (void)!::send(socket_, &letter, 1, MSG_NOSIGNAL);
  return {};
}

Status IsolatedProcess::Await(int timeout_ms, const SharedHead& head) {
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  pollfd answer{socket_, POLLIN, 0};
  int ready = 0;
  while (ready <= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) break;
    ready = ::poll(&answer, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) break;
  }
  if (ready <= 0) {
    const ExternalPhase phase = head.phase.load();
    Reap(true);
    return ResourceLimit("it did not answer for ", timeout_ms, " ms ", PhaseName(phase), ", its process was ended");
  }
  std::vector<char> text(kLongestAnswer + 1);
  const ssize_t size = ::recv(socket_, text.data(), text.size(), 0);
  if (size > 0) {
    const Status status = UnpackAnswer({text.data(), static_cast<size_t>(size)});
    return status;
  }
  const ExternalPhase phase = head.phase.load();
  const std::string how = Reap(false);
  return Internal("its process ", how, " ", PhaseName(phase));
}

std::string IsolatedProcess::Reap(bool kill) {
  int status = 0;
  pid_t done = 0;
  if (kill) ::kill(pid_, SIGKILL);
  // One that is ending by itself gets a second for it.
  for (int ms = 0; done == 0 && ms < 1000; ++ms) {
    done = ::waitpid(pid_, &status, WNOHANG);
    if (done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (done == 0) {
    ::kill(pid_, SIGKILL);
    do {
      done = ::waitpid(pid_, &status, 0);
    } while (done < 0 && errno == EINTR);
  }
  const std::string how = done == pid_ ? HowItEnded(status) : "ended";
  pid_ = -1;
  Close();
  return how;
}

void IsolatedProcess::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void IsolatedProcess::Stop() {
  if (!running()) return;
  Send(Order::kQuit).ok();
  Reap(false);
}

}  // namespace safelight
