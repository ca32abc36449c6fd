// SPDX-License-Identifier: Apache-2.0
#include "cli/run_float16.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/run_files.h"
#include "safelight/image.h"

namespace safelight {
namespace {

// Rounding to 11 bits is off by 2^-12.5 or so of a number; more comes from numbers near 0 that lose their digits.
constexpr double kMostError = 1e-3;

}  // namespace

Status CalibrateFloat16(const Model& model, const std::vector<std::string>& pictures, PictureOptions* options) {
  if (pictures.empty()) return {};
  if (options->session.precision != Precision::kFloat16) {
    return InvalidArgument("--calibrate is for --precision float16");
  }
  SL_ASSIGN(const std::vector<std::string> files, ExpandInputs(pictures));
  PictureOptions watched = *options;
  watched.session.watch_float16 = true;
  SL_ASSIGN(PicturePipeline pipeline, PicturePipeline::Create(model, watched));
  std::map<std::string, Float16Loss> worst;
  for (const std::string& file : files) {
    SL_ASSIGN(const Image picture, ReadImage(file));
    const Result<Image> result = pipeline.Run(picture);
    if (!result.ok()) return result.status().With(file);
    for (const Float16Loss& loss : pipeline.session()->float16_losses()) {
      Float16Loss& most = worst[loss.value];
      most.beyond = std::max(most.beyond, loss.beyond);
      most.relative_error = std::max(most.relative_error, loss.relative_error);
    }
  }
  for (const auto& [name, loss] : worst) {
    if (loss.beyond == 0 && loss.relative_error <= kMostError) continue;
    options->session.float32_values.push_back(name);
    if (loss.beyond > 0) {
      std::printf("'%s' stays float32: %lld numbers beyond 65504\n", name.c_str(), static_cast<long long>(loss.beyond));
    } else {
      std::printf("'%s' stays float32: float16 is off by %.2g of its numbers\n", name.c_str(), loss.relative_error);
    }
  }
  return {};
}

}  // namespace safelight
