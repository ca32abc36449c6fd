// SPDX-License-Identifier: Apache-2.0
#include "imaging/picture_session.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "runtime/model_impl.h"

namespace safelight {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// `shape` with the picture's height and width in the proportion in which they stand in `own`; nothing where that
// gives no whole numbers.
std::optional<Shape> InProportion(const Shape& shape, const Shape& own, const PictureAxes& axes, int64_t height,
                                  int64_t width) {
  if (shape.rank() != own.rank() || own[axes.height] == 0 || own[axes.width] == 0) return std::nullopt;
  if (shape[axes.height] * height % own[axes.height] != 0) return std::nullopt;
  if (shape[axes.width] * width % own[axes.width] != 0) return std::nullopt;
  Shape scaled = shape;
  scaled[axes.height] = shape[axes.height] * height / own[axes.height];
  scaled[axes.width] = shape[axes.width] * width / own[axes.width];
  return scaled;
}

}  // namespace

bool PictureSession::IsState(int input) const {
  const std::vector<StateBinding>& states = options_.session.states;
  return std::any_of(states.begin(), states.end(), [&](const StateBinding& state) { return state.input == input; });
}

bool PictureSession::IsStateOutput(int output) const {
  const std::vector<StateBinding>& states = options_.session.states;
  return std::any_of(states.begin(), states.end(), [&](const StateBinding& state) { return state.output == output; });
}

// Other inputs as large as the picture in the file stay as large as the picture; states keep their proportion to it.
std::vector<Shape> PictureSession::ShapesAt(int64_t height, int64_t width) const {
  const PictureAxes& axes = recipe_.input.axes;
  const Shape& own = model_.inputs()[recipe_.input.port].shape;
  std::vector<Shape> shapes(model_.inputs().size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Shape& shape = model_.inputs()[i].shape;
    bool follows = static_cast<int>(i) == recipe_.input.port;
    follows = follows || IsState(static_cast<int>(i));
    if (shape.rank() == own.rank()) {
      follows = follows || (shape[axes.height] == own[axes.height] && shape[axes.width] == own[axes.width]);
    }
    if (const auto scaled = InProportion(shape, own, axes, height, width); follows && scaled) shapes[i] = *scaled;
  }
  return shapes;
}

Result<Session> PictureSession::SessionAt(int64_t height, int64_t width, int64_t block_columns, GraphEdit edit) const {
  SessionOptions options = options_.session;
  options.input_shapes = ShapesAt(height, width);
  options.block_columns = block_columns;
  return SessionImpl::CreateEdited(model_, options, std::move(edit));
}

// Pictures of the form `photo`, at `place` in the network's input; the result at `result` in its output.
GraphEdit PictureSession::Edges(const PhotoForm& photo, const PicturePlace& place, const PicturePlace& result,
                                PixelType type, const Joins& joins) {
  return [=, this](Graph& graph) -> Status {
    if (taps_) SL_TRY(taps_(graph));
    EdgeBuilder edges(&graph);
    SL_ASSIGN(const ValueId newest, edges.PutBefore(recipe_.input.port, recipe_.input, photo, place));
    for (const ExtraPicturePort& extra : extra_pictures_) {
      const int port = extra.recipe.port;
      const Shape& shape = graph.values[graph.inputs[port]].shape;
      PicturePlace extra_place = place;
      if (!extra.as_the_photo) {
        extra_place = {0, 0, shape[extra.recipe.axes.height], shape[extra.recipe.axes.width]};
        SL_TRY(CheckExtraSize(extra, extra_place.height, extra_place.width));
      }
      PhotoForm form = FormOf(extra.picture.view());
      form.height = extra_place.height;
      form.width = extra_place.width;
      SL_TRY(edges.PutBefore(port, extra.recipe, form, extra_place).status());
    }
    ValueId& output = graph.outputs[recipe_.output.port];
    SL_ASSIGN(const ValueId picture, edges.PutBehind(output, recipe_.output, result, type, joins, newest));
    result_ = recipe_.output.port;
    if (IsStateOutput(result_)) {
      // The next run needs it as it is.
      result_ = static_cast<int>(graph.outputs.size());
      graph.outputs.push_back(picture);
    } else {
      output = picture;
    }
    return edges.Finish();
  };
}

