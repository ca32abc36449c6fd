// SPDX-License-Identifier: Apache-2.0
//
// How the inside of safelight makes and passes on errors.
//
// InvalidArgument("dilation ", d, ", must be at least 1") builds the sentence from
// its parts; SL_TRY passes an error on; SL_ASSIGN takes the value out of a Result or
// passes its error on.
#pragma once

#include <sstream>
#include <string>

#include "safelight/status.h"

namespace safelight {

// The parts as one string, each written as operator<< would.
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return std::move(text).str();
}

template <typename... Parts>
Status InvalidArgument(const Parts&... parts) {
  return Status(StatusCode::kInvalidArgument, Cat(parts...));
}
template <typename... Parts>
Status NotFound(const Parts&... parts) {
  return Status(StatusCode::kNotFound, Cat(parts...));
}
template <typename... Parts>
Status CorruptData(const Parts&... parts) {
  return Status(StatusCode::kCorruptData, Cat(parts...));
}
template <typename... Parts>
Status Unsupported(const Parts&... parts) {
  return Status(StatusCode::kUnsupported, Cat(parts...));
}
template <typename... Parts>
Status ResourceLimit(const Parts&... parts) {
  return Status(StatusCode::kResourceLimit, Cat(parts...));
}
template <typename... Parts>
Status IoError(const Parts&... parts) {
  return Status(StatusCode::kIoError, Cat(parts...));
}
template <typename... Parts>
Status Internal(const Parts&... parts) {
  return Status(StatusCode::kInternal, Cat(parts...));
}

#define SL_CONCAT_INNER(a, b) a##b
#define SL_CONCAT(a, b) SL_CONCAT_INNER(a, b)

#define SL_TRY(expression)                        \
  do {                                            \
    ::safelight::Status sl_status = (expression); \
    if (!sl_status.ok()) return sl_status;        \
  } while (false)

#define SL_ASSIGN(declaration, expression) SL_ASSIGN_AS(SL_CONCAT(sl_result_, __LINE__), declaration, expression)
#define SL_ASSIGN_AS(result, declaration, expression) \
  auto result = (expression);                         \
  if (!result.ok()) return result.status();           \
  declaration = std::move(result).value()

}  // namespace safelight
