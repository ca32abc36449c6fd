// SPDX-License-Identifier: Apache-2.0
//
// Many short copies: what moving channels, pixels and blocks of them comes down to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::kernels {

// Copies `count` runs of `bytes` bytes each; they lie `from_step` bytes apart and go `to_step` bytes apart.
void CopyRuns(const std::byte* from, int64_t from_step, std::byte* to, int64_t to_step, size_t bytes, int64_t count);

}  // namespace safelight::kernels
