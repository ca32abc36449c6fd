// SPDX-License-Identifier: Apache-2.0
//
// What a layer costs in each type.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "quantize/layer_groups.h"
#include "safelight/mixed_precision.h"
#include "safelight/model.h"

namespace safelight {

// By layer, at the file's own size: multiply-adds, or, of layers that have none, the numbers that they make.
std::vector<double> WorkOf(const std::vector<LayerGroup>& layers, const Model& model);

// Bits of values times bits of weights.
double BitsOf(LayerType type);

// Costs by layer and type: lines "LAYER TYPE COST", LAYER * for the cost of one unit of work of all other layers; #
// begins a comment. Errors name the line; kInvalidArgument for unknown layers and types, costs that are no numbers
// above 0, and types of a layer that have no cost.
Result<std::vector<std::vector<double>>> ReadCosts(const std::string& text, const std::vector<LayerGroup>& layers,
                                                   const std::vector<double>& work,
                                                   const std::vector<LayerType>& types);

}  // namespace safelight
