// SPDX-License-Identifier: Apache-2.0
//
// Networks whose weights alone become smaller; values stay float.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "quantize/file_network.h"

namespace safelight {

// Float constants become float16 behind DEQUANTIZE; numbers that do not fit keep their constant float.
void StoreHalves(FileNetwork* network, std::vector<std::string>* notes);
// The same of the tensors that are `wanted` alone. How many nodes now stand in front of the others.
size_t StoreHalves(const std::vector<bool>& wanted, FileNetwork* network, std::vector<std::string>* notes);

// Layers of TFLite's dynamic-range kernels get int8 weights: convolutions by channel, FULLY_CONNECTED with one scale.
// Errors when there is no such layer.
Status StoreDynamicWeights(FileNetwork* network, std::vector<std::string>* notes);

}  // namespace safelight
