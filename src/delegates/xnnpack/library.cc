// SPDX-License-Identifier: Apache-2.0
#include "delegates/xnnpack/library.h"

#include <dlfcn.h>

namespace safelight::xnnpack {
namespace {

// What the header that this was compiled with belongs to comes first.
constexpr const char* kNames[] = {SAFELIGHT_XNNPACK_LIBRARY, "libXNNPACK.so.0", "libXNNPACK.so"};

template <typename Function>
bool Find(void* handle, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(handle, name));
  return *function != nullptr;
}

Result<const Library*> Open() {
  void* handle = nullptr;
  static Library library;
  std::string first_error;
  for (const char* name : kNames) {
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) {
      library.path = name;
      break;
    }
    if (first_error.empty()) first_error = dlerror();
  }
  if (handle == nullptr) return NotFound("the library cannot be opened: ", first_error);
#define SL_FIND(name) \
  if (!Find(handle, #name, &library.name)) return NotFound(library.path, " has no function " #name);
  SL_XNNPACK_FUNCTIONS(SL_FIND)
#undef SL_FIND
  if (const xnn_status status = library.xnn_initialize(nullptr); status != xnn_status_success) {
    return Unsupported("xnn_initialize: ", StatusName(status));
  }
  return &library;
}

}  // namespace

Result<const Library*> OpenLibrary() {
  static const Result<const Library*> library = Open();
  return library;
}

const char* StatusName(xnn_status status) {
  switch (status) {
    case xnn_status_success: return "success";
    case xnn_status_uninitialized: return "uninitialized";
    case xnn_status_invalid_parameter: return "invalid parameter";
    case xnn_status_invalid_state: return "invalid state";
    case xnn_status_unsupported_parameter: return "unsupported parameter";
    case xnn_status_unsupported_hardware: return "unsupported hardware";
    case xnn_status_out_of_memory: return "out of memory";
    default: return "an unknown status";
  }
}

}  // namespace safelight::xnnpack
