// SPDX-License-Identifier: Apache-2.0
#include "cli/picture_flags.h"

#include "base/status.h"
#include "cli/check.h"
#include "cli/command.h"

namespace safelight {

void PictureFlags::AddTo(CLI::App& app) {
  app.add_option("--range", range_, "the network's values of black and white: 0,1")
      ->check(Takes("BLACK,WHITE", ParseRange));
  app.add_option("--output-range", output_range_, "the same for the output")->check(Takes("BLACK,WHITE", ParseRange));
  app.add_option("--channels", channels_, "y, gray, rgb, bgr or rgba")->check(Takes("ORDER", ParseChannelOrder));
}

Status PictureFlags::Apply(PictureOptions* picture) const {
  if (!range_.empty()) {
    SL_ASSIGN(picture->input_range, ParseRange(range_));
  }
  if (!output_range_.empty()) {
    SL_ASSIGN(picture->output_range, ParseRange(output_range_));
  }
  if (!channels_.empty()) {
    SL_ASSIGN(picture->channels, ParseChannelOrder(channels_));
  }
  return {};
}

}  // namespace safelight
