// SPDX-License-Identifier: Apache-2.0
//
// For tests of kernels: the same checks on every SIMD target that this machine can run.
#pragma once

#include <gtest/gtest.h>
#include <hwy/highway.h>

namespace safelight::kernels {

template <typename Body>
void OnEveryTarget(const Body& body) {
  const auto all = hwy::SupportedTargets();
  for (auto left = all; left != 0; left &= left - 1) {
    const auto target = left & -left;
    hwy::SetSupportedTargetsForTest(target);
    SCOPED_TRACE(hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace safelight::kernels
