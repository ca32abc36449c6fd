// SPDX-License-Identifier: Apache-2.0
#include "quantize/quantizer.h"

#include <utility>

#include "formats/tflite/writer.h"
#include "quantize/clean_up.h"
#include "quantize/integer_network.h"
#include "quantize/small_weights.h"

namespace safelight {
namespace {

// Operands of layers whose biases are to be corrected. A transposed convolution sees them unevenly.
std::vector<int> LayerInputs(const FileNetwork& network) {
  std::vector<int> tensors;
  for (int n = 0; n < network.num_nodes(); ++n) {
    const WeightedOp* op = FindWeightedOp(network.Op(n));
    if (op == nullptr || std::string(op->name) == "TRANSPOSE_CONV") continue;
    tensors.push_back(network.node(n).inputs[static_cast<size_t>(op->data)]);
  }
  return tensors;
}

bool NeedsCounts(RangeObserver observer) {
  return observer != RangeObserver::kMinMax && observer != RangeObserver::kMovingAverage;
}

struct Named {
  const char* name;
  int value;
};

Result<int> Parse(const std::string& name, std::span<const Named> names) {
  std::string all;
  for (const Named& each : names) {
    if (name == each.name) return each.value;
    all += (all.empty() ? "" : ", ") + std::string(each.name);
  }
  return InvalidArgument("'", name, "', must be one of ", all);
}

}  // namespace

Result<QuantizeType> ParseQuantizeType(const std::string& name) {
  constexpr Named kTypes[] = {{"int8", static_cast<int>(QuantizeType::kInt8)},
                              {"int8-float-io", static_cast<int>(QuantizeType::kInt8FloatIo)},
                              {"int8-only", static_cast<int>(QuantizeType::kInt8Only)},
                              {"16x8", static_cast<int>(QuantizeType::k16x8)},
                              {"dynamic", static_cast<int>(QuantizeType::kDynamic)},
                              {"float16", static_cast<int>(QuantizeType::kFloat16)},
                              {"mixed", static_cast<int>(QuantizeType::kMixed)}};
  SL_ASSIGN(const int type, Parse(name, kTypes));
  return static_cast<QuantizeType>(type);
}

Result<RangeObserver> ParseRangeObserver(const std::string& name) {
  constexpr Named kObservers[] = {{"minmax", static_cast<int>(RangeObserver::kMinMax)},
                                  {"moving-average", static_cast<int>(RangeObserver::kMovingAverage)},
                                  {"percentile", static_cast<int>(RangeObserver::kPercentile)},
                                  {"mse", static_cast<int>(RangeObserver::kMse)},
                                  {"kl", static_cast<int>(RangeObserver::kKl)}};
  SL_ASSIGN(const int observer, Parse(name, kObservers));
  return static_cast<RangeObserver>(observer);
}

Result<WeightRounding> ParseWeightRounding(const std::string& name) {
  constexpr Named kRoundings[] = {{"nearest", static_cast<int>(WeightRounding::kNearest)},
                                  {"adaptive", static_cast<int>(WeightRounding::kAdaptive)}};
  SL_ASSIGN(const int rounding, Parse(name, kRoundings));
  return static_cast<WeightRounding>(rounding);
}

Result<std::unique_ptr<Quantizer>> Quantizer::Begin(const Model& model, const QuantizeOptions& options) {
  std::unique_ptr<Quantizer> quantizer(new Quantizer(options));
  const std::shared_ptr<const MappedFile>& source = model.impl()->file.source;
  if (source == nullptr) return Unsupported("a network that comes from no file cannot be quantized");
  SL_ASSIGN(quantizer->clean_, LoadFileTree(source));
  FileNetwork network(&quantizer->clean_);
  SL_TRY(CheckFloatNetwork(network));
  SL_TRY(CleanUp(&network, &quantizer->notes_));
  if (options.equalize) SL_TRY(EqualizeLayers(&network, &quantizer->notes_));
  SL_ASSIGN(const std::vector<std::byte> bytes, WriteTflite(quantizer->clean_));
  SL_ASSIGN(Model clean, Model::FromBytes(bytes, model.path()));
  quantizer->model_.emplace(std::move(clean));
  const std::vector<int> means = options.correct_bias ? LayerInputs(network) : std::vector<int>();
  quantizer->calibration_ =
      std::make_unique<Calibration>(quantizer->model_->impl()->own_size,
                                    NeedsCounts(ObserverOf(options, options.type == QuantizeType::k16x8)), means);
  if (options.rounding == WeightRounding::kAdaptive && NeedsSamples(options.type)) {
    quantizer->moments_ = std::make_unique<Moments>(network, quantizer->model_->impl()->own_size);
  }
  return quantizer;
}

std::vector<LayerGroup> Quantizer::Layers() const {
  FileTree tree = clean_;
  return FindLayerGroups(FileNetwork(&tree));
}

std::vector<std::pair<int, int>> Quantizer::Neighbours(const std::vector<LayerGroup>& layers) const {
  FileTree tree = clean_;
  return FindNeighbours(FileNetwork(&tree), layers);
}

Result<QuantizedModel> Quantizer::Finish(const FinishTask& finish) const {
  QuantizedModel result;
  result.notes = notes_;
  FileTree tree = clean_;
  FileNetwork network(&tree);
  if (options_.type == QuantizeType::kFloat16) {
    StoreHalves(&network, &result.notes);
  } else if (options_.type == QuantizeType::kDynamic) {
    SL_TRY(StoreDynamicWeights(&network, &result.notes));
  } else {
    IntegerTask task{clean_, *calibration_, options_, {}, {}, {}, finish.forms, finish.halves, moments_.get()};
    for (const StateBinding& state : options_.picture.session.states) {
      task.alike.emplace_back(network.main().outputs[static_cast<size_t>(state.output)],
                              network.main().inputs[static_cast<size_t>(state.input)]);
    }
    for (const auto& [port, range] : finish.whole) task.whole[network.main().inputs[static_cast<size_t>(port)]] = range;
    for (const auto& [port, range] : finish.limits)
      task.limits[network.main().outputs[static_cast<size_t>(port)]] = range;
    SL_ASSIGN(IntegerNetwork made, MakeIntegerNetwork(task));
    tree = std::move(made.tree);
    result.integer_nodes = made.integer_nodes;
    result.float_nodes = made.float_nodes;
    result.notes.insert(result.notes.end(), made.notes.begin(), made.notes.end());
  }
  SL_ASSIGN(result.bytes, WriteTflite(tree));
  // What cannot be opened here must not be given away.
  SL_TRY(Model::FromBytes(result.bytes, "the quantized network").status());
  return result;
}

}  // namespace safelight
