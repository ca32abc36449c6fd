// SPDX-License-Identifier: Apache-2.0
//
// Kernels written from the templates in kernels/*.cl: a head that makes elements, a chain of what is done to each of
// them on the way out, and how every value lies in memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace safelight::opencl {

// How a value lies on the device; kernels/preamble.cl says what each means. Operands that are constants lie in slices.
enum class Lying { kSlices, kImage, kPacked };

// `kernel` of kernels/ with every $NAME of `tokens` replaced. A name that is left is kInternal.
using Tokens = std::vector<std::pair<std::string, std::string>>;
Result<std::string> FillIn(const std::string& kernel, const Tokens& tokens);

// What a kernel is written from. Its arguments, in this order: for each input the object and how it lies (int4); the
// head's constants; the head's numbers p0, p1, ... (int4); the output's object and how it lies; `beyond`; `made`.
struct KernelParts {
  std::string head;  // a file of kernels/
  Tokens tokens;     // of the head
  int pixels = 1;    // made by one work item
  int numbers = 0;
  std::vector<Lying> inputs;           // in0, in1, ...
  std::vector<std::string> constants;  // declarations: "__global const float4* bias"
  std::string chain;                   // statements that make v1, v2, ... of v0
  std::string last = "v0";             // what is stored
  Lying output = Lying::kSlices;
};
// With $NAME left for its name.
Result<std::string> WriteKernel(const KernelParts& parts, bool half_values);

// What stands before the kernels of a program.
Result<std::string> WritePreamble(bool half_values, bool half_sums);

}  // namespace safelight::opencl
