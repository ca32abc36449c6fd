// SPDX-License-Identifier: Apache-2.0
#include "ops/support/recurrent.h"

#include <algorithm>
#include <cmath>

namespace safelight {
namespace {

// The order of the gates in every group of inputs.
enum Gate { kInput, kForget, kCell, kOutput };

constexpr int kInputs = 20;
constexpr int kInputsNormalized = 24;

constexpr float kVarianceEpsilon = 1e-8f;

float Sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

Status CheckShapeOf(const OpContext& context, int i, std::initializer_list<int64_t> dims, bool needed) {
  if (!context.has_input(i)) {
    return needed ? InvalidArgument("input ", i, " is left out but needed") : Status();
  }
  const Shape& shape = context.input(i).shape;
  if (shape == Shape(dims)) return {};
  return InvalidArgument("input ", i, " has shape ", shape.ToString(), ", must be ", Shape(dims).ToString());
}

Status CheckGate(const OpContext& context, const LstmSizes& sizes, Gate gate, bool peephole, bool normalized) {
  SL_TRY(CheckShapeOf(context, kLstmInputWeights + gate, {sizes.cell, sizes.input}, true));
  SL_TRY(CheckShapeOf(context, kLstmRecurrentWeights + gate, {sizes.cell, sizes.output}, true));
  SL_TRY(CheckShapeOf(context, kLstmBiases + gate, {sizes.cell}, true));
  if (peephole && gate != kCell) SL_TRY(CheckShapeOf(context, PeepholeOf(gate), {sizes.cell}, true));
  if (normalized) SL_TRY(CheckShapeOf(context, kLstmNormalizations + gate, {sizes.cell}, true));
  return {};
}

const float* Floats(std::span<const ConstTensorView> inputs, int i) {
  return i < static_cast<int>(inputs.size()) ? static_cast<const float*>(inputs[i].data) : nullptr;
}

// to[r] += matrix[r] . vector
void AddProduct(const float* matrix, int64_t rows, int64_t columns, const float* vector, float* to) {
  for (int64_t r = 0; r < rows; ++r) {
    float sum = 0;
    for (int64_t c = 0; c < columns; ++c) sum += matrix[r * columns + c] * vector[c];
    to[r] += sum;
  }
}

// Mean 0, variance 1.
void Normalize(std::vector<float>& x) {
  float sum = 0, squares = 0;
  for (float v : x) sum += v;
  const float mean = sum / static_cast<float>(x.size());
  for (float v : x) squares += (v - mean) * (v - mean);
  const float scale = 1.0f / std::sqrt(squares / static_cast<float>(x.size()) + kVarianceEpsilon);
  for (float& v : x) v = (v - mean) * scale;
}

void Clip(float* x, int64_t count, float limit) {
  if (!(limit > 0)) return;
  for (int64_t i = 0; i < count; ++i) x[i] = std::min(std::max(x[i], -limit), limit);
}

// The cell for one batch item.
class Cell {
 public:
  Cell(const LstmAttrs& attrs, const LstmSizes& sizes, std::span<const ConstTensorView> inputs, int64_t item)
      : attrs_(attrs), sizes_(sizes), inputs_(inputs), activation_(ActivationFunction(attrs.activation)) {
    cell_.assign(sizes.cell, 0.0f);
    output_.assign(sizes.output, 0.0f);
    if (const float* state = Floats(inputs, kLstmCellState)) {
      std::copy_n(state + item * sizes.cell, sizes.cell, cell_.begin());
    }
    if (const float* state = Floats(inputs, kLstmOutputState)) {
      std::copy_n(state + item * sizes.output, sizes.output, output_.begin());
    }
  }

  void Step(const float* x, float* out) {
    const std::vector<float> forget = MakeGate(kForget, x, Sigmoid);
    std::vector<float> input(sizes_.cell);
    if (Floats(inputs_, kLstmInputWeights) != nullptr) {
      input = MakeGate(kInput, x, Sigmoid);
    } else {  // coupled: what is not forgotten
      for (int64_t i = 0; i < sizes_.cell; ++i) input[i] = 1.0f - forget[i];
    }
    const std::vector<float> fresh = MakeGate(kCell, x, activation_);
    for (int64_t i = 0; i < sizes_.cell; ++i) cell_[i] = forget[i] * cell_[i] + input[i] * fresh[i];
    Clip(cell_.data(), sizes_.cell, attrs_.cell_clip);
    std::vector<float> hidden = MakeGate(kOutput, x, Sigmoid);
    for (int64_t i = 0; i < sizes_.cell; ++i) hidden[i] *= activation_(cell_[i]);
    Project(hidden);
    std::copy(output_.begin(), output_.end(), out);
  }

