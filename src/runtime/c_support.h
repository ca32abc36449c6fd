// SPDX-License-Identifier: Apache-2.0
//
// How the C API is built on the C++ one: what stands behind the handles, errors remembered by thread, structs that
// grow. The rule that this keeps is in safelight/c_api.h.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "base/status.h"
#include "safelight/c_api.h"
#include "safelight/model.h"
#include "safelight/session.h"

struct safelight_model {
  safelight::Model model;
};
struct safelight_pool {
  std::shared_ptr<safelight::ThreadPool> pool;
};
struct safelight_session {
  safelight::Session session;
  // Filled by each run; kept so that it allocates nothing.
  std::vector<safelight::ConstTensorView> inputs = {};
  std::vector<safelight::TensorView> outputs = {};
};

namespace safelight {

// Keeps the sentence for safelight_last_error and gives the code.
safelight_status RememberError(StatusCode code, const char* sentence) noexcept;

// Runs `work`, which returns a Status; nothing thrown leaves.
template <typename Work>
safelight_status CCall(const Work& work) noexcept {
  try {
    const Status status = work();
    return status.ok() ? SAFELIGHT_OK : RememberError(status.code(), status.message().c_str());
  } catch (const std::bad_alloc&) {
    return RememberError(StatusCode::kResourceLimit, "out of memory");
  } catch (...) {
    return RememberError(StatusCode::kInternal, "an unexpected exception inside safelight");
  }
}

template <typename T>
Status CheckPointer(const T* pointer, const char* what) {
  return pointer == nullptr ? InvalidArgument(what, " is NULL") : Status();
}

template <typename T>
Status CheckStructSize(const T* given, const char* what) {
  constexpr size_t kMostBytes = 4096;  // more is memory that nobody initialised
  if (given->struct_size >= sizeof(size_t) && given->struct_size <= kMostBytes) return {};
  return InvalidArgument(what, ": struct_size is ", given->struct_size, ", SAFELIGHT_INIT sets it");
}

// A struct of the caller's version as one of ours; all zero for NULL.
template <typename T>
Result<T> TakeStruct(const T* given, const char* what) {
  T taken{};
  if (given == nullptr) return taken;
  SL_TRY(CheckStructSize(given, what));
  std::memcpy(&taken, given, std::min(given->struct_size, sizeof(T)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (size_t i = sizeof(T); i < given->struct_size; ++i) {
    if (bytes[i] != 0) return Unsupported(what, " uses a field that this version of safelight does not know");
  }
  return taken;
}

// Our struct into one of the caller's version.
template <typename T>
Status GiveStruct(T filled, T* to, const char* what) {
  SL_TRY(CheckPointer(to, what));
  SL_TRY(CheckStructSize(to, what));
  const size_t size_bytes = to->struct_size;
  filled.struct_size = size_bytes;
  std::memset(static_cast<void*>(to), 0, size_bytes);
  std::memcpy(static_cast<void*>(to), &filled, std::min(size_bytes, sizeof(T)));
  return {};
}

Result<Shape> ShapeFromC(const safelight_shape& shape);
safelight_shape ShapeToC(const Shape& shape);
Result<SessionOptions> SessionOptionsFromC(const safelight_session_options* options);
// The callback of `options`, which has to outlive the function; null where there is none.
std::function<bool(double)> ProgressFromC(const safelight_run_options& options);

}  // namespace safelight
