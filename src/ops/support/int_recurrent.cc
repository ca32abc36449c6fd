// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_recurrent.h"

#include <algorithm>
#include <cmath>

#include "ops/support/fixed_point.h"
#include "ops/support/fixed_point16.h"
#include "ops/support/quantized.h"

namespace safelight {
namespace {

constexpr int kInner = 5;  // quantizations that the node carries besides those of its inputs

int16_t Word(int64_t x) { return static_cast<int16_t>(std::clamp<int64_t>(x, INT16_MIN, INT16_MAX)); }
int8_t Byte(int64_t x) { return static_cast<int8_t>(std::clamp<int64_t>(x, INT8_MIN, INT8_MAX)); }

// A matrix of int8, what its sums begin with, and their scale.
struct Product {
  const int8_t* weights = nullptr;
  std::vector<int32_t> begin;
  Multiplier scale;

  int32_t Row(int64_t row, const int8_t* x, int64_t columns) const {
    uint32_t sum = static_cast<uint32_t>(begin[static_cast<size_t>(row)]);  // modulo 2^32
    for (int64_t c = 0; c < columns; ++c) sum += static_cast<uint32_t>(weights[row * columns + c] * x[c]);
    return Scaled(static_cast<int32_t>(sum), scale);
  }
};

struct GateNumbers {
  bool used = false;
  Product input, recurrent;
  const int16_t* peephole = nullptr;
  Multiplier peephole_scale;
  const int16_t* normalization = nullptr;
  Multiplier normalization_scale;
  int32_t least_variance = 1;
  const int32_t* bias = nullptr;
};

struct CellNumbers {
  GateNumbers gates[4];
  Product projection;
  Multiplier hidden_scale;
  int32_t hidden_zero = 0, output_zero = 0;
  int cell_power = 0;  // the cell counts in 2^cell_power
  int16_t cell_clip = 0;
  int8_t proj_clip = 0;
};

// Reads the numbers of a node, checks them on the way.
class Reader {
 public:
  Reader(const OpContext& context, const LstmAttrs& attrs, const LstmSizes& sizes,
         std::span<const ConstTensorView> inputs)
      : context_(context), attrs_(attrs), sizes_(sizes), inputs_(inputs) {}

  Result<CellNumbers> Read() {
    CellNumbers cell;
    if (context_.node().inner_quants.size() != kInner) {
      return InvalidArgument(context_.node().inner_quants.size(), " intermediate values, must be ", kInner);
    }
    SL_ASSIGN(const Quantization input, Quant(0, DType::kInt8));
    SL_ASSIGN(const Quantization state, Quant(kLstmOutputState, DType::kInt8));
    SL_ASSIGN(const Quantization memory, Quant(kLstmCellState, DType::kInt16));
    SL_ASSIGN(const Quantization result, QuantizationOf(context_.output(0)));
    SL_ASSIGN(const Quantization hidden, Inner(4));
    double exponent = std::log2(static_cast<double>(memory.scale));
    cell.cell_power = static_cast<int>(std::round(exponent));
    if (std::abs(exponent - cell.cell_power) > 1e-3 || cell.cell_power > -9 || cell.cell_power < -15) {
      return InvalidArgument("'", context_.input(kLstmCellState).name, "' has scale ", memory.scale,
                             ", must be a power of two from 2^-15 to 2^-9");
    }
    cell.output_zero = state.zero_point;
    cell.hidden_zero = hidden.zero_point;
    cell.hidden_scale = MakeMultiplier(Real(std::ldexp(std::ldexp(1.0, -15) / static_cast<double>(hidden.scale), -15)));
    cell.cell_clip = Clip<int16_t>(attrs_.cell_clip, memory.scale);
    cell.proj_clip = Clip<int8_t>(attrs_.proj_clip, result.scale);
    for (int gate = 0; gate < 4; ++gate) SL_TRY(ReadGate(gate, input, state, cell.cell_power, &cell.gates[gate]));
    if (!Has(kLstmProjectionWeights)) return cell;
    SL_ASSIGN(const Quantization weights, Quant(kLstmProjectionWeights, DType::kInt8));
    cell.projection.weights = Data<int8_t>(kLstmProjectionWeights);
    cell.projection.scale = MakeMultiplier(Real(weights.scale * hidden.scale / state.scale));
    if (Has(kLstmProjectionBias)) SL_TRY(CheckType(kLstmProjectionBias, DType::kInt32));
    cell.projection.begin = Begin(cell.projection.weights, sizes_.output, sizes_.cell, hidden.zero_point,
                                  Has(kLstmProjectionBias) ? Data<int32_t>(kLstmProjectionBias) : nullptr);
    return cell;
  }

 private:
  static double Real(float x) { return static_cast<double>(x); }
  static double Real(double x) { return static_cast<double>(static_cast<float>(x)); }

