// SPDX-License-Identifier: Apache-2.0
//
// The steps from a model to its quantized file. Knows no picture: between Begin and Finish whoever has samples runs
// them through `model()` with the taps of `calibration()`.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "formats/tflite/file_tree.h"
#include "quantize/calibration.h"
#include "quantize/integer_ops.h"
#include "quantize/layer_groups.h"
#include "quantize/moments.h"
#include "runtime/model_impl.h"
#include "safelight/quantize.h"

namespace safelight {

struct FinishTask {
  // By position: of graph inputs, a range that is used whole; of graph outputs, what nothing exceeds.
  std::map<int, SeenRange> whole, limits;
  // By node of the clean network; see IntegerTask. Empty: what the type says.
  std::vector<NodeForm> forms = {};
  std::vector<bool> halves = {};
};

class Quantizer {
 public:
  // Errors: quantized already, a weight that is no number; names the tensor.
  static Result<std::unique_ptr<Quantizer>> Begin(const Model& model, const QuantizeOptions& options);

  static bool NeedsSamples(QuantizeType type) {
    return type != QuantizeType::kDynamic && type != QuantizeType::kFloat16;
  }

  // The float network that is quantized.
  const Model& model() const { return *model_; }
  Calibration& calibration() { return *calibration_; }
  // Of adaptive rounding; null without.
  Moments* moments() { return moments_.get(); }

  Result<QuantizedModel> Finish(const FinishTask& task) const;
  // Of the network that is quantized.
  std::vector<LayerGroup> Layers() const;
  std::vector<std::pair<int, int>> Neighbours(const std::vector<LayerGroup>& layers) const;

 private:
  explicit Quantizer(const QuantizeOptions& options) : options_(options) {}

  const QuantizeOptions options_;
  FileTree clean_;
  std::vector<std::string> notes_;
  std::optional<Model> model_;
  std::unique_ptr<Calibration> calibration_;
  std::unique_ptr<Moments> moments_;
};

}  // namespace safelight
