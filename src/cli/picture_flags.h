// SPDX-License-Identifier: Apache-2.0
//
// Options that say how pixels become a network's values, alike for every command that takes pictures.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "safelight/picture.h"
#include "safelight/status.h"

namespace safelight {

class PictureFlags {
 public:
  // --range, --output-range, --channels. `this` must outlive the parsing.
  void AddTo(CLI::App& app);
  // What was given, into `picture`.
  Status Apply(PictureOptions* picture) const;

 private:
  std::string range_, output_range_, channels_;
};

}  // namespace safelight