 private:
  std::vector<float> MakeGate(Gate gate, const float* x, ScalarFunction function) const {
    const float* bias = Floats(inputs_, kLstmBiases + gate);
    const float* normalization = Floats(inputs_, kLstmNormalizations + gate);
    std::vector<float> sums(sizes_.cell, 0.0f);
    if (normalization == nullptr) std::copy_n(bias, sizes_.cell, sums.begin());
    AddProduct(Floats(inputs_, kLstmInputWeights + gate), sizes_.cell, sizes_.input, x, sums.data());
    AddProduct(Floats(inputs_, kLstmRecurrentWeights + gate), sizes_.cell, sizes_.output, output_.data(), sums.data());
    const float* peephole = gate == kCell ? nullptr : Floats(inputs_, PeepholeOf(gate));
    if (peephole != nullptr) {
      for (int64_t i = 0; i < sizes_.cell; ++i) sums[i] += peephole[i] * cell_[i];
    }
    if (normalization != nullptr) {
      Normalize(sums);
      for (int64_t i = 0; i < sizes_.cell; ++i) sums[i] = sums[i] * normalization[i] + bias[i];
    }
    for (float& v : sums) v = function(v);
    return sums;
  }

  void Project(const std::vector<float>& hidden) {
    const float* weights = Floats(inputs_, kLstmProjectionWeights);
    if (weights == nullptr) {
      output_ = hidden;
      return;
    }
    const float* bias = Floats(inputs_, kLstmProjectionBias);
    std::fill(output_.begin(), output_.end(), 0.0f);
    if (bias != nullptr) std::copy_n(bias, sizes_.output, output_.begin());
    AddProduct(weights, sizes_.output, sizes_.cell, hidden.data(), output_.data());
    Clip(output_.data(), sizes_.output, attrs_.proj_clip);
  }

  const LstmAttrs& attrs_;
  const LstmSizes& sizes_;
  std::span<const ConstTensorView> inputs_;
  ScalarFunction activation_;
  std::vector<float> cell_, output_;
};

}  // namespace

ScalarFunction ActivationFunction(int64_t activation) {
  switch (activation) {
    case 0: return [](float x) { return x; };
    case 1: return [](float x) { return std::max(x, 0.0f); };
    case 2: return [](float x) { return std::min(std::max(x, -1.0f), 1.0f); };
    case 3: return [](float x) { return std::min(std::max(x, 0.0f), 6.0f); };
    case 4: return [](float x) { return std::tanh(x); };
    default: return nullptr;
  }
}

Result<LstmSizes> CheckLstm(const OpContext& context, int64_t batch, int64_t input) {
  const int count = context.num_inputs();
  if (count != kInputs && count != kInputsNormalized) {
    return Unsupported(count, " inputs, only the full form of ", kInputs, " or ", kInputsNormalized, " is built");
  }
  for (int i : {kLstmInputWeights + kOutput, kLstmRecurrentWeights + kOutput}) {
    if (!context.has_input(i) || context.input(i).shape.rank() != 2) {
      return InvalidArgument("input ", i, " must be a matrix of weights");
    }
  }
  const LstmSizes sizes{batch, input, context.input(kLstmInputWeights + kOutput).shape[0],
                        context.input(kLstmRecurrentWeights + kOutput).shape[1]};
  const bool coupled = !context.has_input(kLstmInputWeights);
  if (coupled && (context.has_input(kLstmRecurrentWeights) || context.has_input(kLstmPeepholes) ||
                  context.has_input(kLstmBiases))) {
    return InvalidArgument("the input gate has some of its weights but not all");
  }
  const bool peephole = context.has_input(PeepholeOf(kOutput));
  const bool normalized = context.has_input(kLstmNormalizations + kForget);
  for (Gate gate : {kInput, kForget, kCell, kOutput}) {
    if (gate == kInput && coupled) continue;
    SL_TRY(CheckGate(context, sizes, gate, peephole, normalized));
  }
  if (!peephole && (context.has_input(kLstmPeepholes) || context.has_input(kLstmPeepholes + 1))) {
    return InvalidArgument("some gates have peepholes, the output gate has none");
  }
  SL_TRY(CheckShapeOf(context, kLstmProjectionWeights, {sizes.output, sizes.cell}, sizes.output != sizes.cell));
  if (context.has_input(kLstmProjectionWeights))
    SL_TRY(CheckShapeOf(context, kLstmProjectionBias, {sizes.output}, false));
  SL_TRY(CheckShapeOf(context, kLstmOutputState, {batch, sizes.output}, true));
  SL_TRY(CheckShapeOf(context, kLstmCellState, {batch, sizes.cell}, true));
  return sizes;
}

Status RunLstm(const LstmAttrs& attrs, const LstmSizes& sizes, std::span<const ConstTensorView> inputs, float* out,
               int64_t steps, int64_t step_stride, int64_t batch_stride) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].data != nullptr && inputs[i].dtype != DType::kFloat32) {
      return Unsupported("input ", i, " is ", DTypeName(inputs[i].dtype), ", whose arithmetic is not built yet");
    }
  }
  if (sizes.cell == 0) {  // a projection of nothing is its bias; refused rather than guessed at
    return Unsupported("a cell of size 0");
  }
  const float* x = static_cast<const float*>(inputs[0].data);
  for (int64_t b = 0; b < sizes.batch; ++b) {
    Cell cell(attrs, sizes, inputs, b);
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t row = t * step_stride + b * batch_stride;
      cell.Step(x + row * sizes.input, out + row * sizes.output);
    }
  }
  return {};
}

}  // namespace safelight
