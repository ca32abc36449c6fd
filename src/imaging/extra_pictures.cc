// SPDX-License-Identifier: Apache-2.0
#include "imaging/extra_pictures.h"

namespace safelight {
namespace {

bool SameSize(const Shape& a, const PictureAxes& a_axes, const Shape& b, const PictureAxes& b_axes) {
  return a[a_axes.height] == b[b_axes.height] && a[a_axes.width] == b[b_axes.width];
}

}  // namespace

Result<std::vector<ExtraPicturePort>> TakeExtraPictures(const Model& model, const PictureOptions& options,
                                                        const Recipe& recipe) {
  std::vector<ExtraPicturePort> taken;
  const Shape& photo = model.inputs()[recipe.input.port].shape;
  for (const ExtraPicture& extra : options.extra_pictures) {
    // The name was looked up by FindRecipe.
    int position = 0;
    while (model.inputs()[position].name != extra.name) ++position;
    if (position == recipe.input.port) return InvalidArgument("input '", extra.name, "' is the photo itself");
    if (extra.picture == nullptr) return InvalidArgument("input '", extra.name, "' is given no picture");
    ExtraPicturePort port;
    port.name = extra.name;
    SL_ASSIGN(port.recipe, RecipeOfOther(model.inputs()[position], position, "input", recipe.input));
    SL_ASSIGN(port.picture, extra.picture->Clone());
    port.as_the_photo = SameSize(model.inputs()[position].shape, port.recipe.axes, photo, recipe.input.axes);
    taken.push_back(std::move(port));
  }
  return taken;
}

Status CheckExtraSize(const ExtraPicturePort& extra, int64_t height, int64_t width) {
  if (extra.picture.height() == height && extra.picture.width() == width) return {};
  return InvalidArgument("input '", extra.name, "' is given a picture of ", extra.picture.width(), "x",
                         extra.picture.height(), ", the network takes ", width, "x", height);
}

Result<Image> ReadOtherPicture(const Model& model, int position, const Recipe& recipe, const ConstTensorView& tensor,
                               const PicturePlace& result_place, PixelType type) {
  const Port& port = model.outputs()[position];
  SL_ASSIGN(const PortRecipe other, RecipeOfOther(port, position, "output", recipe.output));
  const Shape& result = model.outputs()[recipe.output.port].shape;
  PicturePlace place = result_place;
  if (!SameSize(port.shape, other.axes, result, recipe.output.axes)) {
    place = {0, 0, tensor.shape[other.axes.height], tensor.shape[other.axes.width]};
  }
  return PictureOfTensor(tensor, port, other, place, type);
}

}  // namespace safelight
