// SPDX-License-Identifier: Apache-2.0
//
// opencl: any GPU with a driver for OpenCL 1.2 or newer.
#include "delegates/delegates.h"

#if SAFELIGHT_HAS_OPENCL
#include "delegates/opencl/delegate.h"
#endif

namespace safelight {
namespace {

Result<std::unique_ptr<Delegate>> Open(const DelegateOptions& options) {
#if SAFELIGHT_HAS_OPENCL
  SL_ASSIGN(const opencl::Library* library, opencl::OpenLibrary());
  return opencl::MakeDelegate(library, options);
#else
  SL_TRY(CheckOptions(options, {}));
  return Unsupported("this program was built where OpenCL's headers were not installed");
#endif
}

}  // namespace

extern const DelegateDef opencl_delegate;
const DelegateDef opencl_delegate{"opencl", "GPUs by OpenCL 1.2, float32 and float16", Open};

}  // namespace safelight
