// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <charconv>
#include <limits>

namespace safelight::host {
namespace {

Result<int64_t> ReadNumber(std::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return InvalidArgument("'", text, "' is no number from ", least, " to ", most);
  }
  return value;
}

Result<int64_t> ReadBytes(std::string_view text) {
  int64_t unit = 1;
  for (const auto& [name, bytes] : {std::pair{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}}) {
    if (text.size() <= 2 || text.substr(text.size() - 2) != name) continue;
    unit = bytes;
    text.remove_suffix(2);
    break;
  }
  SL_ASSIGN(const int64_t number, ReadNumber(text, 0, std::numeric_limits<int64_t>::max() / unit));
  return number * unit;
}

Status ReadOption(std::string_view key, std::string_view value, Options* options) {
  if (key == "threads") {
    SL_ASSIGN(const int64_t threads, ReadNumber(value, 0, 1024));
    options->threads = static_cast<int>(threads);
  } else if (key == "arithmetic") {
    if (value != "fast" && value != "exact") return InvalidArgument("'", value, "', must be fast or exact");
    options->arithmetic = value == "exact" ? Arithmetic::kExact : Arithmetic::kFast;
  } else if (key == "memory_limit") {
    SL_ASSIGN(options->memory_limit_bytes, ReadBytes(value));
  } else if (key == "min_nodes") {
    SL_ASSIGN(const int64_t nodes, ReadNumber(value, 1, 1 << 20));
    options->min_nodes = static_cast<int>(nodes);
  } else if (key == "verbose") {
    SL_ASSIGN(const int64_t verbose, ReadNumber(value, 0, 1));
    options->verbose = verbose == 1;
  } else {
    return InvalidArgument("no such option; there are threads, arithmetic, memory_limit, min_nodes and verbose");
  }
  return {};
}

}  // namespace

Result<Options> ReadOptions(std::span<const std::pair<std::string_view, std::string_view>> pairs) {
  Options options;
  for (const auto& [key, value] : pairs) SL_TRY(ReadOption(key, value, &options).With(Cat("option ", key)));
  return options;
}

}  // namespace safelight::host
