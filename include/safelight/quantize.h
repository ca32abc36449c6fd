// SPDX-License-Identifier: Apache-2.0
//
// Quantization after training: a float network becomes a .tflite file of integers, or of smaller weights, that
// safelight and stock LiteRT run with the same result.
//
// The ranges of the values are seen on pictures that go through the float network just as `run` sends them. Memory does
// not grow with their number, and the result does not depend on threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "safelight/mixed_precision.h"
#include "safelight/model.h"
#include "safelight/picture.h"
#include "safelight/status.h"

namespace safelight {

enum class QuantizeType : uint8_t {
  kInt8,         // int8 throughout, also inputs and outputs; ops without an int8 form stay float, named in notes
  kInt8FloatIo,  // the same with float inputs and outputs
  kInt8Only,     // as kInt8; an op without an int8 form is an error
  k16x8,         // int16 values, symmetric, with int8 weights; int16 inputs and outputs
  kDynamic,      // int8 weights, float values: integer arithmetic at run time; no pictures needed
  kFloat16,      // float16 weights, float values; no pictures needed
  kMixed,        // a type for each layer, chosen on the pictures (MixedOptions); float inputs and outputs
};
// "int8", "int8-float-io", "int8-only", "16x8", "dynamic", "float16", "mixed"; kInvalidArgument for other names.
Result<QuantizeType> ParseQuantizeType(const std::string& name);

// How the range of a value follows from what was seen of it.
enum class RangeObserver : uint8_t {
  kMinMax,         // all that was seen
  kMovingAverage,  // of each picture's least and greatest
  kPercentile,     // all but a share of the values
  kMse,            // what makes the least squared error
  kKl,             // what keeps the distribution nearest (Kullback-Leibler)
};
// "minmax", "moving-average", "percentile", "mse", "kl".
Result<RangeObserver> ParseRangeObserver(const std::string& name);

// How weights of integer layers are rounded.
enum class WeightRounding : uint8_t {
  kNearest,
  kAdaptive,  // up or down, so that the layers' results on the pictures are off least; biases make up for the mean
              // error
};
// "nearest", "adaptive".
Result<WeightRounding> ParseWeightRounding(const std::string& name);

struct QuantizeOptions {
  QuantizeType type = QuantizeType::kInt8;
  std::optional<RangeObserver> observer = {};  // nothing: kPercentile for int8, kMinMax for int16 values
  double percentile = 99.999;                  // of kPercentile: the share of the values that stay inside
  bool equalize = false;                       // like ranges of the weights of neighbouring layers
  bool correct_bias = false;                   // biases make up for the mean error of the rounded weights
  WeightRounding rounding = WeightRounding::kNearest;
  bool narrow_bias = false;     // of 16x8: int32 in place of int64
  MixedOptions mixed = {};      // of kMixed
  PictureOptions picture = {};  // how pixels become values
};

struct QuantizedModel {
  std::vector<std::byte> bytes;    // the file
  std::string recipe;              // of a recipe file beside it; empty: none is needed
  std::vector<std::string> notes;  // what was done and what stayed float, a sentence each
  int integer_nodes = 0, float_nodes = 0;
  std::optional<MixedReport> mixed = {};  // of kMixed
};

// `progress` is called with the pictures that went through a network and about how many will; false cancels
// (kCancelled). Errors name the tensor, node or picture: kInvalidArgument (quantized already, not a number, no
// pictures, options out of range), kUnsupported (also: no assignment keeps the target), kNotFound (of files).
Result<QuantizedModel> QuantizeModel(const Model& model, const std::vector<std::string>& pictures,
                                     const QuantizeOptions& options,
                                     const std::function<bool(size_t done, size_t of)>& progress = {});

}  // namespace safelight
