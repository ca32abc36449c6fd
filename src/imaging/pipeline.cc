// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "graph/resize.h"
#include "imaging/convert.h"
#include "imaging/recipe.h"
#include "imaging/tiles.h"
#include "runtime/model_impl.h"
#include "safelight/picture.h"

namespace safelight {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int64_t RoundUp(int64_t size, int64_t multiple) { return (size + multiple - 1) / multiple * multiple; }

}  // namespace

class PicturePipelineImpl {
 public:
  PicturePipelineImpl(const Model& model, const PictureOptions& options, Recipe recipe)
      : model_(model), options_(options), recipe_(std::move(recipe)) {
    in_own_ = model.inputs()[recipe_.input.port].shape;
    out_own_ = model.outputs()[recipe_.output.port].shape;
    notes_ = recipe_.Describe(model);
    if (options_.session.pool == nullptr) options_.session.pool = MakeThreadPool(options_.session.threads);
  }

  Result<Image> Run(const Image& picture, const std::function<bool(double)>& progress) {
    report_ = {};
    SL_ASSIGN(const PictureParts parts, SplitPicture(picture, recipe_.input));
    const auto begin = std::chrono::steady_clock::now();
    SL_TRY(NeedSession(parts.color.height(), parts.color.width()));
    report_.compile_seconds = SecondsSince(begin);
    Result<Image> result = tiles_.has_value() ? RunTiles(parts.color, progress) : RunWhole(parts.color, progress);
    if (!result.ok()) return result.status();
    SL_ASSIGN(Image joined, JoinPicture(std::move(result).value(), parts, recipe_, picture.type()));
    joined.metadata = picture.metadata;
    return joined;
  }

  std::vector<std::string> Notes() const {
    std::vector<std::string> notes = notes_;
    notes.insert(notes.end(), size_notes_.begin(), size_notes_.end());
    return notes;
  }
  const PictureReport& report() const { return report_; }
  const Session* session() const { return session_.has_value() ? &*session_ : nullptr; }

