// SPDX-License-Identifier: Apache-2.0
//
// The network's other ports that hold pictures: inputs besides the photo (a mask, the frame before), outputs besides
// the result.
#pragma once

#include <vector>

#include "imaging/edges.h"
#include "imaging/recipe.h"
#include "safelight/picture.h"
#include "tensor/tensor.h"

namespace safelight {

struct ExtraPicturePort {
  PortRecipe recipe;
  Image picture;
  bool as_the_photo;  // as large as the photo in the file, and so in every run
  std::string name;
};

// The pictures of options.extra_pictures. Errors name the input.
Result<std::vector<ExtraPicturePort>> TakeExtraPictures(const Model& model, const PictureOptions& options,
                                                        const Recipe& recipe);

// Errors, naming the input, unless its picture has this size.
Status CheckExtraSize(const ExtraPicturePort& extra, int64_t height, int64_t width);

// An output besides the result as a picture of `type`; the outputs that are as large as the result in the file are
// cropped as it is.
Result<Image> ReadOtherPicture(const Model& model, int position, const Recipe& recipe, const ConstTensorView& tensor,
                               const PicturePlace& result_place, PixelType type);

}  // namespace safelight
