// SPDX-License-Identifier: Apache-2.0
//
// The float network made ready to be quantized: what a converter left between the layers goes into them, in ops of the
// format. The network computes the same, up to the rounding of floats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "quantize/file_network.h"

namespace safelight {

// Where a layer with weights has them: positions of its operands, the axis of its output channels, the slots of its
// options.
struct WeightedOp {
  const char* name;
  int data, weights, bias;
  int axis;             // of the weights, the output channel
  int activation_slot;  // of the fused activation
  int bias_type_slot;   // of quantized_bias_type; -1: none
};
// Null for other ops.
const WeightedOp* FindWeightedOp(std::string_view op);

// The slot of the fused activation of a layer or of ADD, SUB and MUL; -1 for ops without.
int ActivationSlot(std::string_view op);

// The op takes elements of its one operand as they are: whatever is done to each element may be done before.
bool OnlyMoves(std::string_view op);

// Errors when the network is quantized already, or a weight is not a number; names the tensor.
Status CheckFloatNetwork(const FileNetwork& network);

// float16 constants behind DEQUANTIZE become float32; SQUARE, NEG and DIV by a constant become MUL; scales and shifts
// of a layer's results go into its weights; RELU, RELU6 and RELU_N1_TO_1 into the op before, also ahead of ops that
// only move elements. Adds notes.
Status CleanUp(FileNetwork* network, std::vector<std::string>* notes);

// Scales of channels between two layers, so that both have weights of like ranges (cross-layer equalization).
Status EqualizeLayers(FileNetwork* network, std::vector<std::string>* notes);

}  // namespace safelight
