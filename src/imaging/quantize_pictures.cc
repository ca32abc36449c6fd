// SPDX-License-Identifier: Apache-2.0
//
// Quantization with pictures: they go through the float network as `run` would send them, and the values are looked at.
#include <cstdio>
#include <utility>

#include "imaging/input_session.h"
#include "imaging/picture_session.h"
#include "imaging/quantize_mixed.h"
#include "imaging/recipe.h"
#include "quantize/quantizer.h"
#include "safelight/quantize.h"

namespace safelight {
namespace {

SeenRange RangeOf(const ValueRange& range) {
  return {std::min(range.black, range.white), std::max(range.black, range.white)};
}

// Somebody said what the output's black and white are; then nothing beyond them is a pixel.
bool IsKnown(const PortRecipe& output) {
  return output.range_source != "assumed" && output.range_source != "--range" && output.range_source != "as the input";
}

// Colours that no picture shows would go unseen.
Status CheckChannels(const Model& model, const PortRecipe& input, const PhotoForm& photo) {
  const bool wants_color = input.order == ChannelOrder::kRgb || input.order == ChannelOrder::kBgr;
  if (!wants_color || photo.color_channels() == 3) return {};
  return InvalidArgument("has ", photo.channels, photo.channels == 1 ? " channel" : " channels", ", input '",
                         model.inputs()[static_cast<size_t>(input.port)].name, "' takes ", input.channels,
                         ": gray pictures do not show which values colours give");
}

// Pictures through the network: as `run` sends them or, where no picture comes out, at the input's own size.
class Shower {
 public:
  Shower(const Model& model, const PictureOptions& options, const Recipe& recipe)
      : recipe_(recipe), whole_(model, options, recipe), input_only_(model, options, recipe.input) {}

  void Observe(GraphEdit taps, std::function<Status()> after_run) {
    if (recipe_.output.port < 0) return input_only_.Observe(std::move(taps), std::move(after_run));
    whole_.Observe(std::move(taps), std::move(after_run));
  }

  Status Show(const ConstImageView& picture) {
    if (recipe_.output.port < 0) return input_only_.Run(picture);
    PictureReport report;
    SL_TRY(whole_.Prepare(FormOf(picture), &report));
    const std::vector<ConstImageView> frames(static_cast<size_t>(recipe_.input.frames), picture);
    return whole_.Run(frames, {}, &report).status();
  }

