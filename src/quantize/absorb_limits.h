// SPDX-License-Identifier: Apache-2.0
//
// MINIMUM, MAXIMUM and their kin behind an op on integers: a range that ends at the limit does the same, since integers
// stop at the ends of theirs.
#pragma once

#include <map>
#include <vector>

#include "quantize/file_network.h"
#include "quantize/integer_ops.h"
#include "quantize/value_stats.h"

namespace safelight {

struct Absorbed {
  std::vector<bool> gone;           // by node
  std::map<int, SeenRange> limits;  // by tensor: the results that are limited
  std::map<int, int> seen_as;       // tensors whose values are from now on those of another
};

// Changes the operands in `network`; the nodes stay until they are swept. `forms`: by node.
Absorbed AbsorbLimits(const std::vector<NodeForm>& forms, FileNetwork* network);

}  // namespace safelight
