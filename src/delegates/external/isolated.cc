// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/isolated.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "delegates/external/channel.h"
#include "delegates/external/process.h"

namespace safelight {
namespace {

size_t OnPages(size_t size_bytes) { return (size_bytes + kPage - 1) / kPage * kPage; }

// Memory with a request, and what of it the other process must not be trusted with.
struct Shared {
  SharedMemory memory;
  Job job;
  size_t request_bytes, ports_at;

  // Writes the head anew, for whatever a library left there.
  void WriteHead() {
    auto* head = new (memory.data()) SharedHead();
    head->job = job;
    head->request_bytes = request_bytes;
    head->ports_at = ports_at;
    head->total_bytes = memory.size_bytes();
  }
  std::byte* ports() const { return memory.data() + ports_at; }
};

Result<Shared> Share(const ExternalRequest& request, Job job) {
  const std::vector<std::byte> packed = PackRequest(request);
  const size_t ports_at = kPage + OnPages(packed.size());
  SL_ASSIGN(SharedMemory memory, SharedMemory::Create(ports_at + OnPages(PortPlaces(request.network, job).back() + 1)));
  if (!packed.empty()) std::memcpy(memory.data() + kPage, packed.data(), packed.size());
  Shared shared{std::move(memory), job, packed.size(), ports_at};
  shared.WriteHead();
  return shared;
}

class IsolatedPart : public CompiledPart {
 public:
  IsolatedPart(Shared shared, std::vector<size_t> places, const IsolationLimits& limits)
      : shared_(std::move(shared)), places_(std::move(places)), limits_(limits) {}

  Status Start() {
    shared_.WriteHead();
    SL_TRY(process_.Start(shared_.memory));
    const Status status = process_.Await(limits_.start_ms, shared_.memory.head());
    // One that said no is of no use any more.
    if (!status.ok()) process_.Stop();
    return status;
  }

  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    Status status = process_.running() ? Status() : Start().With("started again");
    if (status.ok()) status = RunOnce(inputs, outputs);
    if (status.ok()) {
      failures_ = 0;
      may_retry_ = true;
      return status;
    }
    // A library that answers with an error would do so again; one that is gone may come back.
    may_retry_ = !process_.running() && failures_ < limits_.restarts;
    ++failures_;
    if (may_retry_) return Status(status.code(), status.message() + "; it is started again for the next run");
    if (limits_.restarts > 0 && failures_ > limits_.restarts) {
      return Status(status.code(), Cat(status.message(), "; ", failures_, " times in a row, so it is given up"));
    }
    return status;
  }
  bool may_retry() const override { return may_retry_; }

  int64_t memory_bytes() const override { return static_cast<int64_t>(shared_.memory.size_bytes()); }

 private:
  Status RunOnce(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
    std::byte* ports = shared_.ports();
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (const size_t bytes = inputs[i].size_bytes(); bytes > 0)
        std::memcpy(ports + places_[i], inputs[i].data, bytes);
    }
    SL_TRY(process_.Send(Order::kRun));
    SL_TRY(process_.Await(limits_.run_ms, shared_.memory.head()));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const size_t bytes = outputs[i].size_bytes();
      if (bytes > 0) std::memcpy(outputs[i].data, ports + places_[inputs.size() + i], bytes);
    }
    return {};
  }

  Shared shared_;
  const std::vector<size_t> places_;
  const IsolationLimits limits_;
  IsolatedProcess process_;
  int failures_ = 0;  // in a row
  bool may_retry_ = true;
};

}  // namespace

Result<std::vector<int32_t>> LookIsolated(const ExternalRequest& request, const IsolationLimits& limits) {
  SL_ASSIGN(const Shared shared, Share(request, Job::kLook));
  IsolatedProcess process;
  SL_TRY(process.Start(shared.memory));
  SL_TRY(process.Await(limits.start_ms, shared.memory.head()));
  std::vector<int32_t> claims(request.network.nodes.size());
  if (!claims.empty()) std::memcpy(claims.data(), shared.ports(), claims.size() * sizeof(int32_t));
  return claims;
}

Result<std::unique_ptr<CompiledPart>> CompileIsolated(const ExternalRequest& request, const IsolationLimits& limits) {
  SL_ASSIGN(Shared shared, Share(request, Job::kRun));
  auto part = std::make_unique<IsolatedPart>(std::move(shared), PortPlaces(request.network, Job::kRun), limits);
  SL_TRY(part->Start());
  return std::unique_ptr<CompiledPart>(std::move(part));
}

}  // namespace safelight
