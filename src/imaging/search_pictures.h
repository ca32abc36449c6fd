// SPDX-License-Identifier: Apache-2.0
//
// The pictures on which networks are judged while types of layers are searched: parts of photographs with what should
// come out of them. Few and small, so that a network is judged in a second and the memory is bounded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "imaging/recipe.h"
#include "quantize/mixed_search.h"
#include "safelight/image.h"
#include "safelight/picture.h"
#include "safelight/quantize.h"

namespace safelight {

class SearchPictures {
 public:
  // Called after each picture that went through a network; false cancels.
  using Progress = std::function<bool()>;

  // `model`: the float network, which goes over the pictures twice. `options` and `recipe` must outlive this.
  static Result<SearchPictures> Load(const Model& model, const PictureOptions& options, const Recipe& recipe,
                                     const std::vector<std::string>& paths, const MixedOptions& mixed,
                                     const Progress& progress);

  // Mean squared error of a network's pictures, black 0 and white 1.
  Result<PictureErrors> Errors(const Model& model, const Progress& progress) const;

  // That a run of the first picture takes: the median of several.
  Result<double> Seconds(const Model& model) const;

  const PictureErrors& float_errors() const { return float_errors_; }
  // What they are compared with, in words.
  const std::string& reference() const { return reference_; }
  size_t count() const { return inputs_.size(); }

 private:
  SearchPictures(const PictureOptions& options, const Recipe& recipe) : options_(options), recipe_(recipe) {}

  Result<std::vector<Image>> Run(const Model& model, const Progress& progress) const;
  Status Add(const std::string& path, const MixedOptions& mixed, int64_t scale);
  Status AddWithTruth(const Image& picture, const std::string& path, const MixedOptions& mixed, int64_t scale);
  Result<double> ErrorOf(const Image& result, size_t picture) const;

  const PictureOptions& options_;
  const Recipe& recipe_;
  std::vector<Image> inputs_, truths_;
  PictureErrors float_errors_;
  std::string reference_;
  int64_t scale_ = 1;
  double floor_ = 0;  // added to each error: where there is no truth, what the float network is off by itself
};

}  // namespace safelight