  std::vector<std::pair<Port, ConstTensorView>> OtherOutputs() const {
    std::vector<std::pair<Port, ConstTensorView>> others;
    if (!session_.has_value() || tiles_.has_value()) return others;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (static_cast<int>(i) != recipe_.output.port) others.emplace_back(session_->outputs()[i], outputs_[i].view());
    }
    return others;
  }

 private:
  // The session for a picture of this size: whole, padded to the network's stride, or the file's own size in tiles.
  Status NeedSession(int64_t height, int64_t width) {
    if (session_.has_value() && height == height_ && width == width_) return {};
    session_.reset();
    tiles_.reset();
    size_notes_.clear();
    height_ = height;
    width_ = width;
    const Status whole = TrySize(height, width);
    if (whole.ok()) return FinishSession();
    if (whole.code() == StatusCode::kResourceLimit) return whole;
    const Graph& own = model_.impl()->own_size;
    const int64_t stride_y = TotalStride(own, false), stride_x = TotalStride(own, true);
    const int64_t padded_h = RoundUp(height, stride_y), padded_w = RoundUp(width, stride_x);
    if ((padded_h != height || padded_w != width) && TrySize(padded_h, padded_w).ok()) {
      size_notes_.push_back(Cat("picture of ", width, "x", height, " reflect-padded to ", padded_w, "x", padded_h,
                                " and cropped again: the network's total stride is ", stride_x, " by ", stride_y));
      return FinishSession();
    }
    return UseTiles(whole);
  }

  // The network at a picture size, if its output then has the size that its scale promises.
  Status TrySize(int64_t height, int64_t width) {
    Shape shape = in_own_;
    shape[recipe_.input.axes.height] = height;
    shape[recipe_.input.axes.width] = width;
    SessionOptions options = options_.session;
    options.input_shapes.assign(model_.inputs().size(), Shape());
    options.input_shapes[recipe_.input.port] = shape;
    ScaleOtherInputs(height, width, &options.input_shapes);
    if (options_.tile > 0) options.block_columns = options_.tile * OutPerIn(false).first / OutPerIn(false).second;
    SL_ASSIGN(Session session, Session::Create(model_, options));
    const Shape& out = session.outputs()[recipe_.output.port].shape;
    const auto [up_y, down_y] = OutPerIn(true);
    const auto [up_x, down_x] = OutPerIn(false);
    if (out[recipe_.output.axes.height] * down_y != height * up_y ||
        out[recipe_.output.axes.width] * down_x != width * up_x) {
      return Unsupported("a picture of ", width, "x", height, " comes out as ", out[recipe_.output.axes.width], "x",
                         out[recipe_.output.axes.height]);
    }
    session_.emplace(std::move(session));
    return {};
  }

  // Output size over input size of the file's own picture.
  std::pair<int64_t, int64_t> OutPerIn(bool rows) const {
    const PictureAxes &in = recipe_.input.axes, &out = recipe_.output.axes;
    return {out_own_[rows ? out.height : out.width], in_own_[rows ? in.height : in.width]};
  }

  // Other inputs that are as large as the picture in the file stay as large as the picture.
  void ScaleOtherInputs(int64_t height, int64_t width, std::vector<Shape>* shapes) const {
    for (size_t i = 0; i < shapes->size(); ++i) {
      Shape shape = model_.inputs()[i].shape;
      if (static_cast<int>(i) == recipe_.input.port || shape.rank() != 4 || in_own_.rank() != 4) continue;
      const PictureAxes& axes = recipe_.input.axes;
      if (shape[axes.height] != in_own_[axes.height] || shape[axes.width] != in_own_[axes.width]) continue;
      shape[axes.height] = height;
      shape[axes.width] = width;
      (*shapes)[i] = shape;
    }
  }

  Status FinishSession() {
    const PlanReport plan = session_->plan();
    size_notes_.insert(size_notes_.end(), plan.notes.begin(), plan.notes.end());
    return TakeBuffers();
  }

  Status UseTiles(const Status& why) {
    SessionOptions options = options_.session;
    options.input_shapes.clear();
    SL_ASSIGN(Session session, Session::Create(model_, options));
    session_.emplace(std::move(session));
    Result<TileGrid> grid = PlanTiles(session_->plan(), in_own_, out_own_, recipe_.input.axes, recipe_.output.axes,
                                      height_, width_, options_.force_tiles);
    if (!grid.ok()) {
      session_.reset();
      return grid.status().With(why.message());
    }
    tiles_ = *grid;
    size_notes_.push_back(Cat("cannot run at ", width_, "x", height_, " (", why.message(), ")"));
    size_notes_.push_back(tiles_->Describe());
    return TakeBuffers();
  }

  Status TakeBuffers() {
    inputs_.clear();
    outputs_.clear();
    for (const Port& port : session_->inputs()) inputs_.emplace_back(port.dtype, port.shape);
    for (const Port& port : session_->outputs()) outputs_.emplace_back(port.dtype, port.shape);
    return FillExtraInputs();
  }

  Status FillExtraInputs() {
    std::vector<bool> given(inputs_.size(), false);
    given[recipe_.input.port] = true;
    for (const StateBinding& state : options_.session.states) given[state.input] = true;
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
      if (given[i]) continue;
      return InvalidArgument("input '", session_->inputs()[i].name, "' ", session_->inputs()[i].shape.ToString(),
                             " is needed as well; give it with --input ", session_->inputs()[i].name, "=FILE.npy");
    }
    return {};
  }

  Status RunSession(const std::function<bool(double)>& progress) {
    std::vector<ConstTensorView> in;
    std::vector<TensorView> out;
    for (const Tensor& tensor : inputs_) in.push_back(tensor.view());
    for (Tensor& tensor : outputs_) out.push_back(tensor.view());
    const auto begin = std::chrono::steady_clock::now();
    SL_TRY(session_->Run(in, out, {progress}));
    report_.run_seconds += SecondsSince(begin);
    report_.session_bytes = session_->memory_bytes();
    report_.buffer_bytes = 0;
    for (const Tensor& tensor : inputs_) report_.buffer_bytes += static_cast<int64_t>(tensor.size_bytes());
    for (const Tensor& tensor : outputs_) report_.buffer_bytes += static_cast<int64_t>(tensor.size_bytes());
    return {};
  }

  Result<Image> RunWhole(const Image& color, const std::function<bool(double)>& progress) {
    const Port &in = session_->inputs()[recipe_.input.port], &out = session_->outputs()[recipe_.output.port];
    SL_TRY(FillTensor(color, recipe_.input, in, 0, 0, inputs_[recipe_.input.port].view()));
    SL_TRY(RunSession(progress));
    const auto [up_y, down_y] = OutPerIn(true);
    const auto [up_x, down_x] = OutPerIn(false);
    SL_ASSIGN(Image result,
              Image::Create(width_ * up_x / down_x, height_ * up_y / down_y, recipe_.output.channels, PixelType::kF32));
    SL_TRY(ReadTensor(outputs_[recipe_.output.port].view(), recipe_.output, out, 0, 0, result.view()));
    return result;
  }

  Result<Image> RunTiles(const Image& color, const std::function<bool(double)>& progress) {
    const Port &in = session_->inputs()[recipe_.input.port], &out = session_->outputs()[recipe_.output.port];
    const auto [up_y, down_y] = OutPerIn(true);
    const auto [up_x, down_x] = OutPerIn(false);
    SL_ASSIGN(Image result,
              Image::Create(width_ * up_x / down_x, height_ * up_y / down_y, recipe_.output.channels, PixelType::kF32));
    const std::vector<Tile> tiles = tiles_->Tiles();
    for (size_t t = 0; t < tiles.size(); ++t) {
      const Tile& tile = tiles[t];
      SL_TRY(FillTensor(color, recipe_.input, in, -tile.in_y, -tile.in_x, inputs_[recipe_.input.port].view()));
      SL_TRY(RunSession({}));
      const ImageView part = result.view().Crop(tile.out_x, tile.out_y, tile.out_width, tile.out_height);
      SL_TRY(ReadTensor(outputs_[recipe_.output.port].view(), recipe_.output, out, tile.from_y, tile.from_x, part));
      if (progress && !progress(static_cast<double>(t + 1) / static_cast<double>(tiles.size()))) {
        return Status(StatusCode::kCancelled, "cancelled by the progress callback");
      }
    }
    report_.tiles = static_cast<int64_t>(tiles.size());
    return result;
  }

  Model model_;
  PictureOptions options_;
  Recipe recipe_;
  Shape in_own_, out_own_;
  std::vector<std::string> notes_, size_notes_;
  PictureReport report_;
  int64_t height_ = 0, width_ = 0;
  std::optional<Session> session_;
  std::optional<TileGrid> tiles_;
  std::vector<Tensor> inputs_, outputs_;
};

PicturePipeline::PicturePipeline(std::unique_ptr<PicturePipelineImpl> impl) : impl_(std::move(impl)) {}
PicturePipeline::PicturePipeline(PicturePipeline&&) noexcept = default;
PicturePipeline& PicturePipeline::operator=(PicturePipeline&&) noexcept = default;
PicturePipeline::~PicturePipeline() = default;

Result<PicturePipeline> PicturePipeline::Create(const Model& model, const PictureOptions& options) {
  Result<Recipe> recipe = FindRecipe(model, options);
  if (!recipe.ok()) return recipe.status().With(model.path());
  return PicturePipeline(std::make_unique<PicturePipelineImpl>(model, options, std::move(recipe).value()));
}

std::vector<std::string> PicturePipeline::notes() const { return impl_->Notes(); }
Result<Image> PicturePipeline::Run(const Image& picture, const std::function<bool(double)>& progress) {
  return impl_->Run(picture, progress);
}
const PictureReport& PicturePipeline::report() const { return impl_->report(); }
const Session* PicturePipeline::session() const { return impl_->session(); }
std::vector<std::pair<Port, ConstTensorView>> PicturePipeline::other_outputs() const { return impl_->OtherOutputs(); }

}  // namespace safelight
