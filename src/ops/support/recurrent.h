// SPDX-License-Identifier: Apache-2.0
//
// The float LSTM cell that LSTM and UNIDIRECTIONAL_SEQUENCE_LSTM share, with everything TFLite allows: coupled input
// and forget gates, peepholes, layer normalization, projection, clips.
//
// Both ops list the same 20 or 24 inputs. The two state inputs are variables: a run starts from their
// constant (zeros where there is none) and what it leaves in them is not kept.
#pragma once

#include <algorithm>
#include <vector>

#include "graph/op_def.h"

namespace safelight {

struct LstmAttrs : OpAttrs {
  int64_t activation = 0;  // of the cell: TFLite's ActivationFunctionType
  float cell_clip = 0;     // 0: none
  float proj_clip = 0;
  bool time_major = false;
};

// Where the groups of inputs begin, each in the order input, forget, cell, output.
inline constexpr int kLstmInputWeights = 1;
inline constexpr int kLstmRecurrentWeights = 5;
inline constexpr int kLstmPeepholes = 9;  // input, forget, output: the cell has none
inline constexpr int kLstmBiases = 12;
inline constexpr int kLstmProjectionWeights = 16;
inline constexpr int kLstmProjectionBias = 17;
inline constexpr int kLstmOutputState = 18;
inline constexpr int kLstmCellState = 19;
inline constexpr int kLstmNormalizations = 20;
// The input with the peephole of a gate; kNone for that of the cell.
inline int PeepholeOf(int gate) { return gate == 2 ? kNone : kLstmPeepholes + std::min(gate, 2); }

// x to act(x); null for activations that are not built. `activation` as in TFLite's ActivationFunctionType.
using ScalarFunction = float (*)(float);
ScalarFunction ActivationFunction(int64_t activation);

struct LstmSizes {
  int64_t batch = 0, input = 0, cell = 0, output = 0;
};

// Checks all inputs but input 0 against each other for steps of `batch` rows of `input` elements.
Result<LstmSizes> CheckLstm(const OpContext& context, int64_t batch, int64_t input);

// Runs the cell over `steps`; step t of batch item b reads x + (t * step_stride + b * batch_stride) * input and writes
// out at the same place with rows of `output` elements.
Status RunLstm(const LstmAttrs& attrs, const LstmSizes& sizes, std::span<const ConstTensorView> inputs, float* out,
               int64_t steps, int64_t step_stride, int64_t batch_stride);

}  // namespace safelight
