// SPDX-License-Identifier: Apache-2.0
//
// Several functions that work element by element, one after the other on a few hundred elements at a time: what lies
// between them never leaves the nearest cache.
#pragma once

#include <vector>

#include "ops/support/elementwise.h"

namespace safelight {

// One function: from inputs of the chain and results of earlier steps to a result.
struct ChainStep {
  ElementFunction function;             // the fast one
  ElementFunction plain;                // the obvious one
  int operands[kMaxElementOperands]{};  // k >= 0: input k of the chain; ~s: slot s
  int num_operands = 0;
  int slot = 0;  // where the result goes; the last step's is the output
};

// A chain as a pass puts it together. All results have the shape of the output.
struct ElementChainAttrs : OpAttrs {
  std::vector<ChainStep> steps;
  DType dtype = DType::kFloat32;            // of the output
  size_t input_bytes[kMaxElementInputs]{};  // of an element
};

inline constexpr int kMaxChainSlots = 6;

// Gives every step's result a slot until it is read for the last time. `reads[i]` are the operands of step i, k >= 0
// an input, ~j the result of step j. False when there are too few slots.
bool AssignChainSlots(const std::vector<std::vector<int>>& reads, std::vector<ChainStep>* steps);

}  // namespace safelight
