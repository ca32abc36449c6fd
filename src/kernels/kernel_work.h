// SPDX-License-Identifier: Apache-2.0
//
// Pieces of work beside the kernels, to be timed or counted: each x_bench.cc puts its own on the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace safelight::kernels {

struct KernelWork {
  std::string name;            // "Conv3x3/32/32"
  double macs = 0;             // multiply-adds of one call, counted as direct convolution
  std::function<void()> once;  // data stays in the second-level cache
};

// A function that makes the works of one file; lists itself.
class KernelFamily {
 public:
  using Maker = std::vector<KernelWork> (*)();
  explicit KernelFamily(Maker maker) { Makers().push_back(maker); }
  static std::vector<KernelWork> All() {
    std::vector<KernelWork> all;
    for (const Maker maker : Makers()) {
      for (KernelWork& work : maker()) all.push_back(std::move(work));
    }
    return all;
  }

 private:
  static std::vector<Maker>& Makers() {
    static std::vector<Maker> makers;
    return makers;
  }
};

// Numbers of both signs, none of them denormal, the same every time.
inline std::vector<float> FilledFloats(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

}  // namespace safelight::kernels
