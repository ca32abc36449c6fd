// SPDX-License-Identifier: Apache-2.0
//
// xnnpack: the CPU kernels that TFLite itself uses by default. For comparison, and for networks where it is faster.
#include "delegates/delegates.h"

#if SAFELIGHT_HAS_XNNPACK
#include "delegates/xnnpack/part.h"
#endif

namespace safelight {
namespace {

Result<std::unique_ptr<Delegate>> Open(const DelegateOptions& options) {
  SL_TRY(CheckOptions(options, {}));
#if SAFELIGHT_HAS_XNNPACK
  SL_ASSIGN(const xnnpack::Library* library, xnnpack::OpenLibrary());
  return xnnpack::MakeDelegate(library, options);
#else
  return Unsupported("this program was built where XNNPACK's header was not installed");
#endif
}

}  // namespace

extern const DelegateDef xnnpack_delegate;
const DelegateDef xnnpack_delegate{"xnnpack", "XNNPACK's kernels, float32 and 8-bit integers", Open};

}  // namespace safelight
