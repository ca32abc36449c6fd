// SPDX-License-Identifier: Apache-2.0
//
// The FMA peak in the protocol of bench_runner, so that it is measured in the same run as the networks: for each line
// "run" of the standard input prints the GFLOP/s of --threads threads together.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "kernels/fma_peak_bench.h"

int main(int argc, char** argv) {
  const int threads = argc == 3 && std::string(argv[1]) == "--threads" ? std::atoi(argv[2]) : 1;
  std::printf("{\"simd\": \"%s\"}\n", safelight::kernels::SimdTarget().c_str());
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line) && line != "end") {
    std::printf("%.3f\n", safelight::kernels::MeasureFmaPeak(threads > 0 ? threads : 1, 0.15));
    std::fflush(stdout);
  }
  std::printf("{}\n");
  return 0;
}
