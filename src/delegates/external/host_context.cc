// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/host_context.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "delegates/external/guard.h"

namespace safelight {
namespace {

const char* CodeName(host::Code code) {
  switch (static_cast<int32_t>(code)) {
    case 1: return "an error";
    case 2: return "a delegate error";
    case 3: return "an application error";
    case 4: return "delegate data not found";
    case 5: return "a delegate data write error";
    case 6: return "a delegate data read error";
    case 7: return "unresolved ops";
    case 8: return "cancelled";
    case 9: return "an output's size not known";
    default: return "an unknown status";
  }
}

}  // namespace

template <typename Call>
Status HostContext::Ask(const std::string& what, const Call& call) {
  host::Code code = host::kOk;
  const Status thrown = GuardLibrary([&] { code = call(); });
  // What `init` reports in a Prepare that succeeds explains the kernel's failure later.
  const std::string said = preparing_ && code == host::kOk ? "" : TakeMessages();
  const Status structs = CheckStructs();
  if (!thrown.ok()) return thrown.With(what);
  if (code != host::kOk) {
    return Internal(what, " returned ", CodeName(code), " (status ", static_cast<int32_t>(code), ")",
                    said.empty() ? ", without a message" : ": " + said);
  }
  return structs.With(what);
}

HostContext::HostContext(const ExternalNetwork& network, bool make_kernels)
    : tensors_(network), claims_(network.nodes.size(), -1), outputs_(network.outputs), make_kernels_(make_kernels) {
  for (const ExternalNode& node : network.nodes) AddNode(node);
  for (size_t i = 0; i < nodes_.size(); ++i) plan_.push_back(static_cast<int32_t>(i));
  FillFace(network);
}

HostContext::~HostContext() {
  for (HostedNode& node : nodes_) {
    if (!node.is_kernel) continue;
    if (node.kernel.free != nullptr && node.face.user_data != nullptr) {
      GuardLibrary([&] { node.kernel.free(&face_, node.face.user_data); }).ok();  // nobody is left to be told
    }
  }
  FreeHandles();
  // The one array of a node that a library replaces by its own.
  for (HostedNode& node : nodes_) std::free(const_cast<host::Ints*>(node.face.temporaries));
}

void HostContext::AddNode(const ExternalNode& node) {
  HostedNode& hosted = nodes_.emplace_back();
  hosted.inputs = MakeInts(node.inputs);
  hosted.outputs = MakeInts(node.outputs);
  hosted.intermediates = MakeInts({});
  hosted.custom_name = node.custom_name;
  if (!node.options.empty()) {
    hosted.data.reset(std::malloc(node.options.size()));
    if (hosted.data != nullptr) std::memcpy(hosted.data.get(), node.options.data(), node.options.size());
  }
  hosted.face.inputs = hosted.inputs.get();
  hosted.face.outputs = hosted.outputs.get();
  hosted.face.intermediates = hosted.intermediates.get();
  hosted.face.temporaries = MakeInts({}).release();
  hosted.face.builtin_data = hosted.data.get();
  hosted.registration.builtin_code = node.op;
  hosted.registration.version = node.version;
  if (!node.custom_name.empty()) hosted.registration.custom_name = hosted.custom_name.c_str();
}

Status HostContext::PrepareDelegate(host::Delegate* delegate) {
  preparing_ = true;
  const Status status = Ask("its Prepare", [&] { return delegate->prepare(&face_, delegate); });
  preparing_ = false;
  return status;
}

Status HostContext::PrepareKernels() {
  const auto left = std::count_if(plan_.begin(), plan_.end(),
                                  [this](int32_t node) { return !nodes_[static_cast<size_t>(node)].is_kernel; });
  if (left > 0) {
    return Unsupported("of a part that it took as a piece of the whole network, it leaves ", left, " of ",
                       claims_.size(), " nodes when it gets the part alone");
  }
  for (int32_t index : plan_) {
    HostedNode& node = nodes_[static_cast<size_t>(index)];
    if (node.kernel.invoke == nullptr) return Internal("its kernel has no invoke function");
    if (node.kernel.prepare == nullptr) continue;
    SL_TRY(Ask("its kernel's prepare", [&] { return node.kernel.prepare(&face_, &node.face); }));
  }
  for (int32_t index : plan_) SL_TRY(AllocateFor(nodes_[static_cast<size_t>(index)].face));
  return {};
}

Status HostContext::AllocateFor(const host::Node& node) {
  for (const host::Ints* list : {node.inputs, node.outputs, node.temporaries}) {
    for (int32_t tensor : ToVector(list)) {
      if (tensor < 0) continue;
      if (static_cast<size_t>(tensor) >= tensors_.size()) return Internal("its kernel names tensor ", tensor);
      SL_TRY(tensors_.Allocate(tensor));
    }
  }
  return {};
}

Status HostContext::Invoke() {
  for (int32_t index : plan_) {
    HostedNode& node = nodes_[static_cast<size_t>(index)];
    SL_TRY(Ask("its kernel's invoke", [&] { return node.kernel.invoke(&face_, &node.face); }));
    SL_TRY(FetchStale(node));
  }
  return {};
}

// Outputs that the library keeps in buffers of its own are fetched into the host's memory.
Status HostContext::FetchStale(const HostedNode& node) {
  for (int32_t index : ToVector(node.outputs.get())) {
    host::Tensor& tensor = tensors_[index];
    if (!tensor.data_is_stale) continue;
    host::Delegate* delegate = node.params.delegate;
    if (delegate->copy_from_handle == nullptr || tensor.buffer_handle == host::kNoBufferHandle) {
      return Internal("its kernel left ", tensors_.Label(index), " in a buffer that cannot be read");
    }
    SL_TRY(Ask("its CopyFromBufferHandle",
               [&] { return delegate->copy_from_handle(&face_, delegate, tensor.buffer_handle, &tensors_[index]); }));
    tensors_[index].data_is_stale = false;
  }
  return {};
}

void HostContext::FreeHandles() {
  for (const HostedNode& node : nodes_) {
    if (!node.is_kernel || node.params.delegate->free_handle == nullptr) continue;
    for (int32_t index : ToVector(node.outputs.get())) {
      int32_t handle = std::exchange(tensors_[index].buffer_handle, host::kNoBufferHandle);
      if (handle == host::kNoBufferHandle) continue;
      host::Delegate* delegate = node.params.delegate;
      GuardLibrary([&] { delegate->free_handle(&face_, delegate, &handle); }).ok();  // likewise
    }
  }
}

std::span<std::byte> HostContext::Elements(int32_t tensor) {
  const host::Tensor& face = tensors_[tensor];
  if (face.data == nullptr) return {};
  return {static_cast<std::byte*>(face.data), face.bytes};
}

Status HostContext::CheckStructs() {
  Status status = tensors_.Check();
  right_.tensors = face_.tensors = tensors_.data();
  right_.tensors_size = face_.tensors_size = tensors_.size();
  // A library may leave a profiler there.
  right_.profiler = face_.profiler;
  if (std::memcmp(static_cast<host::Context*>(&face_), static_cast<host::Context*>(&right_), sizeof(host::Context)) !=
      0) {
    std::memcpy(static_cast<void*>(&face_), &right_, sizeof(face_));
    if (status.ok()) status = Internal("it changed the context's functions behind the host's back");
  }
  for (HostedNode& node : nodes_) {
    const void* data = node.is_kernel ? &node.params : node.data.get();
    if (node.face.inputs == node.inputs.get() && node.face.outputs == node.outputs.get() &&
        node.face.builtin_data == data) {
      continue;
    }
    node.face.inputs = node.inputs.get();
    node.face.outputs = node.outputs.get();
    node.face.builtin_data = data;
    if (status.ok()) status = Internal("it changed a node behind the host's back");
  }
  return status;
}

std::string HostContext::TakeMessages() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(messages_, {});
}

void HostContext::Say(std::string message) {
  constexpr size_t kEnough = 2000;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (messages_.size() < kEnough) messages_ += Cat(messages_.empty() ? "" : "; ", message);
}

host::Code HostContext::Answer(const Status& status) {
  if (status.ok()) return host::kOk;
  Say(status.message());
  return host::kError;
}

}  // namespace safelight
