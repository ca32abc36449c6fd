// SPDX-License-Identifier: Apache-2.0
//
// OpenCL's functions, found in the loader of drivers (libOpenCL.so.1) when the delegate is opened: a program that never
// asks for it neither loads it nor needs it. The handles that they make are owned by Handle.
#pragma once

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include <string>
#include <utility>

#include "base/status.h"

namespace safelight::opencl {

// All of OpenCL 1.2.
#define SL_OPENCL_FUNCTIONS(F) \
  F(clGetPlatformIDs)          \
  F(clGetPlatformInfo)         \
  F(clGetDeviceIDs)            \
  F(clGetDeviceInfo)           \
  F(clCreateContext)           \
  F(clReleaseContext)          \
  F(clCreateCommandQueue)      \
  F(clReleaseCommandQueue)     \
  F(clCreateBuffer)            \
  F(clCreateImage)             \
  F(clReleaseMemObject)        \
  F(clCreateProgramWithSource) \
  F(clCreateProgramWithBinary) \
  F(clBuildProgram)            \
  F(clGetProgramInfo)          \
  F(clGetProgramBuildInfo)     \
  F(clReleaseProgram)          \
  F(clCreateKernel)            \
  F(clReleaseKernel)           \
  F(clSetKernelArg)            \
  F(clGetKernelWorkGroupInfo)  \
  F(clEnqueueNDRangeKernel)    \
  F(clEnqueueWriteBuffer)      \
  F(clEnqueueReadBuffer)       \
  F(clFlush)                   \
  F(clFinish)                  \
  F(clGetEventProfilingInfo)   \
  F(clReleaseEvent)

// Tests put stand-ins in place of single functions.
struct Library {
#define SL_DECLARE(name) decltype(&::name) name = nullptr;
  SL_OPENCL_FUNCTIONS(SL_DECLARE)
#undef SL_DECLARE
};

// Opened once; the same for all callers. Errors: kNotFound, with the system's own words, or the function that is
// missing.
Result<const Library*> OpenLibrary();

// "CL_OUT_OF_RESOURCES", for messages.
std::string ErrorName(cl_int error);

// `what` says which call on what; kResourceLimit where memory is short.
Status Check(cl_int error, const std::string& what);

// An object of OpenCL, released with its owner.
template <typename T, auto release>
class Handle {
 public:
  Handle() = default;
  Handle(const Library* library, T object) : library_(library), object_(object) {}
  Handle(Handle&& other) noexcept : library_(other.library_), object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~Handle() {
    if (object_ != nullptr) (library_->*release)(object_);
  }
  T get() const { return object_; }

 private:
  const Library* library_ = nullptr;
  T object_ = nullptr;
};
using Context = Handle<cl_context, &Library::clReleaseContext>;
using Queue = Handle<cl_command_queue, &Library::clReleaseCommandQueue>;
using Memory = Handle<cl_mem, &Library::clReleaseMemObject>;
using Program = Handle<cl_program, &Library::clReleaseProgram>;
using KernelHandle = Handle<cl_kernel, &Library::clReleaseKernel>;
using Event = Handle<cl_event, &Library::clReleaseEvent>;

}  // namespace safelight::opencl
