// SPDX-License-Identifier: Apache-2.0
//
// Words of the command line that a parser of ours understands; others are wrong usage, told by CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace safelight {

// `parse` takes a string and returns a Result; `what` stands in the help.
template <typename Parse>
CLI::Validator Takes(const char* what, const Parse& parse) {
  return {[parse](std::string& text) { return parse(text).status().message(); }, what};
}

}  // namespace safelight
