// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <pthreadpool.h>
#include <sched.h>

#include <algorithm>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace safelight {
namespace {

#if defined(__SANITIZE_THREAD__)
// Debian's pthreadpool is built without the thread sanitizer, which therefore does not see that tasks come after what
// was before ForEach and before what is after it. It is told here.
struct SeenTask {
  void (*task)(void*, size_t);
  void* context;
  char begun, ended;  // their addresses stand for the two moments
};
void RunSeen(void* seen, size_t index) {
  auto* self = static_cast<SeenTask*>(seen);
  __tsan_acquire(&self->begun);
  self->task(self->context, index);
  __tsan_release(&self->ended);
}
void Parallelize(pthreadpool* pool, void (*task)(void*, size_t), void* context, size_t count) {
  SeenTask seen{task, context, 0, 0};
  __tsan_release(&seen.begun);
  pthreadpool_parallelize_1d(pool, RunSeen, &seen, count, 0);
  __tsan_acquire(&seen.ended);
}
#else
// Zero flags: denormals keep their meaning, so that one thread and many give the same bits.
void Parallelize(pthreadpool* pool, void (*task)(void*, size_t), void* context, size_t count) {
  pthreadpool_parallelize_1d(pool, task, context, count, 0);
}
#endif

}  // namespace

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
  Parallelize(pool_, task, context, count);
}

}  // namespace safelight
