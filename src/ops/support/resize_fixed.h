// SPDX-License-Identifier: Apache-2.0
//
// RESIZE_BILINEAR of quantized pictures: int8 and int16 in fixed point of 10 bits, uint8 in float32, as TFLite does it.
#pragma once

#include "ops/support/resize_axis.h"

namespace safelight {

// As BilinearTaps, with `weight` in units of 1/1024: a whole number.
std::vector<ResizeTap> FixedTaps(int64_t in, int64_t out, const ResizeAttrs& attrs);

// The taps of RESIZE_BILINEAR for a type.
ResizeTaps BilinearTapsOf(DType dtype);

Result<std::unique_ptr<Kernel>> PrepareQuantizedResize(const OpContext& context);

}  // namespace safelight
