// SPDX-License-Identifier: Apache-2.0
//
// A pool of threads on pthreadpool, the pool that XNNPACK uses, so that both can share one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

struct pthreadpool;

namespace safelight {

// The cores this process may run on; at least 1.
int AvailableCores();

// More threads than cores wait for each other; a few do no harm where other work takes a core away for a moment.
inline constexpr int kMostThreadsPerCore = 2;
// The system does not give any number of threads, and pthreadpool waits for ever for those that it did not get.
inline constexpr int kMostThreads = 1024;

class ThreadPool {
 public:
  // 0: one thread per core; at most kMostThreadsPerCore for each, and kMostThreads. The calling thread of ForEach is
  // one of them.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return threads_; }
  // Calls task(i, context) for every i in [0, count), in parallel, and waits. Allocates nothing.
  void ForEach(size_t count, void (*task)(void* context, size_t index), void* context);
  pthreadpool* handle() { return pool_; }

 private:
  int threads_;
  pthreadpool* pool_ = nullptr;  // null for one thread
};

}  // namespace safelight
