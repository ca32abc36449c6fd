// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/host_tensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/memory.h"
#include "tflite_abi/types.h"

namespace safelight {
namespace {

// Tensors that a library may add without any of them moving, and at all.
constexpr size_t kHeadroom = 1024;
constexpr size_t kMostTensors = size_t{1} << 24;
constexpr int kMostDims = 32;

// The bytes of a tensor of these sizes; -1: there is no such tensor.
int64_t BytesOf(int32_t type, const host::Ints& dims) {
  if (dims.size < 0 || dims.size > kMostDims) return -1;
  int64_t elements = 1;
  for (int i = 0; i < dims.size; ++i) {
    if (dims.at[i] < 0) return -1;
    if (dims.at[i] > 0 && elements > std::numeric_limits<int64_t>::max() / 16 / dims.at[i]) return -1;
    elements *= dims.at[i];
  }
  if (host::DTypeOf(type) == DType::kInt4) return (elements + 1) / 2;
  return elements * static_cast<int64_t>(ElementBytes(type));
}

}  // namespace

size_t ElementBytes(int32_t type) {
  const std::optional<DType> dtype = host::DTypeOf(type);
  return dtype.has_value() ? DTypeSize(*dtype) : 0;
}

HostTensors::HostTensors(const ExternalNetwork& network) {
  faces_.reserve(network.tensors.size() + kHeadroom);
  for (const ExternalTensor& tensor : network.tensors) Describe(tensor);
}

void HostTensors::Describe(const ExternalTensor& tensor) {
  Owned& owned = owned_.emplace_back();
  owned.name = tensor.name;
  owned.sizes = tensor.dims;
  owned.dims = MakeInts(tensor.dims);
  owned.constant = tensor.constant.data() != nullptr;
  // As TFLite has it: none for constants, empty for others where the file has none.
  if (!owned.constant || !tensor.signature.empty()) owned.signature = MakeInts(tensor.signature);
  host::Tensor& face = owned.right;
  face.type = tensor.type;
  face.dims = owned.dims.get();
  face.dims_signature = owned.signature.get();
  face.bytes = tensor.bytes;
  face.name = owned.name.c_str();
  face.buffer_handle = host::kNoBufferHandle;
  face.allocation = owned.constant ? host::kMapped : tensor.dynamic ? host::kDynamic : host::kArena;
  if (owned.constant) face.data = const_cast<std::byte*>(tensor.constant.data());
  if (!tensor.scales.empty()) {
    std::vector<int32_t> zeros = tensor.zero_points;
    zeros.resize(tensor.scales.size());
    owned.scales = MakeFloats(tensor.scales);
    owned.zero_points = MakeInts(zeros);
    owned.affine = {owned.scales.get(), owned.zero_points.get(), tensor.axis};
    face.quantization = {host::kAffine, &owned.affine};
    if (tensor.scales.size() == 1) {
      face.scale = tensor.scales[0];
      face.zero_point = zeros[0];
    }
  }
  faces_.push_back(face);
}

HostTensors::~HostTensors() {
  for (size_t i = 0; i < faces_.size(); ++i) {
    // The library's own, as the interface has it: memory of dynamic tensors is malloc's and freed by the host.
    const host::Tensor& face = faces_[i];
    if (face.allocation == host::kDynamic && face.data != owned_[i].right.data) std::free(face.data);
  }
}

std::string HostTensors::Label(int32_t index) const {
  const std::string& name = owned_[static_cast<size_t>(index)].name;
  return name.empty() ? Cat("tensor ", index) : Cat("'", name, "'");
}

int32_t HostTensors::IndexOf(const host::Tensor* tensor) const {
  const auto at = reinterpret_cast<uintptr_t>(tensor), begin = reinterpret_cast<uintptr_t>(faces_.data());
  if (at < begin || (at - begin) % sizeof(host::Tensor) != 0) return -1;
  const size_t index = (at - begin) / sizeof(host::Tensor);
  return index < faces_.size() ? static_cast<int32_t>(index) : -1;
}

Status HostTensors::Add(int32_t count, int32_t* first) {
  if (count < 0 || static_cast<size_t>(count) > kMostTensors - faces_.size()) {
    return InvalidArgument("it asked for ", count, " more tensors");
  }
  if (first != nullptr) *first = static_cast<int32_t>(faces_.size());
  for (int32_t i = 0; i < count; ++i) {
    Owned& owned = owned_.emplace_back();
    owned.added = true;
    owned.dims = MakeInts({});
    owned.signature = MakeInts({});
    owned.right.dims = owned.dims.get();
    owned.right.dims_signature = owned.signature.get();
    owned.right.buffer_handle = host::kNoBufferHandle;
    faces_.push_back(owned.right);
  }
  return {};
}

Status HostTensors::Resize(int32_t index, IntsPtr dims) {
  Owned& owned = owned_[static_cast<size_t>(index)];
  host::Tensor& face = faces_[static_cast<size_t>(index)];
  if (dims.get() == owned.dims.get()) {
    (void)dims.release();  // it is ours already
    return {};
  }
  const int64_t bytes = BytesOf(face.type, *dims);
  if (bytes < 0) return InvalidArgument("it gave ", Label(index), " sizes that no tensor has");
  if (owned.constant) return InvalidArgument("it resized ", Label(index), ", which is a constant");
  if (owned.memory != nullptr && static_cast<size_t>(bytes) > owned.capacity) {
    return InvalidArgument("it resized ", Label(index), " during a run");
  }
  owned.dims = std::move(dims);
  owned.sizes = ToVector(owned.dims.get());
  for (host::Tensor* tensor : {&face, &owned.right}) {
    tensor->dims = owned.dims.get();
    tensor->bytes = static_cast<size_t>(bytes);
  }
  if (face.allocation == host::kDynamic) {
    // A dynamic tensor has its memory at once.
    void* memory = std::realloc(face.data, std::max<size_t>(static_cast<size_t>(bytes), 1));
    if (memory == nullptr) return ResourceLimit("no memory for ", bytes, " bytes of ", Label(index));
    face.data = memory;
  }
  return {};
}

Status HostTensors::Allocate(int32_t index) {
  Owned& owned = owned_[static_cast<size_t>(index)];
  host::Tensor& face = faces_[static_cast<size_t>(index)];
  if (owned.constant || owned.memory != nullptr || face.allocation == host::kDynamic || face.data != nullptr) return {};
  const size_t size = AlignUp(std::max<size_t>(face.bytes, 1)) + kAlignment;
  owned.memory.reset(std::aligned_alloc(kAlignment, size));
  if (owned.memory == nullptr) return ResourceLimit("no memory for ", face.bytes, " bytes of ", Label(index));
  std::memset(owned.memory.get(), 0, size);
  owned.capacity = size - kAlignment;
  memory_bytes_ += static_cast<int64_t>(size);
  face.data = owned.right.data = owned.memory.get();
  face.allocation = owned.right.allocation = host::kArena;
  return {};
}

const char* HostTensors::WhatIsWrong(const host::Tensor& is, const Owned& owned) {
  const host::Tensor& right = owned.right;
  if (is.type != right.type) return "type";
  if (is.dims != right.dims || ToVector(right.dims) != owned.sizes) return "sizes";
  if (is.dims_signature != right.dims_signature) return "signature";
  if (is.name != right.name) return "name";
  if (is.quantization.type != right.quantization.type || is.quantization.params != right.quantization.params) {
    return "quantization";
  }
  // A tensor may become dynamic; then its memory is the library's.
  if (is.allocation == host::kDynamic && !owned.constant) return nullptr;
  if (is.data != right.data || is.allocation != right.allocation || is.bytes != right.bytes) return "memory";
  return nullptr;
}

Status HostTensors::Check() {
  Status status;
  for (size_t i = 0; i < faces_.size(); ++i) {
    Owned& owned = owned_[i];
    const char* wrong = owned.added ? nullptr : WhatIsWrong(faces_[i], owned);
    if (wrong == nullptr) continue;
    if (status.ok()) {
      status = Internal("it changed the ", wrong, " of ", Label(static_cast<int32_t>(i)), " behind the host's back");
    }
    owned.dims = MakeInts(owned.sizes);
    owned.right.dims = owned.dims.get();
    faces_[i] = owned.right;
  }
  return status;
}

}  // namespace safelight
