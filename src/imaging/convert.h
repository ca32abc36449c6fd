// SPDX-License-Identifier: Apache-2.0
//
// Pixels to tensor values and back, in the layout and numbers a recipe says.
#pragma once

#include "imaging/recipe.h"
#include "safelight/image.h"
#include "safelight/tensor.h"
#include "tensor/tensor.h"

namespace safelight {

// What a picture is split into before it goes through the network.
struct PictureParts {
  Image color;   // float32, the channels that the network takes, values 0..1 (or luma / 255)
  Image chroma;  // float32 YCbCr of the whole picture, for luma networks; else empty
  Image alpha;   // one float32 channel; else empty
};
Result<PictureParts> SplitPicture(const ConstImageView& picture, const PortRecipe& recipe);

// Writes `color`, reflected at its borders, into a tensor of the port's type: tensor pixel (y, x) is picture pixel
// (y - top, x - left), its channels begin at `first_channel`. `tensor` has the port's shape at the session's size.
Status FillTensor(const ConstImageView& color, const PortRecipe& recipe, const Port& port, int64_t top, int64_t left,
                  int first_channel, const TensorView& tensor);

// The rectangle of an output tensor as pixels, black to white, written to `to` (whose size is the rectangle's and
// whose type is any).
Status ReadTensor(const ConstTensorView& tensor, const PortRecipe& recipe, const Port& port, int64_t y, int64_t x,
                  const ImageView& to);

// The network's result must be float32 to be put together; otherwise it may have the final type right away.
bool NeedsJoining(const PictureParts& parts, const Recipe& recipe);

// Puts the network's result together with chroma and alpha, enlarged by bicubic, in the pixel type wanted.
Result<Image> JoinPicture(Image result, const PictureParts& parts, const Recipe& recipe, PixelType type);

}  // namespace safelight
