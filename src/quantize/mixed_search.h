// SPDX-License-Identifier: Apache-2.0
//
// The cheapest types of a network's layers whose pictures lose no more PSNR than a target. Knows neither network nor
// picture: what an assignment does is measured by the caller.
//
// Squared errors of layers add up: each layer was measured alone. Neighbours of one type round the value between them
// once, not twice, so what pairs were measured to have in common is taken off. That model ranks the moves from the
// cheapest assignment to the best one; where on that way the target is met, and whether single layers can be made
// cheaper again, is measured with all layers together.
#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "safelight/mixed_precision.h"

namespace safelight {

// Mean squared error of each picture.
using PictureErrors = std::vector<double>;

struct TypeOfLayer {
  double cost = 0;
  PictureErrors added;  // to those of the float network, when this layer alone has this type
};
// Two layers that both have type `type`: what both together add less than the sum of both.
struct SharedError {
  int first = 0, second = 0, type = 0;
  PictureErrors shared;
};

struct SearchTask {
  double target_drop = 0;  // dB
  DropOver over = DropOver::kWorst;
  PictureErrors float_errors;                    // above 0
  std::vector<std::vector<TypeOfLayer>> layers;  // by layer, by type
  std::vector<SharedError> shared;
  // The errors with all layers of these types (positions in the inner lists).
  std::function<Result<PictureErrors>(const std::vector<int>&)> measure;
};

struct SearchResult {
  std::vector<int> types;         // by layer
  double drop = 0;                // dB, measured
  PictureErrors errors;           // measured
  std::vector<MixedPoint> curve;  // costs as those of the task
};

// dB of PSNR lost: the most of any picture, or the mean over the pictures.
double DropOf(const PictureErrors& float_errors, const PictureErrors& errors, DropOver over);

// At most kMostMeasured assignments are measured. Error: kUnsupported when even the best types miss the target; says by
// how much.
inline constexpr size_t kMostMeasured = 32;
Result<SearchResult> SearchTypes(const SearchTask& task);

}  // namespace safelight
