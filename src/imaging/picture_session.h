// SPDX-License-Identifier: Apache-2.0
//
// A network bound to one picture size: whole, reflect-padded, or the file's own size in tiles; with the tensors that
// hold the picture on both sides.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imaging/extra_pictures.h"
#include "imaging/fit.h"
#include "imaging/recipe.h"
#include "imaging/tiles.h"
#include "safelight/image.h"
#include "safelight/picture.h"
#include "safelight/session.h"
#include "tensor/tensor.h"

namespace safelight {

class PictureSession {
 public:
  PictureSession(const Model& model, const PictureOptions& options, const Recipe& recipe,
                 std::vector<ExtraPicturePort> extra_pictures = {})
      : model_(model), options_(options), recipe_(recipe), extra_pictures_(std::move(extra_pictures)) {}

  // Plans for pictures of this size, in this order: as they are, extended, in tiles. Nothing to do when the size is
  // that of the picture before. Errors name the node that stands in the way.
  Status Prepare(int64_t height, int64_t width, PictureReport* report);

  // The result for float32 `frames` of that size, the newest last, in the pixel type wanted. `done_reading` is called
  // when the frames are not needed any more.
  Result<Image> Run(std::span<const ConstImageView> frames, PixelType type, const std::function<void()>& done_reading,
                    const std::function<bool(double)>& progress, PictureReport* report);

  const std::vector<std::string>& notes() const { return notes_; }
  const Session* session() const { return session_.has_value() ? &*session_ : nullptr; }
  bool in_tiles() const { return tiles_.has_value(); }
  std::vector<std::pair<Port, ConstTensorView>> OtherOutputs() const;
  Result<Image> OtherPicture(const std::string& name, PixelType type) const;

 private:
  Status Plan(int64_t height, int64_t width);
  std::vector<Shape> ShapesAt(int64_t height, int64_t width) const;
  Result<Session> SessionAt(int64_t height, int64_t width, int64_t block_columns) const;
  bool IsState(int input) const;
  Status UseWhole(const SizeFit& fit, Session session);
  Status UseTiles(const Status& why);
  Status TakeBuffers();
  Status FillExtraInputs();
  std::string HintForInput(const Port& port) const;
  Status FillFrames(std::span<const ConstImageView> frames, int64_t top, int64_t left);
  Status RunSession(const std::function<bool(double)>& progress, PictureReport* report);
  Result<Image> RunWhole(std::span<const ConstImageView> frames, PixelType type,
                         const std::function<void()>& done_reading, const std::function<bool(double)>& progress,
                         PictureReport* report);
  Result<Image> RunTiles(std::span<const ConstImageView> frames, PixelType type,
                         const std::function<bool(double)>& progress, PictureReport* report);

  const Model model_;
  const PictureOptions& options_;
  const Recipe& recipe_;
  const std::vector<ExtraPicturePort> extra_pictures_;
  int64_t height_ = 0, width_ = 0;
  std::vector<std::string> notes_;
  std::optional<Session> session_;
  SizeFit fit_;  // counts when there are no tiles
  std::optional<TileGrid> tiles_;
  std::vector<Tensor> inputs_, outputs_;
};

}  // namespace safelight