 private:
  const Recipe& recipe_;
  PictureSession whole_;
  InputSession input_only_;
};

Status ShowPictures(const Model& model, const PictureOptions& options, const Recipe& recipe,
                    const std::vector<std::string>& pictures, Calibration* calibration,
                    const std::function<bool(size_t, size_t)>& progress) {
  Shower shower(model, options, recipe);
  shower.Observe(calibration->Taps(), {});
  for (size_t i = 0; i < pictures.size(); ++i) {
    SL_ASSIGN(const Image picture, ReadImage(pictures[i]));
    SL_TRY(CheckChannels(model, recipe.input, FormOf(picture.view())).With(pictures[i]));
    SL_TRY(shower.Show(picture).With(pictures[i]));
    SL_TRY(calibration->EndPicture().With(pictures[i]));
    if (progress && !progress(i + 1, pictures.size())) {
      return Status(StatusCode::kCancelled, "cancelled by the progress callback");
    }
  }
  return {};
}

void AddSide(const char* side, const PortRecipe& port, std::string* text) {
  char line[160];
  std::snprintf(line, sizeof(line), "[%s]\nrange = [%.9g, %.9g]\nchannels = \"%s\"\n", side, port.range.black,
                port.range.white, ChannelOrderName(port.order));
  *text += line;
}

// What layers read, on parts of some of the pictures. Values are kept whole, as many at a time as a budget holds.
Status ShowMoments(const Model& model, const PictureOptions& options, const Recipe& recipe,
                   const std::vector<std::string>& pictures, Moments* moments) {
  constexpr size_t kMostPictures = 24;
  constexpr int64_t kMostPixels = 256;  // wide and high
  const size_t count = std::min(kMostPictures, pictures.size());
  for (size_t i = 0; i < count; ++i) {
    const std::string& path = pictures[i * pictures.size() / count];
    SL_ASSIGN(const Image picture, ReadImage(path));
    const ConstImageView all = picture.view();
    const int64_t width = std::min(kMostPixels, all.width), height = std::min(kMostPixels, all.height);
    const ConstImageView part = all.Crop((all.width - width) / 2, (all.height - height) / 2, width, height);
    // Rows lie without gaps where pictures go in.
    SL_ASSIGN(const Image middle, ConvertType(part, part.type));
    for (size_t at = 0; at < moments->values().size();) {
      ValueTaps taps(moments->values(), at, moments->values().size());
      Shower shower(model, options, recipe);
      shower.Observe(taps.Taps(), [&]() -> Status {
        for (size_t v = 0; v < taps.count(); ++v) {
          if (taps.captured(v) != nullptr) moments->Add(at + v, *taps.captured(v));
        }
        return {};
      });
      SL_TRY(shower.Show(middle).With(path));
      at += std::max<size_t>(taps.count(), 1);
    }
  }
  return {};
}

// What the pictures were taken for stands beside the file, for integers alone do not tell.
std::string RecipeText(const Recipe& recipe) {
  std::string text;
  AddSide("input", recipe.input, &text);
  if (recipe.output.port < 0) return text;
  text += '\n';
  AddSide("output", recipe.output, &text);
  return text;
}

Result<QuantizedModel> OnPictures(const Model& model, Quantizer* quantizer, const std::vector<std::string>& pictures,
                                  const QuantizeOptions& options, const std::function<bool(size_t, size_t)>& progress) {
  if (pictures.empty()) return InvalidArgument("ranges of integers are seen on pictures: at least one is needed");
  PictureOptions picture_options = options.picture;
  if (picture_options.session.pool == nullptr) {
    picture_options.session.pool = MakeThreadPool(picture_options.session.threads);
  }
  const bool gives_picture = HasPictureOutput(model, picture_options);
  if (!gives_picture && options.type == QuantizeType::kMixed) {
    return Unsupported(model.path(), ": types are chosen by the picture that comes out, and no output is a picture");
  }
  const Result<Recipe> found =
      gives_picture ? FindRecipe(model, picture_options) : FindInputRecipe(model, picture_options);
  if (!found.ok()) return found.status().With(model.path());
  const Recipe& recipe = *found;
  SL_TRY(ShowPictures(quantizer->model(), picture_options, recipe, pictures, &quantizer->calibration(), progress));
  if (quantizer->moments() != nullptr) {
    SL_TRY(ShowMoments(quantizer->model(), picture_options, recipe, pictures, quantizer->moments()));
  }
  FinishTask finish;
  finish.whole[recipe.input.port] = RangeOf(recipe.input.range);
  if (gives_picture && IsKnown(recipe.output)) finish.limits[recipe.output.port] = RangeOf(recipe.output.range);
  Result<QuantizedModel> result =
      options.type == QuantizeType::kMixed
          ? QuantizeMixed({*quantizer, options, picture_options, recipe, pictures, finish, pictures.size(), progress})
          : quantizer->Finish(finish);
  if (!result.ok()) return result.status().With(model.path());
  result->recipe = RecipeText(recipe);
  if (!gives_picture) {
    result->notes.insert(result->notes.begin(),
                         "no output is a picture: pictures were resized to the input's own size");
  }
  return result;
}

}  // namespace

Result<QuantizedModel> QuantizeModel(const Model& model, const std::vector<std::string>& pictures,
                                     const QuantizeOptions& options,
                                     const std::function<bool(size_t, size_t)>& progress) {
  if (options.type == QuantizeType::kMixed) SL_TRY(CheckMixed(options.mixed));
  Result<std::unique_ptr<Quantizer>> begun = Quantizer::Begin(model, options);
  if (!begun.ok()) return begun.status().With(model.path());
  Quantizer& quantizer = **begun;
  if (Quantizer::NeedsSamples(options.type)) return OnPictures(model, &quantizer, pictures, options, progress);
  Result<QuantizedModel> result = quantizer.Finish({});
  if (!result.ok()) return result.status().With(model.path());
  return result;
}

}  // namespace safelight
