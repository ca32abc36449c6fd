// SPDX-License-Identifier: Apache-2.0
//
// Does one of the works beside the kernels a number of times: what instruction counters and profilers look at.
//
//   bench_kernel_work            lists the works, each with its multiply-adds
//   bench_kernel_work NAME TIMES
#include "kernels/kernel_work.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  for (const auto& work : safelight::kernels::KernelFamily::All()) {
    if (argc == 1) std::printf("%s %.0f\n", work.name.c_str(), work.macs);
    if (argc != 3 || work.name != argv[1]) continue;
    for (int i = std::atoi(argv[2]); i > 0; --i) work.once();
    return 0;
  }
  if (argc == 1) return 0;
  std::fprintf(stderr, "usage: bench_kernel_work [NAME TIMES]; without words it lists the names\n");
  return 2;
}
