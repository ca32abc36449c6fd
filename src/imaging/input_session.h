// SPDX-License-Identifier: Apache-2.0
//
// A network that takes pictures and gives something else (classes, boxes, points): only seen from its input's side, so
// that its values can be looked at. Pictures are brought to the input's own size.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/status.h"
#include "imaging/edges.h"
#include "imaging/recipe.h"
#include "runtime/session_impl.h"
#include "safelight/image.h"
#include "safelight/picture.h"
#include "tensor/tensor.h"

namespace safelight {

class InputSession {
 public:
  InputSession(const Model& model, const PictureOptions& options, const PortRecipe& recipe)
      : model_(model), options_(options), recipe_(recipe) {}

  // As of PictureSession.
  void Observe(GraphEdit taps, std::function<Status()> after_run) {
    taps_ = std::move(taps);
    after_run_ = std::move(after_run);
  }

  // The picture, resized (bilinear, the whole of it), through the network. Errors name an input that nobody gave.
  Status Run(const ConstImageView& picture);

 private:
  Status Prepare(const PhotoForm& form);

  const Model model_;
  const PictureOptions& options_;
  const PortRecipe& recipe_;
  GraphEdit taps_;                     // may be null
  std::function<Status()> after_run_;  // may be null
  PhotoForm form_;
  std::optional<Session> session_;
  std::vector<Tensor> outputs_;
};

}  // namespace safelight
