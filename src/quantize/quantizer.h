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
#include "runtime/model_impl.h"
#include "safelight/quantize.h"

namespace safelight {

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

  // `whole`: of graph inputs, a range that is used whole; `limits`: of graph outputs, what nothing exceeds. By
  // position.
  Result<QuantizedModel> Finish(const std::map<int, SeenRange>& whole, const std::map<int, SeenRange>& limits);

 private:
  explicit Quantizer(const QuantizeOptions& options) : options_(options) {}

  const QuantizeOptions options_;
  FileTree clean_;
  std::vector<std::string> notes_;
  std::optional<Model> model_;
  std::unique_ptr<Calibration> calibration_;
};

}  // namespace safelight