Status PictureSession::Prepare(const PhotoForm& photo, PictureReport* report) {
  if (session_.has_value() && photo == photo_) return {};
  const auto begin = std::chrono::steady_clock::now();
  photo_ = photo;
  SL_TRY(Plan());
  report->compile_seconds = SecondsSince(begin);
  return {};
}

Status PictureSession::Plan() {
  session_.reset();
  tiles_.reset();
  notes_.clear();
  for (const ExtraPicturePort& extra : extra_pictures_) {
    if (extra.as_the_photo) SL_TRY(CheckExtraSize(extra, photo_.height, photo_.width));
  }
  const ModelImpl& model = *model_.impl();
  SizeFitter fitter(
      model.file.graph, model.own_size, recipe_, [this](int64_t h, int64_t w) { return ShapesAt(h, w); },
      [this](int64_t h, int64_t w) -> Result<std::pair<FieldReport, FieldReport>> {
        SL_ASSIGN(const Session session, SessionAt(h, w, 0, nullptr));
        const PlanReport plan = session.plan();
        return std::pair(plan.field_rows, plan.field_columns);
      });
  const Result<SizeFit> fit = fitter.Fit(photo_.height, photo_.width);
  if (!fit.ok()) return UseTiles(fit.status());
  const Status whole = UseWhole(*fit);
  if (whole.ok()) return TakeBuffers();
  if (whole.code() == StatusCode::kResourceLimit) return whole;
  return UseTiles(whole);
}

Status PictureSession::UseWhole(const SizeFit& fit) {
  fit_ = fit;
  const AxisFit &rows = fit_.rows, &columns = fit_.columns;
  const PicturePlace place{rows.front, columns.front, photo_.height, photo_.width};
  const PicturePlace result{rows.from, columns.from, rows.ResultSize(photo_.height), columns.ResultSize(photo_.width)};
  const int64_t block = options_.tile == 0 ? 0 : std::max<int64_t>(1, options_.tile * columns.up / columns.down);
  SL_ASSIGN(Session session, SessionAt(rows.size, columns.size, block,
                                       Edges(photo_, place, result, photo_.type, JoinsOf(recipe_, photo_))));
  session_.emplace(std::move(session));
  if (!fit.note.empty()) notes_.push_back(fit.note);
  notes_.insert(notes_.end(), session_->notes().begin(), session_->notes().end());
  return {};
}

Status PictureSession::UseTiles(const Status& why) {
  const Shape &in = model_.inputs()[recipe_.input.port].shape, &out = model_.outputs()[recipe_.output.port].shape;
  const PictureAxes &in_axes = recipe_.input.axes, &out_axes = recipe_.output.axes;
  PhotoForm tile = photo_;
  tile.height = in[in_axes.height];
  tile.width = in[in_axes.width];
  // What is joined is joined at the end, when all of the photo is there.
  const PixelType type = JoinsOf(recipe_, photo_).any() ? PixelType::kF32 : photo_.type;
  SessionOptions options = options_.session;
  options.input_shapes.clear();
  SL_ASSIGN(Session session,
            SessionImpl::CreateEdited(model_, options,
                                      Edges(tile, {0, 0, tile.height, tile.width},
                                            {0, 0, out[out_axes.height], out[out_axes.width]}, type, {})));
  const TileTask task{in, out, in_axes, out_axes, photo_.height, photo_.width, options_.force_tiles};
  Result<TileGrid> grid = PlanTiles(session.plan(), task);
  if (!grid.ok()) return grid.status().With(why.message());
  if (!options_.session.states.empty()) {
    return Unsupported("it cannot run in tiles either: each tile would need states of its own").With(why.message());
  }
  session_.emplace(std::move(session));
  tiles_ = *grid;
  notes_.push_back(Cat("cannot run at ", photo_.width, "x", photo_.height, ": ", why.message()));
  notes_.push_back(tiles_->Describe());
  if (options_.tile > 0) notes_.push_back("--tile is not followed: tiles have the size that the file is fixed to");
  return TakeBuffers();
}

