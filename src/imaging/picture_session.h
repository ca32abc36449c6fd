// SPDX-License-Identifier: Apache-2.0
//
// A network bound to one form of picture: whole, reflect-padded, or the file's own size in tiles. Pictures go in and
// come out as they are; the tensors of its other ports are held here.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imaging/edges.h"
#include "imaging/extra_pictures.h"
#include "imaging/fit.h"
#include "imaging/recipe.h"
#include "imaging/tiles.h"
#include "runtime/session_impl.h"
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

  // Looks at the network's values: `taps` may add outputs to its graph, ahead of the picture's own edges.
  // `after_run` is called after each run of the network: one for a whole picture, one for each tile.
  void Observe(GraphEdit taps, std::function<Status()> after_run = {}) {
    taps_ = std::move(taps);
    after_run_ = std::move(after_run);
  }

  // Plans for pictures like this, in this order: as they are, extended, in tiles. Nothing to do when the form is
  // that of the picture before. Errors name the node that stands in the way.
  Status Prepare(const PhotoForm& photo, PictureReport* report);

  // The result for `frames` of that form, the newest last, in their pixel type. Rows lie without gaps.
  Result<Image> Run(std::span<const ConstImageView> frames, const std::function<bool(double)>& progress,
                    PictureReport* report);

  const std::vector<std::string>& notes() const { return notes_; }
  const Session* session() const { return session_.has_value() ? &*session_ : nullptr; }
  bool in_tiles() const { return tiles_.has_value(); }
  std::vector<std::pair<Port, ConstTensorView>> OtherOutputs() const;
  Result<Image> OtherPicture(const std::string& name, PixelType type) const;

 private:
  Status Plan();
  std::vector<Shape> ShapesAt(int64_t height, int64_t width) const;
  Result<Session> SessionAt(int64_t height, int64_t width, int64_t block_columns, GraphEdit edit) const;
  GraphEdit Edges(const PhotoForm& photo, const PicturePlace& place, const PicturePlace& result, PixelType type,
                  const Joins& joins);
  bool IsState(int input) const;
  bool IsStateOutput(int output) const;
  Status UseWhole(const SizeFit& fit);
  Status UseTiles(const Status& why);
  Status TakeBuffers();
  Status FillExtraInputs();
  std::string HintForInput(const Port& port) const;
  Status RunSession(std::span<const ConstImageView> frames, std::span<const ConstImageView> extras, const ImageView& to,
                    const std::function<bool(double)>& progress, PictureReport* report);
  Result<Image> RunWhole(std::span<const ConstImageView> frames, const std::function<bool(double)>& progress,
                         PictureReport* report);
  Result<Image> RunTiles(std::span<const ConstImageView> frames, const std::function<bool(double)>& progress,
                         PictureReport* report);
  Status RunTile(const Tile& tile, std::span<const ConstImageView> frames, const ImageView& made,
                 PictureReport* report);

  const Model model_;
  const PictureOptions& options_;
  const Recipe& recipe_;
  const std::vector<ExtraPicturePort> extra_pictures_;
  GraphEdit taps_;                     // may be null
  std::function<Status()> after_run_;  // may be null
  PhotoForm photo_;
  std::vector<std::string> notes_;
  std::optional<Session> session_;
  SizeFit fit_;  // counts when there are no tiles
  std::optional<TileGrid> tiles_;
  std::vector<Tensor> inputs_, outputs_;  // empty where a picture or a state is
  int result_ = 0;                        // the session's output that is the picture
};

}  // namespace safelight
