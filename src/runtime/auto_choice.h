// SPDX-License-Identifier: Apache-2.0
//
// The delegate "auto": a few sensible plans are measured at the size to run, and the fastest is remembered.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/session_impl.h"

namespace safelight {

bool AsksForAuto(const DelegateChoice& choice);

// Puts the names of the fastest plan into `options->delegates.names`; none where the CPU alone is. A note says what was
// measured, or where it was found. Errors: an option of "auto" that is not known.
Status ChooseDelegates(const Model& model, const GraphEdit& edit, SessionOptions* options,
                       std::vector<std::string>* notes);

}  // namespace safelight
