// SPDX-License-Identifier: Apache-2.0
//
// The two sides of a network at which pictures go in and come out: ops put before its inputs and behind its output, so
// that conversion, luma, enlarged chroma and alpha are made strip by strip with the rest.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "imaging/pixel_ops.h"
#include "imaging/recipe.h"
#include "safelight/image.h"

namespace safelight {

struct PhotoForm {
  int64_t height = 0, width = 0;
  int channels = 3;
  PixelType type = PixelType::kU8;
  bool has_alpha() const { return channels == 2 || channels == 4; }
  int color_channels() const { return has_alpha() ? channels - 1 : channels; }
  Shape shape() const { return {1, height, width, channels}; }
  bool operator==(const PhotoForm&) const = default;
};
PhotoForm FormOf(const ConstImageView& view);

// What is taken from the photo for the result besides the network's own output.
struct Joins {
  bool chroma = false;  // luma networks leave colours alone
  bool alpha = false;
  bool any() const { return chroma || alpha; }
};
Joins JoinsOf(const Recipe& recipe, const PhotoForm& photo);

// Where the picture lies in a tensor: its pixel (0, 0) is tensor pixel (top, left).
struct PicturePlace {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

class EdgeBuilder {
 public:
  explicit EdgeBuilder(Graph* graph) : graph_(graph) {}

  // Input `input` becomes a picture, or the first of several frames; the others are appended to the graph's inputs.
  // Gives the value of the newest. `place`: of the picture in the input's tensor, reflected around it.
  Result<ValueId> PutBefore(int input, const PortRecipe& recipe, const PhotoForm& photo, const PicturePlace& place);

  // The picture in `values`, joined with what `joins` takes from `photo`; a new value, no output of the graph yet.
  Result<ValueId> PutBehind(ValueId values, const PortRecipe& recipe, const PicturePlace& place, PixelType type,
                            const Joins& joins, ValueId photo);

  // Puts the nodes in order. Nothing may be added after.
  Status Finish();

 private:
  ValueId AddNode(const OpDef& op, std::shared_ptr<const OpAttrs> attrs, std::vector<ValueId> inputs,
                  const std::string& name, bool in_front);
  Result<ValueId> TakeFromPhoto(ValueId photo, ChannelMap map, const std::string& name, int64_t height, int64_t width);
  ValueId Resample(ValueId in, int axis, int64_t size);

  Graph* graph_;
  std::vector<Node> front_, behind_;
};

// Puts `values` (float32 pixels of a picture of black 0 and white 1) and what is taken from the photo together.
Result<Image> JoinPicture(const Image& values, const PortRecipe& recipe, const Joins& joins,
                          const ConstImageView& photo, const SessionOptions& options);

// The picture in a whole tensor of a port.
Result<Image> PictureOfTensor(const ConstTensorView& tensor, const Port& port, const PortRecipe& recipe,
                              const PicturePlace& place, PixelType type);

// The part of a picture whose pixel (0, 0) is picture pixel (y, x), reflected at the borders.
Result<Image> CropReflected(const ConstImageView& picture, int64_t y, int64_t x, int64_t height, int64_t width);

}  // namespace safelight
