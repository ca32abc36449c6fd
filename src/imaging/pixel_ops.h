// SPDX-License-Identifier: Apache-2.0
//
// Conversions of pixels as ops: they run inside the strips of the network that they stand before and behind, so no
// picture exists as floats. They come from no file; imaging/edges puts them into a graph.
//
// A picture is a value of shape 1 x height x width x channels and type uint8, uint16 or float32, interleaved.
#pragma once

#include <memory>
#include <vector>

#include "graph/op_def.h"
#include "image/taps.h"
#include "imaging/recipe.h"
#include "imaging/stored_values.h"
#include "kernels/pixels.h"
#include "safelight/image.h"

namespace safelight {

// Channels from channels: out[k] = offsets[k] + sum of weights[k * in + j] * channel j. Integers are divided by
// `divisor` as they are loaded and floats multiplied by `factor` as they become pixels.
struct ChannelMap {
  int in = 0, out = 0;
  std::vector<float> weights, offsets;
  float divisor = 1, factor = 1;
  ChannelMap() = default;
  ChannelMap(int in_channels, int out_channels)
      : in(in_channels),
        out(out_channels),
        weights(static_cast<size_t>(in_channels) * static_cast<size_t>(out_channels)),
        offsets(static_cast<size_t>(out_channels)) {}
  float& weight(int out_channel, int in_channel) { return weights[static_cast<size_t>(out_channel * in + in_channel)]; }
  // Every channel from the one at its own place, all in the same way.
  bool is_uniform() const;
};

// Inputs: pictures of one size, the frames of a network's input. Output: a tensor of `shape` in the layout `axes`,
// whose pixel (y, x) is picture pixel (y - top, x - left), reflected at the borders; frame f fills the channels from f
// * map.out on.
struct PixelsToValuesAttrs : OpAttrs {
  Shape shape;
  PictureAxes axes;
  Storage storage;
  int64_t top = 0, left = 0;
  ChannelMap map;
};
extern const OpDef pixels_to_values_op;

// Inputs: a tensor in the layout `axes`; then, where the map takes more channels than the tensor has, pictures of the
// result's size whose channels follow. Output: the picture of height x width whose pixel (0, 0) is tensor pixel
// (top, left), and of `type`.
struct ValuesToPixelsAttrs : OpAttrs {
  PictureAxes axes;
  Storage storage;
  int64_t top = 0, left = 0, height = 0, width = 0;
  int channels = 3;  // of the tensor
  ChannelMap map;
  bool clamp_alpha = false;  // the last channel of a float picture is kept in 0..1
  PixelType type = PixelType::kU8;
};
extern const OpDef values_to_pixels_op;

// A float picture resampled along one axis: 1 for rows, 2 for columns.
struct ResampleAttrs : OpAttrs {
  int axis = 1;
  int64_t out_size = 0;
  Taps taps;
};
extern const OpDef resample_op;

kernels::PixelForm FormOf(DType dtype);
DType DTypeOf(PixelType type);

// Index i mirrored into [0, size), as often as needed.
int64_t Reflect(int64_t i, int64_t size);

}  // namespace safelight
