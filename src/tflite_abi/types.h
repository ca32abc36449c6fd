// SPDX-License-Identifier: Apache-2.0
//
// Element types: the interface numbers them from 1 on in an order of its own, files from 0 on in another.
#pragma once

#include <cstdint>
#include <optional>

#include "safelight/tensor.h"

namespace safelight::host {

// Nullopt for numbers that stand for no type known here.
std::optional<DType> DTypeOf(int32_t type);
int32_t TypeOf(DType dtype);

// Between the interface's numbers and those of files; what is not known stays as it is.
int32_t TypeOfFile(int64_t file_type);
int64_t FileTypeOf(int32_t type);

}  // namespace safelight::host
