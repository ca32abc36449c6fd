// SPDX-License-Identifier: Apache-2.0
//
// Kernels that are a function.
#pragma once

#include <memory>
#include <utility>

#include "graph/window.h"

namespace safelight {

template <typename F>
class FunctionKernel : public Kernel {
 public:
  FunctionKernel(F f, size_t scratch_bytes) : f_(std::move(f)), scratch_bytes_(scratch_bytes) {}
  size_t scratch_bytes() const override { return scratch_bytes_; }
  Status Run(const KernelArgs& args) const override {
    f_(args);
    return {};
  }

 private:
  const F f_;
  const size_t scratch_bytes_;
};

// f(const KernelArgs&).
template <typename F>
std::unique_ptr<Kernel> MakeFunctionKernel(F f, size_t scratch_bytes = 0) {
  return std::make_unique<FunctionKernel<F>>(std::move(f), scratch_bytes);
}

}  // namespace safelight
