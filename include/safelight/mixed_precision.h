// SPDX-License-Identifier: Apache-2.0
//
// A type for each layer of a network, chosen by what it does to the picture: options and report of
// QuantizeType::kMixed.
//
// A layer is a node with weights and the nodes without that follow it. Of each layer and type it is measured how much
// PSNR the network's pictures lose when that layer alone has the type; then the cheapest assignment is searched whose
// loss, measured with all layers together, stays within a target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "safelight/status.h"

namespace safelight {

enum class LayerType : uint8_t {
  kInt8,     // int8 values and weights
  k16x8,     // int16 values, int8 weights
  kFloat16,  // float16 weights in the file; values and arithmetic are float32
  kFloat32,  // as it was
};
// "int8", "16x8", "float16", "float32"; kInvalidArgument for other names.
Result<LayerType> ParseLayerType(const std::string& name);
const char* LayerTypeName(LayerType type);

// Of which pictures a loss is the loss. What rounding adds to a picture hardly depends on the picture, so those that
// the network does well lose most dB of it: a mean over some pictures says little of others that are easier.
enum class DropOver : uint8_t {
  kWorst,  // the most that any of the pictures loses
  kMean,   // the mean over the pictures
};
// "worst", "mean"; kInvalidArgument for other names.
Result<DropOver> ParseDropOver(const std::string& name);

struct MixedOptions {
  double target_drop = 0.1;  // dB of PSNR that may be lost; above 0
  DropOver over = DropOver::kWorst;
  std::vector<LayerType> types = {};  // that may be chosen; empty: all
  // Folder with the picture that should come out for each picture, under the same name. Empty: a network that enlarges
  // s times is shown pictures reduced s times (bicubic) and should give them back; any other should give what the float
  // network gives, and the loss follows from noise addition: 10 lg(1 + e / m), e the mean squared difference to the
  // float network's picture, m the mean squared error that float_psnr stands for.
  std::string truth = {};
  double float_psnr = 35;  // dB; of the float network, where there is no truth
  // What a type costs. Empty: multiply-adds x bits of values x bits of weights. "measured": seconds that this machine
  // takes for the whole network in that type, by multiply-adds. Otherwise a file of lines "LAYER TYPE COST", of which
  // LAYER may be * for the cost of one multiply-add in all others; # begins a comment.
  std::string cost = {};
  size_t pictures = 12;  // at most so many of the pictures are looked at, evenly spread over the list
  int64_t size = 288;    // of each the middle, at most so many pixels wide and high
};

struct MixedLayer {
  std::string name, op;  // of the node with weights: its first output
  LayerType type = LayerType::kFloat32;
  double drop = 0;   // dB lost when this layer alone has this type
  double share = 0;  // of the loss of all layers
  double cost = 0;   // as a part of the network's cost with all layers of the dearest type
};
// An assignment on the way from all layers of the cheapest type to all of the best.
struct MixedPoint {
  double cost = 0;            // as a part of the cost with all layers of the dearest type
  double predicted_drop = 0;  // dB, the layers' own added up
  std::optional<double> measured_drop = {};
  bool chosen = false;
};
struct MixedReport {
  std::string reference;  // what the pictures were compared with, in words
  std::string costs;      // what a cost is, in words
  double float_psnr = 0;  // dB, the mean over the pictures
  double drop = 0;        // dB, measured with the chosen types: of the worst picture, or the mean, as was asked
  double mean_drop = 0;   // dB, the mean over the pictures
  double cost = 0;        // as a part of the cost with all layers of the dearest type
  std::vector<MixedLayer> layers;
  std::vector<MixedPoint> curve;
};

}  // namespace safelight