  bool Has(int i) const {
    return i < static_cast<int>(inputs_.size()) && inputs_[static_cast<size_t>(i)].data != nullptr;
  }
  template <typename T>
  const T* Data(int i) const {
    return static_cast<const T*>(inputs_[static_cast<size_t>(i)].data);
  }
  Status CheckType(int i, DType dtype) const {
    const Value& value = context_.input(i);
    if (value.dtype == dtype) return {};
    return Unsupported("input ", i, " '", value.name, "' is ", DTypeName(value.dtype), ", must be ", DTypeName(dtype),
                       " beside int8 values");
  }
  Result<Quantization> Quant(int i, DType dtype) const {
    SL_TRY(CheckType(i, dtype));
    return QuantizationOf(context_.input(i));
  }
  Result<Quantization> Inner(int i) const {
    Value value;
    value.name = Cat("intermediate value ", i);
    value.dtype = DType::kInt8;
    value.quant = context_.node().inner_quants[static_cast<size_t>(i)];
    return QuantizationOf(value);
  }

  template <typename T>
  static T Clip(float clip, float scale) {
    if (!(clip > 0)) return 0;
    return static_cast<T>(std::min(std::max(clip / scale, static_cast<float>(std::numeric_limits<T>::min())),
                                   static_cast<float>(std::numeric_limits<T>::max())));
  }

  // bias + zero * the sum of each row.
  static std::vector<int32_t> Begin(const int8_t* weights, int64_t rows, int64_t columns, int32_t zero,
                                    const int32_t* bias) {
    std::vector<int32_t> begin(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) {
      int64_t sum = 0;
      for (int64_t c = 0; c < columns; ++c) sum += weights[r * columns + c];
      const int64_t all = sum * zero + (bias == nullptr ? 0 : bias[r]);
      begin[static_cast<size_t>(r)] = static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(all)));
    }
    return begin;
  }

  Status ReadGate(int gate, const Quantization& input, const Quantization& state, int cell_power, GateNumbers* to) {
    const int input_weights = kLstmInputWeights + gate, recurrent_weights = kLstmRecurrentWeights + gate;
    const int bias = kLstmBiases + gate, peephole = PeepholeOf(gate), normalization = kLstmNormalizations + gate;
    to->used = Has(input_weights);
    if (!to->used) return {};
    float scale = std::ldexp(1.0f, -12);
    const bool normalized = Has(normalization);
    if (normalized) {
      SL_ASSIGN(const Quantization counts, Inner(gate));
      scale = counts.scale;
    }
    SL_ASSIGN(const Quantization from_input, Quant(input_weights, DType::kInt8));
    SL_ASSIGN(const Quantization from_state, Quant(recurrent_weights, DType::kInt8));
    SL_TRY(CheckType(bias, DType::kInt32));
    to->bias = Data<int32_t>(bias);
    to->input.weights = Data<int8_t>(input_weights);
    to->input.scale = MakeMultiplier(Real(from_input.scale * input.scale / scale));
    to->input.begin =
        Begin(to->input.weights, sizes_.cell, sizes_.input, -input.zero_point, normalized ? nullptr : to->bias);
    to->recurrent.weights = Data<int8_t>(recurrent_weights);
    to->recurrent.scale = MakeMultiplier(Real(from_state.scale * state.scale / scale));
    to->recurrent.begin = Begin(to->recurrent.weights, sizes_.cell, sizes_.output, -state.zero_point, nullptr);
    if (peephole != kNone && Has(peephole)) {
      if (sizes_.cell != sizes_.output) return Unsupported("peepholes and a projection to another size");
      SL_ASSIGN(const Quantization weights, Quant(peephole, DType::kInt16));
      to->peephole = Data<int16_t>(peephole);
      to->peephole_scale = MakeMultiplier(
          Real(std::ldexp(1.0, cell_power) * static_cast<double>(weights.scale) / static_cast<double>(scale)));
    }
    if (!normalized) return {};
    SL_ASSIGN(const Quantization weights, Quant(normalization, DType::kInt16));
    to->normalization = Data<int16_t>(normalization);
    to->normalization_scale = MakeMultiplier(static_cast<double>(weights.scale));
    to->least_variance = std::max(1, static_cast<int32_t>(std::min(10000 * weights.scale, 2e9f)));
    return {};
  }

  const OpContext& context_;
  const LstmAttrs& attrs_;
  const LstmSizes& sizes_;
  std::span<const ConstTensorView> inputs_;
};

// The cell for one batch item.
class Cell {
 public:
  Cell(const CellNumbers& numbers, const LstmSizes& sizes, const int8_t* output, const int16_t* cell)
      : n_(numbers), sizes_(sizes), cell_(cell, cell + sizes.cell), output_(output, output + sizes.output) {}

  void Step(const int8_t* x, int8_t* out) {
    const std::vector<int16_t> forget = MakeGate(kForget, x);
    const bool coupled = !n_.gates[kInput].used;
    const std::vector<int16_t> input = coupled ? std::vector<int16_t>() : MakeGate(kInput, x);
    const std::vector<int16_t> fresh = MakeGate(kCell, x);
    for (size_t i = 0; i < cell_.size(); ++i) {
      const int32_t let_in = coupled ? INT16_MAX - forget[i] : input[i];
      const int16_t kept = static_cast<int16_t>(Fixed16::Shift(forget[i] * cell_[i], 15));
      const int16_t added = static_cast<int16_t>(Fixed16::Shift(let_in * fresh[i], 30 + n_.cell_power));
      cell_[i] = Word(kept + added);
      if (n_.cell_clip > 0) cell_[i] = std::clamp<int16_t>(cell_[i], static_cast<int16_t>(-n_.cell_clip), n_.cell_clip);
    }
    Leave(MakeGate(kOutput, x));
    std::copy(output_.begin(), output_.end(), out);
  }

