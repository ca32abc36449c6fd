// SPDX-License-Identifier: Apache-2.0
//
// How the pixels of a picture become the values of a network's input, and the output's values pixels.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "safelight/model.h"
#include "safelight/picture.h"

namespace safelight {

// The layout of a port that holds a picture.
struct PictureAxes {
  int height = 1, width = 2, channel = 3;  // axes of the port's shape; channel kNone when there is none
};

struct PortRecipe {
  int port = -1;  // position among the model's inputs or outputs
  PictureAxes axes;
  int channels = 3;  // of one frame
  int frames = 1;    // pictures that the port takes at once, one behind the other in its channels; the newest is last
  ChannelOrder order = ChannelOrder::kRgb;
  ValueRange range;
  std::string range_source;  // "--range", "recipe file", "metadata", "quantization", "the network's limits", "assumed"
  std::string order_source;
};

struct Recipe {
  PortRecipe input, output;
  // One sentence for each side.
  std::vector<std::string> Describe(const Model& model) const;
};

// The recipe of another port on the same side as `main`, which it resembles where nothing else is said.
Result<PortRecipe> RecipeOfOther(const Port& port, int position, const char* side, const PortRecipe& main);

// Finds the recipe of a model; see PicturePipeline. Errors name the port or the recipe file.
Result<Recipe> FindRecipe(const Model& model, const PictureOptions& options);

// Whether an output is a picture, or the one that the options name is there.
bool HasPictureOutput(const Model& model, const PictureOptions& options);
// The recipe of the input alone, for networks without: in `output` the port is -1.
Result<Recipe> FindInputRecipe(const Model& model, const PictureOptions& options);

}  // namespace safelight
