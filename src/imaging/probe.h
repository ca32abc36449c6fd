// SPDX-License-Identifier: Apache-2.0
//
// Which order of colours a network was trained with, where nothing says it: tried on a small picture of patches.
#pragma once

#include <optional>

#include "imaging/recipe.h"
#include "safelight/model.h"
#include "safelight/picture.h"

namespace safelight {

// kBgr for a network that keeps hues in that order and not in kRgb, kRgb for others, nothing where it cannot be tried:
// the network takes no small pictures, or needs more inputs than the picture. Cost: two runs on 80 x 60 pixels.
std::optional<ChannelOrder> ProbeOrder(const Model& model, const PictureOptions& options, const Recipe& recipe);

}  // namespace safelight