Status PictureSession::TakeBuffers() {
  inputs_.clear();
  outputs_.clear();
  std::vector<bool> none(session_->inputs().size(), false);
  for (size_t i = 0; i < none.size(); ++i) {
    const int position = static_cast<int>(i);
    none[i] = IsState(position) || position == recipe_.input.port || i >= model_.inputs().size();
  }
  for (const ExtraPicturePort& extra : extra_pictures_) none[static_cast<size_t>(extra.recipe.port)] = true;
  for (size_t i = 0; i < none.size(); ++i) {
    const Port& port = session_->inputs()[i];
    inputs_.emplace_back(port.dtype, none[i] ? Shape{0} : port.shape);
  }
  for (size_t i = 0; i < session_->outputs().size(); ++i) {
    const Port& port = session_->outputs()[i];
    outputs_.emplace_back(port.dtype, static_cast<int>(i) == result_ ? Shape{0} : port.shape);
  }
  return FillExtraInputs();
}

// How an input that nobody gave could be given.
std::string PictureSession::HintForInput(const Port& port) const {
  std::string hint = Cat("give it with --input ", port.name, "=FILE.npy");
  for (const Port& output : session_->outputs()) {
    if (output.shape == port.shape && output.dtype == port.dtype) {
      hint += Cat(", or as a state with --state ", output.name, "=", port.name);
    }
  }
  return hint;
}

Status PictureSession::FillExtraInputs() {
  std::vector<bool> given(model_.inputs().size(), false);
  given[recipe_.input.port] = true;
  for (const ExtraPicturePort& extra : extra_pictures_) given[extra.recipe.port] = true;
  for (const ExtraInput& extra : options_.extra_inputs) {
    size_t i = 0;
    while (i + 1 < model_.inputs().size() && model_.inputs()[i].name != extra.name) ++i;
    const Port& port = session_->inputs()[i];
    if (extra.tensor.dtype != port.dtype || !(extra.tensor.shape == port.shape)) {
      return InvalidArgument("input '", extra.name, "' is given as ", DTypeName(extra.tensor.dtype), " ",
                             extra.tensor.shape.ToString(), ", the network takes ", DTypeName(port.dtype), " ",
                             port.shape.ToString());
    }
    std::memcpy(inputs_[i].bytes(), extra.tensor.data, inputs_[i].size_bytes());
    given[i] = true;
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] || IsState(static_cast<int>(i))) continue;
    const Port& port = session_->inputs()[i];
    return InvalidArgument("input '", port.name, "' ", port.shape.ToString(), " is needed as well; ",
                           HintForInput(port));
  }
  return {};
}

// `frames`, and the pictures of the extra ports in their order, as the session's inputs; the result goes to `to`.
Status PictureSession::RunSession(std::span<const ConstImageView> frames, std::span<const ConstImageView> extras,
                                  const ImageView& to, const std::function<bool(double)>& progress,
                                  PictureReport* report) {
  std::vector<ConstTensorView> in;
  std::vector<TensorView> out;
  for (const Tensor& tensor : inputs_) in.push_back(tensor.view());
  for (Tensor& tensor : outputs_) out.push_back(tensor.view());
  const auto set = [&](size_t input, const ConstImageView& picture) {
    in[input] = {session_->inputs()[input].dtype, session_->inputs()[input].shape, picture.data};
  };
  set(static_cast<size_t>(recipe_.input.port), frames[0]);
  for (size_t f = 1; f < frames.size(); ++f) set(model_.inputs().size() + f - 1, frames[f]);
  for (size_t e = 0; e < extras.size(); ++e) set(static_cast<size_t>(extra_pictures_[e].recipe.port), extras[e]);
  out[static_cast<size_t>(result_)] = {session_->outputs()[result_].dtype, session_->outputs()[result_].shape, to.data};
  const auto begin = std::chrono::steady_clock::now();
  SL_TRY(session_->Run(in, out, {progress}));
  report->run_seconds += SecondsSince(begin);
  if (after_run_) SL_TRY(after_run_());
  report->session_bytes = session_->memory_bytes();
  report->buffer_bytes = 0;
  for (const Tensor& tensor : inputs_) report->buffer_bytes += static_cast<int64_t>(tensor.size_bytes());
  for (const Tensor& tensor : outputs_) report->buffer_bytes += static_cast<int64_t>(tensor.size_bytes());
  return {};
}

Result<Image> PictureSession::Run(std::span<const ConstImageView> frames, const std::function<bool(double)>& progress,
                                  PictureReport* report) {
  return tiles_.has_value() ? RunTiles(frames, progress, report) : RunWhole(frames, progress, report);
}

