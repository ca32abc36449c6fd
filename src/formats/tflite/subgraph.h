// SPDX-License-Identifier: Apache-2.0
//
// One subgraph of a verified .tflite container, checked and translated into a Graph.
#pragma once

#include "base/status.h"
#include "formats/tflite/container.h"
#include "graph/graph.h"

namespace safelight {

// Subgraph 0 as a Graph; composites are replaced by the nodes of their decomposition.
Result<Graph> ReadMainSubgraph(const TfliteContainer& container);

}  // namespace safelight
