// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "base/process.h"
#include "cli/command.h"

namespace safelight {
namespace {

bool IsFile(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

Result<std::string> FindModel(const std::string& name) {
  if (IsFile(name) || name.find('/') != name.npos || name.ends_with(".tflite")) return name;
  const char* from_user = std::getenv("SAFELIGHT_MODELS");
  const std::string folders[] = {from_user != nullptr ? from_user : "", ProgramFolder() + "/../share/safelight/models",
                                 ProgramFolder() + "/../../models"};
  for (const std::string& folder : folders) {
    const std::string path = folder + "/" + name + ".tflite";
    if (!folder.empty() && IsFile(path)) return path;
  }
  return NotFound(name, ": neither a file nor a built-in model");
}

Result<Model> OpenModel(const std::string& name) {
  SL_ASSIGN(const std::string path, FindModel(name));
  return Model::Open(path);
}

Result<int64_t> ParseBytes(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit(end);
  double factor = 1;
  if (unit == "k" || unit == "K" || unit == "kB" || unit == "KB" || unit == "KiB") factor = 1 << 10;
  if (unit == "M" || unit == "MB" || unit == "MiB") factor = 1 << 20;
  if (unit == "G" || unit == "GB" || unit == "GiB") factor = 1 << 30;
  if (end == text.c_str() || (factor == 1 && !unit.empty() && unit != "B") || !(number >= 1) || number > 1e12) {
    return InvalidArgument("'", text, "' is not an amount of memory such as 64MB");
  }
  return static_cast<int64_t>(number * factor);
}

Result<ValueRange> ParseRange(const std::string& text) {
  ValueRange range;
  char end = 0;
  if (std::sscanf(text.c_str(), "%lf,%lf%c", &range.black, &range.white, &end) == 2) return range;
  return InvalidArgument("'", text, "' is not a range such as 0,1: the values of black and white");
}

Result<Arithmetic> ParseArithmetic(const std::string& name) {
  if (name.empty()) return Arithmetic::kByType;
  if (name == "fast") return Arithmetic::kFast;
  if (name == "exact") return Arithmetic::kExact;
  return InvalidArgument("'", name, "', must be fast or exact");
}

Result<Precision> ParsePrecision(const std::string& name) {
  if (name == "float32") return Precision::kFloat32;
  if (name == "float16") return Precision::kFloat16;
  return InvalidArgument("'", name, "', must be float32 or float16");
}

std::string FormatBytes(int64_t bytes) {
  char text[32];
  if (bytes < 10 * 1024) {
    std::snprintf(text, sizeof(text), "%lld B", static_cast<long long>(bytes));
  } else if (bytes < 10 * 1024 * 1024) {
    std::snprintf(text, sizeof(text), "%.1f KB", static_cast<double>(bytes) / 1024);
  } else {
    std::snprintf(text, sizeof(text), "%.1f MB", static_cast<double>(bytes) / (1024 * 1024));
  }
  return text;
}

}  // namespace safelight
