// SPDX-License-Identifier: Apache-2.0
//
// Kernels that are a function, and references that are the kernel on whole tensors.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

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

// The kernel on whole tensors.
inline Status RunWhole(const Kernel& kernel, std::span<const ConstTensorView> inputs,
                       std::span<const TensorView> outputs) {
  std::vector<Window> in, out;
  for (const ConstTensorView& view : inputs) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  for (const TensorView& view : outputs) out.push_back(WholeWindow(view.dtype, view.shape, view.data));
  AlignedBuffer scratch(kernel.scratch_bytes());
  return kernel.Run({in, out, WholeBox(out[0].shape), scratch.data()});
}

}  // namespace safelight
