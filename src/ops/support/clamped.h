// SPDX-License-Identifier: Apache-2.0
//
// Options of ops that limit their float results: the fused activation of the format, and what passes put there.
#pragma once

#include <memory>

#include "graph/graph.h"
#include "kernels/elementwise.h"

namespace safelight {

struct ClampedAttrs : OpAttrs {
  kernels::Clamp clamp{};
  // The same options with this clamp.
  virtual std::shared_ptr<const OpAttrs> With(const kernels::Clamp& other) const = 0;
};

// struct XAttrs : ClampedAs<XAttrs>
template <typename Attrs>
struct ClampedAs : ClampedAttrs {
  std::shared_ptr<const OpAttrs> With(const kernels::Clamp& other) const override {
    auto attrs = std::make_shared<Attrs>(static_cast<const Attrs&>(*this));
    attrs->clamp = other;
    return attrs;
  }
};

}  // namespace safelight
