// SPDX-License-Identifier: Apache-2.0
//
// How far a tensor is from the right one.
#pragma once

#include "safelight/tensor.h"
#include "safelight/verify.h"

namespace safelight {

// `bound`: of floats, as a share of the range of `right`; `steps`: of integers.
TensorError CompareTensors(const ConstTensorView& right, const ConstTensorView& other, double bound, int steps);

// Elements whose bits differ.
int64_t CountDifferent(const ConstTensorView& a, const ConstTensorView& b);

}  // namespace safelight
