// SPDX-License-Identifier: Apache-2.0
//
// Image quality: metrics by name, and the convention that each score follows.
//
// Libraries disagree about the same metric: which channel, which window, which border, whether the picture is made
// smaller first. So every score carries its convention, and a profile chooses the one of the paper, or of a library
// whose figures are to be reproduced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "safelight/image.h"
#include "safelight/status.h"

namespace safelight {

enum class Profile : uint8_t {
  kPaper,    // as the metric's authors define it
  kMatlab,   // as MATLAB's Image Processing Toolbox
  kPyiqa,    // as IQA-PyTorch
  kLibvmaf,  // as Netflix's libvmaf
  kSkimage,  // as scikit-image
};
// "paper", "matlab", "pyiqa", "libvmaf", "skimage".
const char* ProfileName(Profile profile);
Result<Profile> ParseProfile(const std::string& name);

enum class Direction : uint8_t { kHigherIsBetter, kLowerIsBetter, kNone };

struct Convention {
  Profile profile = Profile::kPaper;
  std::string text;  // channel, data range, window, border, downsampling
};

struct MetricInfo {
  std::string name;          // what the command line takes: "ssim"
  std::string title;         // "structural similarity"
  std::string unit;          // "dB", or empty
  double low = 0, high = 1;  // between which scores lie; infinite where there is no end
  Direction direction = Direction::kHigherIsBetter;
  bool needs_reference = true;
  bool has_map = false;
  int64_t least_side = 1;               // of pictures, in pixels
  std::string source;                   // the paper or specification of the formula
  std::vector<Convention> conventions;  // the first is used where a profile has none of its own
};

// Every metric, in the order of the list.
std::vector<MetricInfo> ListMetrics();

struct QualityOptions {
  Profile profile = Profile::kPaper;
  int64_t crop = 0;        // pixels left out on each side, before anything else
  std::string parameters;  // a file of a fitted model (NIQE's Gaussian, BRISQUE's regression); empty: our own
  int threads = 0;         // 0: one per core
};

struct Score {
  std::string metric;
  double value = 0;
  Convention convention;  // the one that was followed
};

// How much a metric sees amiss at each pixel of the picture: 0 is nothing, larger is worse; without unit.
struct DamageMap {
  int64_t width = 0, height = 0;
  std::vector<float> values;  // row by row
};

// Measures pictures with one set of options. Pictures are of the same size and pixel type; colours are compared with
// colours, gray with gray. Alpha must be opaque everywhere, and is then left out. Any one thread at a time.
class QualityMeter {
 public:
  explicit QualityMeter(const QualityOptions& options = {});
  ~QualityMeter();
  QualityMeter(QualityMeter&&) noexcept;

  // Errors: kNotFound for a metric that does not exist; kInvalidArgument for pictures that differ in size, type or
  // channels, that hold NaN or alpha, or that are too small; kUnsupported where the metric has not what it needs.
  // With `map`, also where the damage is; it stays empty for metrics that cannot tell.
  Result<Score> Compare(const std::string& metric, const ConstImageView& reference, const ConstImageView& test,
                        DamageMap* map = nullptr);
  // Without a reference.
  Result<Score> Rate(const std::string& metric, const ConstImageView& picture);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace safelight
