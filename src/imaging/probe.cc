// SPDX-License-Identifier: Apache-2.0
#include "imaging/probe.h"

#include <cmath>
#include <utility>

#include "imaging/picture_session.h"

namespace safelight {
namespace {

// Surfaces of many hues, dark and light: networks that were trained in one order fail in the other on few of them.
constexpr float kColors[][3] = {
    {0.7f, 0.1f, 0.1f},  {0.8f, 0.2f, 0.2f},  {0.15f, 0.5f, 0.1f}, {0.1f, 0.2f, 0.7f},
    {0.8f, 0.7f, 0.1f},  {0.1f, 0.6f, 0.7f},  {0.7f, 0.1f, 0.6f},  {0.9f, 0.5f, 0.1f},
    {0.4f, 0.25f, 0.1f}, {0.85f, 0.6f, 0.5f}, {0.4f, 0.6f, 0.9f},  {0.1f, 0.5f, 0.6f},
};
constexpr int64_t kAcross = 4, kDown = 3, kPatch = 20;
static_assert(kAcross * kDown == std::size(kColors));

// More arithmetic than this on the small picture would be felt.
constexpr int64_t kMaxMacs = 4'000'000'000;
// Mean errors of hue, summed over the three channels. A network that keeps colours at all keeps them to kKeeps in its
// own order; below kHarmless the order makes no difference that one sees; in between one must be clearly better.
constexpr double kKeeps = 0.06, kHarmless = 0.01, kClearlyBetter = 0.65;

Result<Image> PaintPatches() {
  SL_ASSIGN(Image picture, Image::Create(kAcross * kPatch, kDown * kPatch, 3, PixelType::kF32));
  for (int64_t y = 0; y < picture.height(); ++y) {
    for (int64_t x = 0; x < picture.width(); ++x) {
      const float* color = kColors[y / kPatch * kAcross + x / kPatch];
      for (int c = 0; c < 3; ++c) picture.row<float>(y)[x * 3 + c] = color[c];
    }
  }
  return picture;
}

void SwapColors(Image* picture) {
  for (int64_t y = 0; y < picture->height(); ++y) {
    float* row = picture->row<float>(y);
    for (int64_t x = 0; x < picture->width(); ++x) std::swap(row[x * 3], row[x * 3 + 2]);
  }
}

// How far the hues in the middle of the patches are from what went in: brightness may change, hue may not.
double HueError(const Image& result) {
  double error = 0;
  for (int64_t patch = 0; patch < kAcross * kDown; ++patch) {
    const int64_t x = (2 * (patch % kAcross) + 1) * result.width() / (2 * kAcross);
    const int64_t y = (2 * (patch / kAcross) + 1) * result.height() / (2 * kDown);
    const float *in = kColors[patch], *out = result.row<float>(y) + x * 3;
    const float gray_in = (in[0] + in[1] + in[2]) / 3, gray_out = (out[0] + out[1] + out[2]) / 3;
    for (int c = 0; c < 3; ++c) error += std::abs((out[c] - gray_out) - (in[c] - gray_in));
  }
  return error / (kAcross * kDown);
}

}  // namespace

std::optional<ChannelOrder> ProbeOrder(const Model& model, const PictureOptions& options, const Recipe& recipe) {
  Result<Image> picture = PaintPatches();
  if (!picture.ok()) return std::nullopt;
  Recipe trial = recipe;
  trial.input.order = trial.output.order = ChannelOrder::kRgb;
  PictureSession session(model, options, trial);
  PictureReport report;
  if (!session.Prepare(FormOf(picture->view()), &report).ok() || session.in_tiles()) return std::nullopt;
  if (session.session()->plan().macs > kMaxMacs) return std::nullopt;
  double rgb = 0, bgr = 0;
  for (double* error : {&rgb, &bgr}) {
    // Colours the other way round on both sides are the other order.
    if (error == &bgr) SwapColors(&*picture);
    const std::vector<ConstImageView> frames(static_cast<size_t>(recipe.input.frames), picture->view());
    Result<Image> result = session.Run(frames, {}, &report);
    if (!result.ok()) return std::nullopt;
    if (error == &bgr) SwapColors(&*result);
    *error = HueError(*result);
  }
  const bool is_bgr = bgr < kKeeps && rgb > kHarmless && bgr < kClearlyBetter * rgb;
  return is_bgr ? ChannelOrder::kBgr : ChannelOrder::kRgb;
}

}  // namespace safelight
