// SPDX-License-Identifier: Apache-2.0
//
// The network's other ports that hold pictures: inputs besides the photo (a mask, the frame before), outputs besides
// the result.
#pragma once

#include <vector>

#include "imaging/recipe.h"
#include "safelight/picture.h"
#include "tensor/tensor.h"

namespace safelight {

struct ExtraPicturePort {
  PortRecipe recipe;
  Image color;        // float32, the channels that the port takes
  bool as_the_photo;  // as large as the photo in the file, and so in every run
  std::string name;
};

// The pictures of options.extra_pictures, made ready. Errors name the input.
Result<std::vector<ExtraPicturePort>> TakeExtraPictures(const Model& model, const PictureOptions& options,
                                                        const Recipe& recipe);

// A picture's place: what part of the photo the network sees, whose pixel (0, 0) is tensor pixel (-top, -left).
struct PhotoPlace {
  int64_t height = 0, width = 0;  // of the photo
  int64_t top = 0, left = 0;
};
// Writes the picture into the tensor of its port at the session's size. Errors when the sizes do not fit.
Status FillExtraPicture(const ExtraPicturePort& extra, const Port& port, const PhotoPlace& place,
                        const TensorView& tensor);

// An output besides the result as a picture of `type`; the outputs that are as large as the result in the file are
// cropped as it is, to the rectangle whose pixel (0, 0) is tensor pixel (top, left).
Result<Image> ReadOtherPicture(const Model& model, int position, const Recipe& recipe, const ConstTensorView& tensor,
                               const PhotoPlace& result_place, PixelType type);

}  // namespace safelight
