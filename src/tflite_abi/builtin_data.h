// SPDX-License-Identifier: Apache-2.0
//
// The options of a node as TFLite keeps them in memory: read like the options of a file, and written from those.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "graph/op_def.h"

namespace safelight::host {

// True when the op has no options, or such whose layout is known here.
bool KnowsOptions(const OpDef& op);

// Reads the structure behind `data` by the slots of the file format; null gives every fallback.
class BuiltinData : public AttrReader {
 public:
  BuiltinData(std::string_view op, const void* data, int version);
  int64_t Int(int slot, int64_t fallback) const override;
  float Float(int slot, float fallback) const override;
  bool Bool(int slot, bool fallback) const override { return Int(slot, fallback ? 1 : 0) != 0; }
  std::vector<int64_t> Ints(int slot) const override;
  int version() const override { return version_; }

 private:
  const char* layout_;
  const char* data_;
  int version_;
};

// The structure of `op` with these options, with zeros behind it; empty where no layout is known.
std::vector<std::byte> WriteBuiltinData(std::string_view op, const AttrReader& options);

}  // namespace safelight::host
