// SPDX-License-Identifier: Apache-2.0
//
// The numbers between which a network keeps an output, whatever its input.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace safelight {

struct Limits {
  double low = 0, high = 0;
};

// Clips, sigmoids and dequantizations at the end of a network say which numbers its output can take. They are found by
// trying: the nodes behind the last arithmetic run on huge numbers of both signs, at a tiny picture size. Absent when
// the output then still grows, or when the last nodes cannot be run alone. `own` is inferred. Cost: microseconds.
std::optional<Limits> FindLimits(const Graph& own, ValueId output);

}  // namespace safelight
