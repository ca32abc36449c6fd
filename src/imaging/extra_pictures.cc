// SPDX-License-Identifier: Apache-2.0
#include "imaging/extra_pictures.h"

#include "imaging/convert.h"

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
    Result<PictureParts> parts = SplitPicture(*extra.picture, port.recipe);
    if (!parts.ok()) return parts.status().With(Cat("input '", extra.name, "'"));
    port.color = std::move(parts->color);
    port.as_the_photo = SameSize(model.inputs()[position].shape, port.recipe.axes, photo, recipe.input.axes);
    taken.push_back(std::move(port));
  }
  return taken;
}

Status FillExtraPicture(const ExtraPicturePort& extra, const Port& port, const PhotoPlace& place,
                        const TensorView& tensor) {
  const PictureAxes& axes = extra.recipe.axes;
  const int64_t height = extra.as_the_photo ? place.height : port.shape[axes.height];
  const int64_t width = extra.as_the_photo ? place.width : port.shape[axes.width];
  if (extra.color.height() != height || extra.color.width() != width) {
    return InvalidArgument("input '", extra.name, "' is given a picture of ", extra.color.width(), "x",
                           extra.color.height(), ", the network takes ", width, "x", height);
  }
  if (!extra.as_the_photo) return FillTensor(extra.color, extra.recipe, port, 0, 0, 0, tensor);
  return FillTensor(extra.color, extra.recipe, port, place.top, place.left, 0, tensor);
}

Result<Image> ReadOtherPicture(const Model& model, int position, const Recipe& recipe, const ConstTensorView& tensor,
                               const PhotoPlace& result_place, PixelType type) {
  const Port& port = model.outputs()[position];
  SL_ASSIGN(const PortRecipe other, RecipeOfOther(port, position, "output", recipe.output));
  const Shape& result = model.outputs()[recipe.output.port].shape;
  const bool as_the_result = SameSize(port.shape, other.axes, result, recipe.output.axes);
  const int64_t height = as_the_result ? result_place.height : tensor.shape[other.axes.height];
  const int64_t width = as_the_result ? result_place.width : tensor.shape[other.axes.width];
  SL_ASSIGN(Image image, Image::Create(width, height, other.channels, type));
  SL_TRY(ReadTensor(tensor, other, port, as_the_result ? result_place.top : 0, as_the_result ? result_place.left : 0,
                    image.view()));
  return image;
}

}  // namespace safelight
