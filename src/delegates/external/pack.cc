// SPDX-License-Identifier: Apache-2.0
//
// Requests as bytes: numbers and lists in the order of the fields, each list behind its length.
#include <cstring>
#include <type_traits>

#include "base/memory.h"
#include "delegates/external/network.h"

namespace safelight {
namespace {

// Both directions walk the same fields (Walk, below), so they cannot disagree.
class Packer {
 public:
  template <typename T>
  void Number(const T& value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof(T));
  }
  template <typename List>
  void Flat(const List& list) {
    Number(static_cast<uint64_t>(list.size()));
    const auto* from = reinterpret_cast<const std::byte*>(list.data());
    bytes_.insert(bytes_.end(), from, from + list.size() * sizeof(*list.data()));
  }
  template <typename List, typename Each>
  void Items(List& list, const Each& each) {
    Number(static_cast<uint64_t>(list.size()));
    for (auto& item : list) each(item);
  }
  void Constant(std::span<const std::byte> constant) {
    Number(static_cast<uint64_t>(constant.size()));
    Number(static_cast<uint8_t>(constant.data() != nullptr));
    places_.push_back(bytes_.size());
    Number(uint64_t{0});
    constants_.push_back(constant);
  }

  std::vector<std::byte> Finish() {
    size_t total = AlignUp(bytes_.size());
    for (size_t i = 0; i < constants_.size(); ++i) {
      const uint64_t at = total;
      std::memcpy(bytes_.data() + places_[i], &at, sizeof(at));
      total = AlignUp(total + constants_[i].size());
    }
    bytes_.resize(total);
    for (size_t i = 0; i < constants_.size(); ++i) {
      uint64_t at = 0;
      std::memcpy(&at, bytes_.data() + places_[i], sizeof(at));
      if (!constants_[i].empty()) std::memcpy(bytes_.data() + at, constants_[i].data(), constants_[i].size());
    }
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::span<const std::byte>> constants_;
  std::vector<size_t> places_;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  void Number(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (const std::byte* from = Take(sizeof(T))) std::memcpy(&value, from, sizeof(T));
  }
  template <typename List>
  void Flat(List& list) {
    const uint64_t count = Count();
    if (count > bytes_.size() / sizeof(*list.data())) return Fail();
    const std::byte* from = Take(count * sizeof(*list.data()));
    if (from == nullptr) return;
    list.resize(count);
    if (count > 0) std::memcpy(list.data(), from, count * sizeof(*list.data()));
  }
  template <typename List, typename Each>
  void Items(List& list, const Each& each) {
    const uint64_t count = Count();
    if (count > bytes_.size()) return Fail();
    list.resize(count);
    for (auto& item : list) each(item);
  }
  void Constant(std::span<const std::byte>& constant) {
    const uint64_t size = Count();
    uint8_t there = 0;
    Number(there);
    const uint64_t at = Count();
    if (at > bytes_.size() || size > bytes_.size() - at) return Fail();
    if (there != 0) constant = bytes_.subspan(at, size);
  }
  bool ok() const { return ok_; }

 private:
  uint64_t Count() {
    uint64_t count = 0;
    Number(count);
    return count;
  }
  const std::byte* Take(uint64_t size) {
    if (size > bytes_.size() - at_) Fail();
    if (!ok_) return nullptr;
    at_ += size;
    return bytes_.data() + at_ - size;
  }
  void Fail() { ok_ = false; }

  std::span<const std::byte> bytes_;
  uint64_t at_ = 0;
  bool ok_ = true;
};

template <typename Walker, typename Request>
void Walk(Walker& walker, Request& request) {
  walker.Flat(request.path);
  walker.Items(request.options, [&](auto& option) {
    walker.Flat(option.first);
    walker.Flat(option.second);
  });
  auto& network = request.network;
  walker.Items(network.tensors, [&](auto& tensor) {
    walker.Flat(tensor.name);
    walker.Number(tensor.type);
    walker.Flat(tensor.dims);
    walker.Flat(tensor.signature);
    walker.Flat(tensor.scales);
    walker.Flat(tensor.zero_points);
    walker.Number(tensor.axis);
    walker.Constant(tensor.constant);
    walker.Number(tensor.bytes);
    walker.Number(tensor.dynamic);
  });
  walker.Items(network.nodes, [&](auto& node) {
    walker.Number(node.op);
    walker.Flat(node.custom_name);
    walker.Number(node.version);
    walker.Flat(node.inputs);
    walker.Flat(node.outputs);
    walker.Flat(node.options);
  });
  walker.Flat(network.inputs);
  walker.Flat(network.outputs);
  walker.Number(network.threads);
  walker.Number(network.float16_allowed);
}

}  // namespace

std::vector<std::byte> PackRequest(const ExternalRequest& request) {
  Packer packer;
  Walk(packer, request);
  return packer.Finish();
}

Result<ExternalRequest> UnpackRequest(std::span<const std::byte> bytes) {
  Unpacker unpacker(bytes);
  ExternalRequest request;
  Walk(unpacker, request);
  if (!unpacker.ok()) return CorruptData("the request ends too early");
  return request;
}

}  // namespace safelight