Result<Image> PictureSession::RunWhole(std::span<const ConstImageView> frames,
                                       const std::function<bool(double)>& progress, PictureReport* report) {
  const Shape& shape = session_->outputs()[result_].shape;
  SL_ASSIGN(Image result, Image::Create(shape[2], shape[1], static_cast<int>(shape[3]), photo_.type));
  std::vector<ConstImageView> extras;
  for (const ExtraPicturePort& extra : extra_pictures_) extras.push_back(extra.picture.view());
  SL_TRY(RunSession(frames, extras, result.view(), progress, report));
  return result;
}

Status PictureSession::RunTile(const Tile& tile, std::span<const ConstImageView> frames, const ImageView& made,
                               PictureReport* report) {
  const Shape& in = model_.inputs()[recipe_.input.port].shape;
  const int64_t height = in[recipe_.input.axes.height], width = in[recipe_.input.axes.width];
  std::vector<Image> parts;
  std::vector<ConstImageView> extras;
  for (const ConstImageView& frame : frames) {
    SL_ASSIGN(Image part, CropReflected(frame, tile.in_y, tile.in_x, height, width));
    parts.push_back(std::move(part));
  }
  for (const ExtraPicturePort& extra : extra_pictures_) {
    if (!extra.as_the_photo) {
      extras.push_back(extra.picture.view());
      continue;
    }
    SL_ASSIGN(Image part, CropReflected(extra.picture.view(), tile.in_y, tile.in_x, height, width));
    extras.push_back(part.view());
    parts.push_back(std::move(part));
  }
  const std::vector<ConstImageView> views(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(frames.size()));
  return RunSession(views, extras, made, {}, report);
}

Result<Image> PictureSession::RunTiles(std::span<const ConstImageView> frames,
                                       const std::function<bool(double)>& progress, PictureReport* report) {
  const Joins joins = JoinsOf(recipe_, photo_);
  const PixelType type = joins.any() ? PixelType::kF32 : photo_.type;
  const Shape& shape = session_->outputs()[result_].shape;
  SL_ASSIGN(Image result,
            Image::Create(tiles_->columns.ResultSize(), tiles_->rows.ResultSize(), recipe_.output.channels, type));
  SL_ASSIGN(Image made, Image::Create(shape[2], shape[1], recipe_.output.channels, type));
  const std::vector<Tile> tiles = tiles_->Tiles();
  for (size_t t = 0; t < tiles.size(); ++t) {
    const Tile& tile = tiles[t];
    SL_TRY(RunTile(tile, frames, made.view(), report));
    const ImageView part = result.view().Crop(tile.out_x, tile.out_y, tile.out_width, tile.out_height);
    const ImageView from = made.view().Crop(tile.from_x, tile.from_y, tile.out_width, tile.out_height);
    for (int64_t y = 0; y < part.height; ++y) std::memcpy(part.row(y), from.row(y), part.row_bytes());
    if (progress && !progress(static_cast<double>(t + 1) / static_cast<double>(tiles.size()))) {
      return Status(StatusCode::kCancelled, "cancelled by the progress callback");
    }
  }
  report->tiles = static_cast<int64_t>(tiles.size());
  return joins.any() ? JoinPicture(result, recipe_.output, joins, frames.back(), options_.session) : std::move(result);
}

Result<Image> PictureSession::OtherPicture(const std::string& name, PixelType type) const {
  if (in_tiles()) {
    return Unsupported("output '", name, "': in tiles the network gives its result alone, no other outputs");
  }
  const PicturePlace place{fit_.rows.from, fit_.columns.from, fit_.rows.ResultSize(photo_.height),
                           fit_.columns.ResultSize(photo_.width)};
  for (size_t i = 0; session_.has_value() && i < model_.outputs().size(); ++i) {
    const int position = static_cast<int>(i);
    if (position == recipe_.output.port || session_->outputs()[i].name != name) continue;
    return ReadOtherPicture(model_, position, recipe_, outputs_[i].view(), place, type);
  }
  return NotFound("no other output of the network is called '", name, "'");
}

std::vector<std::pair<Port, ConstTensorView>> PictureSession::OtherOutputs() const {
  std::vector<std::pair<Port, ConstTensorView>> others;
  if (!session_.has_value() || tiles_.has_value()) return others;
  for (size_t i = 0; i < model_.outputs().size(); ++i) {
    if (static_cast<int>(i) != recipe_.output.port) others.emplace_back(session_->outputs()[i], outputs_[i].view());
  }
  return others;
}

}  // namespace safelight
