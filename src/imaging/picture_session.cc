// SPDX-License-Identifier: Apache-2.0
#include "imaging/picture_session.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "imaging/convert.h"
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

Result<Session> PictureSession::SessionAt(int64_t height, int64_t width, int64_t block_columns) const {
  SessionOptions options = options_.session;
  options.input_shapes = ShapesAt(height, width);
  options.block_columns = block_columns;
  return Session::Create(model_, options);
}

Status PictureSession::Prepare(int64_t height, int64_t width, PictureReport* report) {
  if (session_.has_value() && height == height_ && width == width_) return {};
  const auto begin = std::chrono::steady_clock::now();
  SL_TRY(Plan(height, width));
  report->compile_seconds = SecondsSince(begin);
  return {};
}

Status PictureSession::Plan(int64_t height, int64_t width) {
  session_.reset();
  tiles_.reset();
  notes_.clear();
  height_ = height;
  width_ = width;
  const ModelImpl& model = *model_.impl();
  SizeFitter fitter(
      model.file.graph, model.own_size, recipe_, [this](int64_t h, int64_t w) { return ShapesAt(h, w); },
      [this](int64_t h, int64_t w) -> Result<std::pair<FieldReport, FieldReport>> {
        SL_ASSIGN(const Session session, SessionAt(h, w, 0));
        const PlanReport plan = session.plan();
        return std::pair(plan.field_rows, plan.field_columns);
      });
  const Result<SizeFit> fit = fitter.Fit(height, width);
  if (!fit.ok()) return UseTiles(fit.status());
  const AxisFit& columns = fit->columns;
  const int64_t block = options_.tile == 0 ? 0 : std::max<int64_t>(1, options_.tile * columns.up / columns.down);
  Result<Session> session = SessionAt(fit->rows.size, columns.size, block);
  if (session.ok()) return UseWhole(*fit, std::move(session).value());
  if (session.status().code() == StatusCode::kResourceLimit) return session.status();
  return UseTiles(session.status());
}

Status PictureSession::UseWhole(const SizeFit& fit, Session session) {
  session_.emplace(std::move(session));
  fit_ = fit;
  if (!fit.note.empty()) notes_.push_back(fit.note);
  notes_.insert(notes_.end(), session_->notes().begin(), session_->notes().end());
  return TakeBuffers();
}

Status PictureSession::UseTiles(const Status& why) {
  SessionOptions options = options_.session;
  options.input_shapes.clear();
  SL_ASSIGN(Session session, Session::Create(model_, options));
  const Shape &in = model_.inputs()[recipe_.input.port].shape, &out = model_.outputs()[recipe_.output.port].shape;
  const TileTask task{in, out, recipe_.input.axes, recipe_.output.axes, height_, width_, options_.force_tiles};
  Result<TileGrid> grid = PlanTiles(session.plan(), task);
  if (!grid.ok()) return grid.status().With(why.message());
  if (!options_.session.states.empty()) {
    return Unsupported("it cannot run in tiles either: each tile would need states of its own").With(why.message());
  }
  session_.emplace(std::move(session));
  tiles_ = *grid;
  notes_.push_back(Cat("cannot run at ", width_, "x", height_, ": ", why.message()));
  notes_.push_back(tiles_->Describe());
  if (options_.tile > 0) notes_.push_back("--tile is not followed: tiles have the size that the file is fixed to");
  return TakeBuffers();
}