 private:
  enum { kInput, kForget, kCell, kOutput };

  std::vector<int16_t> MakeGate(int gate, const int8_t* x) const {
    const GateNumbers& g = n_.gates[gate];
    std::vector<int16_t> sums(static_cast<size_t>(sizes_.cell));
    for (int64_t i = 0; i < sizes_.cell; ++i) {
      int16_t sum = Word(g.input.Row(i, x, sizes_.input));
      sum = Word(int64_t{sum} + g.recurrent.Row(i, output_.data(), sizes_.output));
      if (g.peephole != nullptr) {
        sum = Word(int64_t{sum} + Scaled(g.peephole[i] * cell_[static_cast<size_t>(i)], g.peephole_scale));
      }
      sums[static_cast<size_t>(i)] = sum;
    }
    if (g.normalization != nullptr) Normalize(g, sums);
    for (int16_t& sum : sums) sum = gate == kCell ? Fixed16::Tanh(sum, 3) : Fixed16::Logistic(sum);
    return sums;
  }

  static void Normalize(const GateNumbers& g, std::vector<int16_t>& x) {
    constexpr int64_t kTwo20 = 1 << 20;
    const int64_t count = static_cast<int64_t>(x.size());
    int64_t sum = 0, squares = 0;
    for (int64_t value : x) {
      sum += value;
      squares += value * value;
    }
    const int32_t mean = static_cast<int32_t>(sum * 1024 / count);
    int32_t variance = static_cast<int32_t>((squares * (kTwo20 / count) - int64_t{mean} * mean) / kTwo20);
    if (variance < 1) variance = g.least_variance;
    const Multiplier inverse = InverseRoot(variance);
    Multiplier scale = g.normalization_scale;
    scale.shift = std::min(scale.shift + 12, 30);
    for (size_t i = 0; i < x.size(); ++i) {
      const int32_t centred = Scaled(1024 * x[i] - mean, inverse);
      const uint32_t weighed = static_cast<uint32_t>(centred) * static_cast<uint32_t>(int32_t{g.normalization[i]}) +
                               static_cast<uint32_t>(g.bias[i]);
      const int64_t value = static_cast<int32_t>(weighed);
      x[i] = Word(Scaled(static_cast<int32_t>((value > 0 ? value + 512 : value - 512) / 1024), scale));
    }
  }

  // What leaves the cell through the output gate.
  void Leave(const std::vector<int16_t>& gate) {
    const bool projected = n_.projection.weights != nullptr;
    std::vector<int8_t> hidden(gate.size());
    for (size_t i = 0; i < gate.size(); ++i) {
      const int32_t value = gate[i] * Fixed16::Tanh(cell_[i], 15 + n_.cell_power);
      // Before a projection the zero point is taken off; LiteRT counts so.
      hidden[i] = Byte(int64_t{Scaled(value, n_.hidden_scale)} + (projected ? -n_.hidden_zero : n_.hidden_zero));
    }
    if (!projected) {
      output_ = std::move(hidden);
      return;
    }
    for (int64_t o = 0; o < sizes_.output; ++o) {
      int8_t& to = output_[static_cast<size_t>(o)];
      to = Byte(int64_t{n_.projection.Row(o, hidden.data(), sizes_.cell)} + n_.output_zero);
      if (n_.proj_clip > 0) to = std::clamp<int8_t>(to, static_cast<int8_t>(-n_.proj_clip), n_.proj_clip);
    }
  }

  const CellNumbers& n_;
  const LstmSizes& sizes_;
  std::vector<int16_t> cell_;
  std::vector<int8_t> output_;
};

}  // namespace

Status RunIntLstm(const OpContext& context, const LstmAttrs& attrs, const LstmSizes& sizes,
                  std::span<const ConstTensorView> inputs, int8_t* out, int64_t steps, int64_t step_stride,
                  int64_t batch_stride) {
  if (sizes.cell == 0) return Unsupported("a cell of size 0");
  if (attrs.activation != 4) return Unsupported("activation ", attrs.activation, " of int8 values, must be TANH");
  SL_ASSIGN(const CellNumbers numbers, Reader(context, attrs, sizes, inputs).Read());
  const auto* x = static_cast<const int8_t*>(inputs[0].data);
  const auto* output = static_cast<const int8_t*>(inputs[kLstmOutputState].data);
  const auto* memory = static_cast<const int16_t*>(inputs[kLstmCellState].data);
  for (int64_t b = 0; b < sizes.batch; ++b) {
    Cell cell(numbers, sizes, output + b * sizes.output, memory + b * sizes.cell);
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t row = t * step_stride + b * batch_stride;
      cell.Step(x + row * sizes.input, out + row * sizes.output);
    }
  }
  return {};
}

}  // namespace safelight
