// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/library.h"

#include <dlfcn.h>

namespace safelight::opencl {
namespace {

template <typename Function>
bool Find(void* handle, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(handle, name));
  return *function != nullptr;
}

Result<const Library*> Open() {
  static Library library;
  void* handle = nullptr;
  std::string first_error;
  // The second is what Android and packages for building have.
  for (const char* name : {"libOpenCL.so.1", "libOpenCL.so"}) {
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) break;
    if (first_error.empty()) first_error = dlerror();
  }
  if (handle == nullptr) return NotFound("the loader of drivers cannot be opened: ", first_error);
#define SL_FIND(name) \
  if (!Find(handle, #name, &library.name)) return NotFound("the loader of drivers has no function " #name);
  SL_OPENCL_FUNCTIONS(SL_FIND)
#undef SL_FIND
  return &library;
}

}  // namespace

Result<const Library*> OpenLibrary() {
  static const Result<const Library*> library = Open();
  return library;
}

std::string ErrorName(cl_int error) {
  switch (error) {
#define SL_NAME(name) \
  case name: return #name;
    SL_NAME(CL_DEVICE_NOT_FOUND)
    SL_NAME(CL_DEVICE_NOT_AVAILABLE)
    SL_NAME(CL_COMPILER_NOT_AVAILABLE)
    SL_NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE)
    SL_NAME(CL_OUT_OF_RESOURCES)
    SL_NAME(CL_OUT_OF_HOST_MEMORY)
    SL_NAME(CL_IMAGE_FORMAT_NOT_SUPPORTED)
    SL_NAME(CL_BUILD_PROGRAM_FAILURE)
    SL_NAME(CL_INVALID_VALUE)
    SL_NAME(CL_INVALID_DEVICE)
    SL_NAME(CL_INVALID_CONTEXT)
    SL_NAME(CL_INVALID_COMMAND_QUEUE)
    SL_NAME(CL_INVALID_MEM_OBJECT)
    SL_NAME(CL_INVALID_IMAGE_SIZE)
    SL_NAME(CL_INVALID_BINARY)
    SL_NAME(CL_INVALID_PROGRAM_EXECUTABLE)
    SL_NAME(CL_INVALID_KERNEL_NAME)
    SL_NAME(CL_INVALID_KERNEL_ARGS)
    SL_NAME(CL_INVALID_WORK_GROUP_SIZE)
    SL_NAME(CL_INVALID_WORK_ITEM_SIZE)
    SL_NAME(CL_INVALID_BUFFER_SIZE)
#undef SL_NAME
    default: return Cat("error ", error);
  }
}

Status Check(cl_int error, const std::string& what) {
  if (error == CL_SUCCESS) return {};
  const bool memory = error == CL_MEM_OBJECT_ALLOCATION_FAILURE || error == CL_OUT_OF_RESOURCES ||
                      error == CL_OUT_OF_HOST_MEMORY || error == CL_INVALID_BUFFER_SIZE;
  return Status(memory ? StatusCode::kResourceLimit : StatusCode::kUnsupported, Cat(what, " says ", ErrorName(error)));
}

}  // namespace safelight::opencl
