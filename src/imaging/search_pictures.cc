// SPDX-License-Identifier: Apache-2.0
#include "imaging/search_pictures.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "imaging/picture_session.h"
#include "quality/psnr.h"

namespace safelight {
namespace {

// Pictures that are equal but for this are equal: 100 dB.
constexpr double kLeastError = 1e-10;

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// `size` of them, evenly spread.
std::vector<std::string> Spread(const std::vector<std::string>& paths, size_t size) {
  std::vector<std::string> some;
  const size_t count = std::min(size, paths.size());
  for (size_t i = 0; i < count; ++i) some.push_back(paths[i * paths.size() / count]);
  return some;
}

// The middle, of whole multiples of `unit`.
ConstImageView Middle(const ConstImageView& view, int64_t size, int64_t unit) {
  const int64_t width = std::min(size, view.width) / unit * unit, height = std::min(size, view.height) / unit * unit;
  const int64_t x = (view.width - width) / 2 / unit * unit, y = (view.height - height) / 2 / unit * unit;
  return {view.Crop(x, y, width, height)};
}

Result<Image> Colours(const ConstImageView& view) {
  SL_ASSIGN(Image colours, WithoutAlpha(view));
  return ConvertType(colours, PixelType::kF32);
}

// As pixels are written: nothing is darker than black.
void Limit(Image* picture) {
  const size_t count = static_cast<size_t>(picture->width()) * static_cast<size_t>(picture->channels());
  for (int64_t y = 0; y < picture->height(); ++y) {
    float* row = picture->row<float>(y);
    for (size_t i = 0; i < count; ++i) row[i] = std::clamp(row[i], 0.0f, 1.0f);
  }
}

}  // namespace

Result<SearchPictures> SearchPictures::Load(const Model& model, const PictureOptions& options, const Recipe& recipe,
                                            const std::vector<std::string>& paths, const MixedOptions& mixed,
                                            const Progress& progress) {
  SearchPictures pictures(options, recipe);
  const std::vector<std::string> some = Spread(paths, mixed.pictures);
  // What the network does to the size shows on the first of them.
  SL_ASSIGN(const Image first, ReadImage(some[0]));
  SL_ASSIGN(Image part, Colours(Middle(first.view(), mixed.size, 1)));
  const int64_t width = part.width(), height = part.height();
  pictures.inputs_.push_back(std::move(part));
  SL_ASSIGN(const std::vector<Image> trial, pictures.Run(model, progress));
  const int64_t scale = std::max<int64_t>(trial[0].width() / width, 1);
  const bool whole = trial[0].width() == scale * width && trial[0].height() == scale * height;
  if (!mixed.truth.empty() && !whole) {
    return Unsupported("a network that makes ", trial[0].width(), "x", trial[0].height(), " of ", width, "x", height,
                       " cannot be compared with pictures of --truth: its scale is no whole number");
  }
  pictures.inputs_.clear();
  pictures.scale_ = whole ? scale : 1;
  for (const std::string& path : some) SL_TRY(pictures.Add(path, mixed, pictures.scale_).With(path));
  SL_ASSIGN(std::vector<Image> results, pictures.Run(model, progress));
  if (pictures.truths_.empty()) {
    pictures.truths_ = std::move(results);
    pictures.floor_ = std::pow(10, -mixed.float_psnr / 10);
    pictures.reference_ = Cat("the float network's own pictures, taken to be ", mixed.float_psnr, " dB from the truth");
    pictures.float_errors_.assign(some.size(), pictures.floor_);
    return pictures;
  }
  pictures.reference_ = mixed.truth.empty() ? Cat("the pictures themselves, reduced ", scale, " times (bicubic) first")
                                            : Cat("the pictures of ", mixed.truth);
  for (size_t p = 0; p < results.size(); ++p) {
    SL_ASSIGN(const double error, pictures.ErrorOf(results[p], p));
    pictures.float_errors_.push_back(error);
  }
  return pictures;
}

Status SearchPictures::Add(const std::string& path, const MixedOptions& mixed, int64_t scale) {
  SL_ASSIGN(const Image picture, ReadImage(path));
  if (!mixed.truth.empty()) return AddWithTruth(picture, path, mixed, scale);
  const ConstImageView part = Middle(picture.view(), mixed.size, scale);
  if (part.width < 1 || part.height < 1) return InvalidArgument("is smaller than one pixel of the network's input");
  SL_ASSIGN(Image colours, Colours(part));
  if (scale == 1) {
    inputs_.push_back(std::move(colours));
    return {};
  }
  // Rounded to pixels, as a reduced file would be.
  SL_ASSIGN(Image whole, WithoutAlpha(part));
  SL_ASSIGN(const Image small, Resize(whole, part.width / scale, part.height / scale, Filter::kBicubic));
  SL_ASSIGN(Image input, ConvertType(small, PixelType::kF32));
  inputs_.push_back(std::move(input));
  truths_.push_back(std::move(colours));
  return {};
}

Status SearchPictures::AddWithTruth(const Image& picture, const std::string& path, const MixedOptions& mixed,
                                    int64_t scale) {
  const std::string file = mixed.truth + '/' + NameOf(path);
  Result<Image> truth = ReadImage(file);
  if (!truth.ok()) return truth.status().With("the picture that should come out");
  // Pictures that were made smaller may have lost what is no multiple.
  const int64_t width = picture.width() * scale, height = picture.height() * scale;
  if (truth->width() < width || truth->height() < height || truth->width() >= width + scale ||
      truth->height() >= height + scale) {
    return InvalidArgument(file, " has ", truth->width(), "x", truth->height(), " pixels, the network makes ", width,
                           "x", height, " of this picture");
  }
  const ConstImageView all = truth->view().Crop(0, 0, width, height);
  SL_ASSIGN(Image input, Colours(Middle(picture.view(), mixed.size / scale, 1)));
  // The same place, in pixels of the input.
  const int64_t x = (picture.width() - input.width()) / 2, y = (picture.height() - input.height()) / 2;
  SL_ASSIGN(Image wanted, Colours({all.Crop(x * scale, y * scale, input.width() * scale, input.height() * scale)}));
  inputs_.push_back(std::move(input));
  truths_.push_back(std::move(wanted));
  return {};
}

Result<std::vector<Image>> SearchPictures::Run(const Model& model, const Progress& progress) const {
  PictureSession session(model, options_, recipe_);
  PictureReport report;
  std::vector<Image> results;
  for (const Image& input : inputs_) {
    SL_TRY(session.Prepare(FormOf(input.view()), &report));
    const std::vector<ConstImageView> frames(static_cast<size_t>(recipe_.input.frames), input.view());
    SL_ASSIGN(Image result, session.Run(frames, {}, &report));
    Limit(&result);
    results.push_back(std::move(result));
    if (progress && !progress()) return Status(StatusCode::kCancelled, "cancelled by the progress callback");
  }
  return results;
}

// Luma of what was enlarged, without the border, as papers on super-resolution state it; else all colours.
Result<double> SearchPictures::ErrorOf(const Image& result, size_t picture) const {
  const Image& truth = truths_[picture];
  PsnrOptions options;
  if (scale_ > 1) {
    options.crop = std::min(scale_, (std::min(truth.width(), truth.height()) - 1) / 2);
    if (truth.channels() == 3) options.channel = PsnrChannel::kYStudio;
  }
  SL_ASSIGN(const double psnr, Psnr(truth, result, options));
  return floor_ + std::max(std::pow(10, -psnr / 10), floor_ > 0 ? 0.0 : kLeastError);
}

Result<double> SearchPictures::Seconds(const Model& model) const {
  constexpr size_t kRuns = 7;
  PictureSession session(model, options_, recipe_);
  PictureReport report;
  SL_TRY(session.Prepare(FormOf(inputs_[0].view()), &report));
  const std::vector<ConstImageView> frames(static_cast<size_t>(recipe_.input.frames), inputs_[0].view());
  std::vector<double> seconds;
  for (size_t run = 0; run < kRuns; ++run) {
    report.run_seconds = 0;
    SL_TRY(session.Run(frames, {}, &report).status());
    seconds.push_back(report.run_seconds);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[kRuns / 2];
}

Result<PictureErrors> SearchPictures::Errors(const Model& model, const Progress& progress) const {
  SL_ASSIGN(const std::vector<Image> results, Run(model, progress));
  PictureErrors errors;
  for (size_t p = 0; p < results.size(); ++p) {
    SL_ASSIGN(const double error, ErrorOf(results[p], p));
    errors.push_back(error);
  }
  return errors;
}

}  // namespace safelight
