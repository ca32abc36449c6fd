// SPDX-License-Identifier: Apache-2.0
//
// A picture through an image-to-image network: photo in, photo out, at the photo's own size.
//
// How pixels become tensor values is found, in this order, from the options, from a recipe file beside
// the model (model.recipe.toml), from the file's metadata and quantization; what is left is assumed. Where
// each choice came from is in notes(). A network that cannot take the photo's size runs in tiles.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "safelight/image.h"
#include "safelight/model.h"
#include "safelight/session.h"
#include "safelight/status.h"

namespace safelight {

enum class ChannelOrder : uint8_t {
  kRgb,
  kBgr,
  kRgba,
  kGray,
  kY,  // BT.601 studio-range luma / 255 of the range; chroma is enlarged by bicubic, as papers do
};
// "rgb", "bgr", "rgba", "gray", "y"; kInvalidArgument for other names.
Result<ChannelOrder> ParseChannelOrder(const std::string& name);
const char* ChannelOrderName(ChannelOrder order);

// The tensor values of black and white.
struct ValueRange {
  double black = 0.0;
  double white = 1.0;
};

// Another input of the network, by its name in the file.
struct ExtraInput {
  std::string name;
  ConstTensorView tensor;
};

// Another input that is a picture as well; converted as the photo is. `picture` is read by Create alone.
struct ExtraPicture {
  std::string name;
  const Image* picture = nullptr;
};

struct PictureOptions {
  std::optional<ValueRange> input_range = {}, output_range = {};
  std::optional<ChannelOrder> channels = {};
  int64_t tile = 0;          // input pixels; 0: whole pictures where the network allows
  bool force_tiles = false;  // tiles even where the network is not local; joints will show
  std::string input = {};    // name of the input that is the photo; empty: the first that looks like one
  std::string output = {};   // name of the output that is the picture; empty: the first that looks like one
  std::vector<ExtraInput> extra_inputs = {};
  std::vector<ExtraPicture> extra_pictures = {};
  SessionOptions session = {};  // input_shapes is set by the pipeline
};

// What the last picture cost.
struct PictureReport {
  double compile_seconds = 0;  // planning and packing; 0 when the session was kept from the picture before
  double run_seconds = 0;      // the network, without reading and writing files
  int64_t session_bytes = 0;   // rings and whole values
  int64_t buffer_bytes = 0;    // tensors of the network's other inputs and outputs; pictures are converted row by row
  int64_t tiles = 1;
};

class PicturePipelineImpl;

// Keeps its session from picture to picture of one size. Used by one thread at a time.
class PicturePipeline {
 public:
  // Errors: kInvalidArgument when the network has no input or output that is a picture (says what it has).
  static Result<PicturePipeline> Create(const Model& model, const PictureOptions& options = {});
  PicturePipeline(PicturePipeline&&) noexcept;
  PicturePipeline& operator=(PicturePipeline&&) noexcept;
  ~PicturePipeline();

  // How pixels become values and back, one sentence each; after Run also what was rewritten, padded or tiled.
  std::vector<std::string> notes() const;
  // The network's picture for `picture`: same pixel type, metadata kept, alpha carried along by bicubic.
  Result<Image> Run(const Image& picture, const std::function<bool(double)>& progress = {});
  const PictureReport& report() const;
  // The session of the last picture; null before the first.
  const Session* session() const;
  // The network's other outputs of the last picture, in its order; the picture's own is left out.
  // Empty for pictures that ran in tiles.
  std::vector<std::pair<Port, ConstTensorView>> other_outputs() const;
  // One of them as a picture. Errors: kNotFound, kInvalidArgument (it is none).
  Result<Image> OtherPicture(const std::string& name, PixelType type) const;

 private:
  explicit PicturePipeline(std::unique_ptr<PicturePipelineImpl> impl);
  std::unique_ptr<PicturePipelineImpl> impl_;
};

}  // namespace safelight
