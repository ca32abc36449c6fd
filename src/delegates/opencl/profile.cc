// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/profile.h"

#include <span>

#include "base/file.h"

namespace safelight::opencl {

Status Profile::Write(const Library& library, const std::string& path) const {
  std::string text = "microseconds kernel node\n";
  for (const Launch& launch : launches_) {
    cl_ulong begin = 0, end = 0;
    SL_TRY(Check(
        library.clGetEventProfilingInfo(launch.event.get(), CL_PROFILING_COMMAND_START, sizeof(begin), &begin, nullptr),
        "clGetEventProfilingInfo"));
    SL_TRY(
        Check(library.clGetEventProfilingInfo(launch.event.get(), CL_PROFILING_COMMAND_END, sizeof(end), &end, nullptr),
              "clGetEventProfilingInfo"));
    text += Cat(static_cast<double>(end - begin) / 1000, " ", launch.kernel, " ", launch.node, "\n");
  }
  return WriteFileAtomically(path, std::as_bytes(std::span(text)));
}

}  // namespace safelight::opencl
