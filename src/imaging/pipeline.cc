// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "imaging/picture_session.h"
#include "imaging/recipe.h"
#include "safelight/picture.h"

namespace safelight {

class PicturePipelineImpl {
 public:
  PicturePipelineImpl(const Model& model, const PictureOptions& options, Recipe recipe,
                      std::vector<ExtraPicturePort> extra_pictures)
      : options_(WithPool(options)),
        recipe_(std::move(recipe)),
        session_(model, options_, recipe_, std::move(extra_pictures)) {
    notes_ = recipe_.Describe(model);
  }

  Result<Image> Run(const Image& picture, const std::function<bool(double)>& progress) {
    report_ = {};
    const PhotoForm form = FormOf(picture.view());
    SL_TRY(session_.Prepare(form, &report_));
    if (!(form == earlier_form_)) earlier_.clear();
    earlier_form_ = form;
    SL_ASSIGN(Image result, session_.Run(Frames(picture.view()), progress, &report_));
    if (recipe_.input.frames > 1) SL_TRY(Remember(picture));
    result.metadata = picture.metadata;
    return result;
  }

  std::vector<std::string> Notes() const {
    std::vector<std::string> notes = notes_;
    notes.insert(notes.end(), session_.notes().begin(), session_.notes().end());
    return notes;
  }
  const PictureReport& report() const { return report_; }
  const PictureSession& session() const { return session_; }

 private:
  static PictureOptions WithPool(PictureOptions options) {
    if (options.session.pool == nullptr) options.session.pool = MakeThreadPool(options.session.threads);
    return options;
  }

  // As many as the network takes, the newest last; the first stands for those before it.
  std::vector<ConstImageView> Frames(const ConstImageView& newest) const {
    std::vector<ConstImageView> views(earlier_.begin(), earlier_.end());
    views.push_back(newest);
    views.insert(views.begin(), static_cast<size_t>(recipe_.input.frames) - views.size(), views.front());
    return views;
  }

  // Keeps a picture for those after it.
  Status Remember(const Image& picture) {
    SL_ASSIGN(Image copy, picture.Clone());
    earlier_.push_back(std::move(copy));
    if (static_cast<int>(earlier_.size()) >= recipe_.input.frames) earlier_.pop_front();
    return {};
  }

  const PictureOptions options_;
  const Recipe recipe_;
  PictureSession session_;
  std::vector<std::string> notes_;
  PictureReport report_;
  std::deque<Image> earlier_;  // pictures before, the newest last
  PhotoForm earlier_form_;
};

PicturePipeline::PicturePipeline(std::unique_ptr<PicturePipelineImpl> impl) : impl_(std::move(impl)) {}
PicturePipeline::PicturePipeline(PicturePipeline&&) noexcept = default;
PicturePipeline& PicturePipeline::operator=(PicturePipeline&&) noexcept = default;
PicturePipeline::~PicturePipeline() = default;

Result<PicturePipeline> PicturePipeline::Create(const Model& model, const PictureOptions& options) {
  Result<Recipe> recipe = FindRecipe(model, options);
  if (!recipe.ok()) return recipe.status().With(model.path());
  Result<std::vector<ExtraPicturePort>> extra = TakeExtraPictures(model, options, *recipe);
  if (!extra.ok()) return extra.status().With(model.path());
  return PicturePipeline(
      std::make_unique<PicturePipelineImpl>(model, options, std::move(recipe).value(), std::move(extra).value()));
}

std::vector<std::string> PicturePipeline::notes() const { return impl_->Notes(); }
Result<Image> PicturePipeline::Run(const Image& picture, const std::function<bool(double)>& progress) {
  return impl_->Run(picture, progress);
}
const PictureReport& PicturePipeline::report() const { return impl_->report(); }
const Session* PicturePipeline::session() const { return impl_->session().session(); }
std::vector<std::pair<Port, ConstTensorView>> PicturePipeline::other_outputs() const {
  return impl_->session().OtherOutputs();
}
Result<Image> PicturePipeline::OtherPicture(const std::string& name, PixelType type) const {
  return impl_->session().OtherPicture(name, type);
}

}  // namespace safelight
