// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <pthreadpool.h>
#include <sched.h>

#include <algorithm>

namespace safelight {

int AvailableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

ThreadPool::ThreadPool(int threads)
    : threads_(
          std::min({threads > 0 ? threads : AvailableCores(), kMostThreadsPerCore * AvailableCores(), kMostThreads})) {
  if (threads_ > 1) pool_ = pthreadpool_create(static_cast<size_t>(threads_));
  if (pool_ == nullptr) threads_ = 1;
}

ThreadPool::~ThreadPool() {
  if (pool_ != nullptr) pthreadpool_destroy(pool_);
}

void ThreadPool::ForEach(size_t count, void (*task)(void*, size_t), void* context) {
  if (pool_ == nullptr) {
    for (size_t i = 0; i < count; ++i) task(context, i);
    return;
  }
  // Zero flags: denormals keep their meaning, so that one thread and many give the same bits.
  pthreadpool_parallelize_1d(pool_, task, context, count, 0);
}

}  // namespace safelight
