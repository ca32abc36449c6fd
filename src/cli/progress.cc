// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace safelight {

Progress::Progress(size_t count) : count_(count), on_terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::Show(size_t done, double share) {
  constexpr int kWidth = 40;
  const double all = (static_cast<double>(done) + share) / static_cast<double>(count_);
  const int bars = static_cast<int>(all * kWidth);
  if (!on_terminal_ || count_ < 2 || bars == last_) return;
  last_ = bars;
  std::fprintf(stderr, "\r[%.*s%*s] %zu of %zu", bars, "########################################", kWidth - bars, "",
               done, count_);
  std::fflush(stderr);
}

void Progress::Clear() {
  if (last_ >= 0) std::fprintf(stderr, "\r\033[K");
  last_ = -1;
}

}  // namespace safelight
