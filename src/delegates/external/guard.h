// SPDX-License-Identifier: Apache-2.0
//
// Calls into a library that may be written in C++ and throw.
#pragma once

#include <exception>

#include "base/status.h"

namespace safelight {

template <typename Call>
Status GuardLibrary(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return Internal("the library threw an exception: ", error.what());
  } catch (...) {
    return Internal("the library threw an exception");
  }
  return {};
}

}  // namespace safelight
