// SPDX-License-Identifier: Apache-2.0
//
// The form of a command: it adds its options to a CLI11 subcommand and runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "safelight/model.h"
#include "safelight/picture.h"
#include "safelight/session.h"

namespace CLI {
class App;
}

namespace safelight {

struct Command {
  const char* name;
  const char* help;
  // Adds options to `app`; the function returned does the work after parsing.
  std::function<Status()> (*configure)(CLI::App& app);
};

// Where a .tflite file is, or a built-in model by its name.
Result<std::string> FindModel(const std::string& name);
// Opens a .tflite file, or a built-in model by its name ("upscale_x3").
Result<Model> OpenModel(const std::string& name);
// "64MB", "1.5G", "4096" as bytes.
Result<int64_t> ParseBytes(const std::string& text);
// "0,1": the values of black and white.
Result<ValueRange> ParseRange(const std::string& text);
// "fast" or "exact".
Result<Arithmetic> ParseArithmetic(const std::string& name);
Result<Precision> ParsePrecision(const std::string& name);  // "float32", "float16"
// 12345678 as "11.8 MB".
std::string FormatBytes(int64_t bytes);

}  // namespace safelight
