// SPDX-License-Identifier: Apache-2.0
//
// One tensor of a .tflite file as a Value: type, shape, quantization, and where its elements lie.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "formats/tflite/container.h"
#include "graph/graph.h"

namespace safelight {

// `computed`: an input of the graph or the output of a node, which has no elements in the file unless its
// buffer says so. Elements stay in the mapped file; those that lie on a crooked address and the zeros that
// a variable starts from are put into `storage`.
Result<Value> ReadTensor(const TfliteContainer& container, const tflite_format::Tensor& tensor, bool computed,
                         std::vector<std::shared_ptr<const void>>* storage);

}  // namespace safelight
