// SPDX-License-Identifier: Apache-2.0
//
// An op's options table, read by slot.
#pragma once

#include <cstdint>
#include <vector>

#include "flatbuffers/flatbuffers.h"
#include "graph/op_def.h"

namespace safelight {

// Types of the fields of options table `type` (BuiltinOptions), one letter a slot: b one byte, i int32, l int64,
// f float, v vector of int32, w of int64, x of float, u of bytes, s string, ? unread. Null when unknown.
const char* OptionsLayout(int type);
// The same for BuiltinOptions2.
const char* OptionsLayout2(int type);
// The options table (BuiltinOptions) that belongs to an op; 0 where it has none.
int OptionsTypeOf(int op_code);

// True when every field of `table` has the type that `layout` says and lies inside the verified buffer.
bool VerifyOptions(flatbuffers::Verifier& verifier, const flatbuffers::Table* table, const char* layout);

// Reads a verified table; a null table gives every fallback.
class OptionsReader : public AttrReader {
 public:
  OptionsReader(const flatbuffers::Table* table, const char* layout, int version)
      : table_(table), layout_(layout), version_(version) {}
  int64_t Int(int slot, int64_t fallback) const override;
  float Float(int slot, float fallback) const override;
  bool Bool(int slot, bool fallback) const override { return Int(slot, fallback ? 1 : 0) != 0; }
  std::vector<int64_t> Ints(int slot) const override;
  int version() const override { return version_; }

 private:
  char TypeOf(int slot) const;

  const flatbuffers::Table* table_;
  const char* layout_;
  int version_;
};

}  // namespace safelight
