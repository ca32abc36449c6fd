// SPDX-License-Identifier: Apache-2.0
//
// The table of all ops, filled from ops.def.
#include <string_view>

#include "graph/op_def.h"

namespace safelight {

#define OP(name) extern const OpDef name##_op;
#include "ops/ops.def"
#undef OP

namespace {

#define OP(name) &name##_op,
constexpr const OpDef* kOps[] = {
#include "ops/ops.def"
};
#undef OP

}  // namespace

std::span<const OpDef* const> AllOps() { return kOps; }

const OpDef* FindOp(int tflite_code) {
  for (const OpDef* op : kOps) {
    if (op->tflite_code == tflite_code && tflite_code != kNone) return op;
  }
  return nullptr;
}

const OpDef* FindOp(std::string_view name) {
  for (const OpDef* op : kOps) {
    if (name == op->name) return op;
  }
  return nullptr;
}

}  // namespace safelight
