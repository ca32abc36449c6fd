// SPDX-License-Identifier: Apache-2.0
//
// The tensors that a library sees, with the memory behind them. What is ours is kept beside the structs, so that a
// library that writes into them is found out and frees nothing of ours.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/status.h"
#include "delegates/external/arrays.h"
#include "delegates/external/network.h"
#include "tflite_abi/abi.h"

namespace safelight {

class HostTensors {
 public:
  // Constants stay where they are, as read-only memory of the file; nothing else has memory yet.
  explicit HostTensors(const ExternalNetwork& network);
  HostTensors(const HostTensors&) = delete;
  HostTensors& operator=(const HostTensors&) = delete;
  ~HostTensors();

  host::Tensor* data() { return faces_.data(); }
  size_t size() const { return faces_.size(); }
  host::Tensor& operator[](int32_t index) { return faces_[static_cast<size_t>(index)]; }
  bool IsConstant(int32_t index) const { return owned_[static_cast<size_t>(index)].constant; }
  std::string Label(int32_t index) const;

  // The index of a tensor of ours; -1 for anything else.
  int32_t IndexOf(const host::Tensor* tensor) const;
  // Empty tensors behind the others, which do not move as long as there are not very many.
  Status Add(int32_t count, int32_t* first);
  // Takes `dims`, which is malloc's, in any case. Errors: a constant, no size, too large for the memory it has.
  Status Resize(int32_t index, IntsPtr dims);
  // Memory on 64 bytes, which never moves, for a tensor that has none.
  Status Allocate(int32_t index);
  // Marks what the library wrote into its tensors' other fields. An error names the first tensor with a field that is
  // the host's; all are put right again.
  Status Check();

  int64_t memory_bytes() const { return memory_bytes_; }

 private:
  // What a face must have, and owns.
  struct Owned {
    std::string name;
    std::vector<int32_t> sizes;  // what `dims` holds
    IntsPtr dims, signature, zero_points;
    FloatsPtr scales;
    host::AffineQuantization affine = {};
    std::unique_ptr<void, FreeArray> memory;
    size_t capacity = 0;  // of memory
    bool constant = false;
    bool added = false;  // by the library, whose fields are its own
    host::Tensor right = {};
  };
  void Describe(const ExternalTensor& tensor);
  static const char* WhatIsWrong(const host::Tensor& is, const Owned& owned);

  std::vector<host::Tensor> faces_;
  std::deque<Owned> owned_;
  int64_t memory_bytes_ = 0;
};

// Bytes of one element of the interface's type; 0 for types without a size of their own.
size_t ElementBytes(int32_t type);

}  // namespace safelight