Status PictureSession::TakeBuffers() {
  inputs_.clear();
  outputs_.clear();
  for (size_t i = 0; i < session_->inputs().size(); ++i) {
    const Port& port = session_->inputs()[i];
    // States live in the session.
    inputs_.emplace_back(port.dtype, IsState(static_cast<int>(i)) ? Shape{0} : port.shape);
  }
  for (const Port& port : session_->outputs()) outputs_.emplace_back(port.dtype, port.shape);
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
  std::vector<bool> given(inputs_.size(), false);
  given[recipe_.input.port] = true;
  for (const ExtraPicturePort& extra : extra_pictures_) given[extra.recipe.port] = true;
  for (const ExtraInput& extra : options_.extra_inputs) {
    size_t i = 0;
    while (i < inputs_.size() && session_->inputs()[i].name != extra.name) ++i;
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

Status PictureSession::FillFrames(std::span<const ConstImageView> frames, int64_t top, int64_t left) {
  const int port = recipe_.input.port;
  for (size_t f = 0; f < frames.size(); ++f) {
    SL_TRY(FillTensor(frames[f], recipe_.input, session_->inputs()[port], top, left,
                      static_cast<int>(f) * recipe_.input.channels, inputs_[port].view()));
  }
  for (const ExtraPicturePort& extra : extra_pictures_) {
    const int extra_port = extra.recipe.port;
    SL_TRY(FillExtraPicture(extra, session_->inputs()[extra_port], {height_, width_, top, left},
                            inputs_[extra_port].view()));
  }
  return {};
}

Status PictureSession::RunSession(const std::function<bool(double)>& progress, PictureReport* report) {
  std::vector<ConstTensorView> in;
  std::vector<TensorView> out;
  for (const Tensor& tensor : inputs_) in.push_back(tensor.view());
  for (Tensor& tensor : outputs_) out.push_back(tensor.view());
  const auto begin = std::chrono::steady_clock::now();
  SL_TRY(session_->Run(in, out, {progress}));
  report->run_seconds += SecondsSince(begin);
  report->session_bytes = session_->memory_bytes();
  report->buffer_bytes = 0;
  for (const Tensor& tensor : inputs_) report->buffer_bytes += static_cast<int64_t>(tensor.size_bytes());
  for (const Tensor& tensor : outputs_) report->buffer_bytes += static_cast<int64_t>(tensor.size_bytes());
  return {};
}

Result<Image> PictureSession::Run(std::span<const ConstImageView> frames, PixelType type,
                                  const std::function<void()>& done_reading,
                                  const std::function<bool(double)>& progress, PictureReport* report) {
  if (tiles_.has_value()) return RunTiles(frames, type, progress, report);
  return RunWhole(frames, type, done_reading, progress, report);
}

Result<Image> PictureSession::RunWhole(std::span<const ConstImageView> frames, PixelType type,
                                       const std::function<void()>& done_reading,
                                       const std::function<bool(double)>& progress, PictureReport* report) {
  SL_TRY(FillFrames(frames, fit_.rows.front, fit_.columns.front));
  done_reading();
  SL_TRY(RunSession(progress, report));
  SL_ASSIGN(Image result, Image::Create(fit_.columns.ResultSize(width_), fit_.rows.ResultSize(height_),
                                        recipe_.output.channels, type));
  SL_TRY(ReadTensor(outputs_[recipe_.output.port].view(), recipe_.output, session_->outputs()[recipe_.output.port],
                    fit_.rows.from, fit_.columns.from, result.view()));
  return result;
}

Result<Image> PictureSession::RunTiles(std::span<const ConstImageView> frames, PixelType type,
                                       const std::function<bool(double)>& progress, PictureReport* report) {
  SL_ASSIGN(Image result,
            Image::Create(tiles_->columns.ResultSize(), tiles_->rows.ResultSize(), recipe_.output.channels, type));
  const std::vector<Tile> tiles = tiles_->Tiles();
  for (size_t t = 0; t < tiles.size(); ++t) {
    const Tile& tile = tiles[t];
    SL_TRY(FillFrames(frames, -tile.in_y, -tile.in_x));
    SL_TRY(RunSession({}, report));
    const ImageView part = result.view().Crop(tile.out_x, tile.out_y, tile.out_width, tile.out_height);
    SL_TRY(ReadTensor(outputs_[recipe_.output.port].view(), recipe_.output, session_->outputs()[recipe_.output.port],
                      tile.from_y, tile.from_x, part));
    if (progress && !progress(static_cast<double>(t + 1) / static_cast<double>(tiles.size()))) {
      return Status(StatusCode::kCancelled, "cancelled by the progress callback");
    }
  }
  report->tiles = static_cast<int64_t>(tiles.size());
  return result;
}

Result<Image> PictureSession::OtherPicture(const std::string& name, PixelType type) const {
  if (in_tiles()) {
    return Unsupported("output '", name, "': in tiles the network gives its result alone, no other outputs");
  }
  for (size_t i = 0; session_.has_value() && i < outputs_.size(); ++i) {
    const int position = static_cast<int>(i);
    if (position == recipe_.output.port || session_->outputs()[i].name != name) continue;
    return ReadOtherPicture(
        model_, position, recipe_, outputs_[i].view(),
        {fit_.rows.ResultSize(height_), fit_.columns.ResultSize(width_), fit_.rows.from, fit_.columns.from}, type);
  }
  return NotFound("no other output of the network is called '", name, "'");
}

std::vector<std::pair<Port, ConstTensorView>> PictureSession::OtherOutputs() const {
  std::vector<std::pair<Port, ConstTensorView>> others;
  if (!session_.has_value() || tiles_.has_value()) return others;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (static_cast<int>(i) != recipe_.output.port) others.emplace_back(session_->outputs()[i], outputs_[i].view());
  }
  return others;
}

}  // namespace safelight
