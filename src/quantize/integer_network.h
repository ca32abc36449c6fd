// SPDX-License-Identifier: Apache-2.0
//
// A float network rewritten to integers: int8 or int16 values, also both in one network, int8 weights, QUANTIZE and
// DEQUANTIZE where forms meet.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "formats/tflite/file_tree.h"
#include "quantize/calibration.h"
#include "quantize/moments.h"
#include "quantize/scale_plan.h"

namespace safelight {

struct IntegerTask {
  const FileTree& clean;  // the float network after CleanUp
  const Calibration& calibration;
  const QuantizeOptions& options;
  // Of tensors of `clean`; see ScaleTask.
  std::map<int, SeenRange> whole, limits;
  std::vector<std::pair<int, int>> alike;
  // By node of `clean`: the form that it is to have, and whether its constants become float16 if it stays float. Empty:
  // what options.type says.
  std::vector<NodeForm> forms = {};
  std::vector<bool> halves = {};
  const Moments* moments = nullptr;  // of what layers read; null: weights are rounded to the nearest
};

struct IntegerNetwork {
  FileTree tree;
  int integer_nodes = 0, float_nodes = 0;
  std::vector<std::string> notes;
};

// The ops with an integer form that the engine takes become integers. With kInt8Only an op without is an error.
Result<IntegerNetwork> MakeIntegerNetwork(const IntegerTask& task);

}  // namespace safelight
