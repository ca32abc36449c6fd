// SPDX-License-Identifier: Apache-2.0
//
// Rows to columns: elements of four bytes that lie next to each other go far apart, and the other way round.
#pragma once

#include <cstdint>

namespace safelight::kernels {

// to[a * to_step + b] = from[b * from_step + a], for a in [0, rows) and b in [0, columns). Blocks of four by four in
// registers, sixteen columns at a time, so that whole cache lines are written.
void Transpose(const uint32_t* from, int64_t from_step, uint32_t* to, int64_t to_step, int64_t rows, int64_t columns);

}  // namespace safelight::kernels
