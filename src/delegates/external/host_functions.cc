// SPDX-License-Identifier: Apache-2.0
//
// The functions of the context, as a library calls them.
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "delegates/external/host_context.h"
#include "delegates/external/library.h"

namespace safelight {

void HostContext::FillFace(const ExternalNetwork& network) {
  face_ = Face{};
  face_.owner = this;
  face_.host = this;
  face_.tensors = tensors_.data();
  face_.tensors_size = tensors_.size();
  face_.get_execution_plan = GetPlan;
  face_.resize_tensor = ResizeTensor;
  face_.report_error = ReportError;
  face_.add_tensors = AddTensors;
  face_.get_node = GetNode;
  // The function reads the fields that come first, which all registrations have.
  auto* replace = reinterpret_cast<void (*)()>(&ReplaceNodes);
  face_.replace_nodes = reinterpret_cast<decltype(face_.replace_nodes)>(replace);
  face_.recommended_threads = network.threads;
  face_.get_external_context = GetExternalContext;
  face_.set_external_context = SetExternalContext;
  face_.float16_allowed = network.float16_allowed;
  face_.resize_tensor_explicit = ResizeTensorExplicit;
  face_.preview_partitioning = Preview;
  face_.get_metadata = GetMetadata;
  face_.acquire_subgraph = AcquireSubgraph;
  face_.release_subgraph = ReleaseSubgraph;
  std::memcpy(static_cast<void*>(&right_), &face_, sizeof(face_));  // padding as well, for it is compared
}

host::Code HostContext::GetPlan(host::Context* context, host::Ints** plan) {
  HostContext& self = Of(context);
  if (plan == nullptr) return self.Answer(InvalidArgument("GetExecutionPlan with null"));
  IntsPtr list = MakeInts(self.plan_);
  if (list == nullptr) return self.Answer(ResourceLimit("out of memory"));
  *plan = const_cast<host::Ints*>(list.get());
  self.plans_.push_back(std::move(list));
  return host::kOk;
}

host::Code HostContext::GetNode(host::Context* context, int index, host::Node** node,
                                host::WideRegistration** registration) {
  HostContext& self = Of(context);
  if (index < 0 || static_cast<size_t>(index) >= self.nodes_.size()) {
    return self.Answer(InvalidArgument("it asked for node ", index, ", there are ", self.nodes_.size()));
  }
  HostedNode& hosted = self.nodes_[static_cast<size_t>(index)];
  if (node != nullptr) *node = &hosted.face;
  if (registration != nullptr) *registration = &hosted.registration;
  return host::kOk;
}

host::Code HostContext::ReplaceNodes(host::Context* context, host::Registration registration, const host::Ints* nodes,
                                     host::Delegate* delegate) {
  HostContext& self = Of(context);
  return self.Answer(self.Replace(registration, nodes, delegate));
}

host::Code HostContext::Preview(host::Context* context, const host::Ints* nodes, host::DelegateParams** parts,
                                int* count) {
  HostContext& self = Of(context);
  if (parts == nullptr || count == nullptr)
    return self.Answer(InvalidArgument("PreviewDelegatePartitioning with null"));
  const Result<std::vector<bool>> taken = self.ReadNodes(nodes);
  if (!taken.ok()) return self.Answer(taken.status());
  std::vector<host::DelegateParams>& made = self.previews_.emplace_back();
  for (const HostSubset& subset : self.Cut(*taken)) {
    if (!subset.taken) continue;
    host::DelegateParams params = {};
    const std::pair<const std::vector<int32_t>*, const host::Ints**> lists[] = {
        {&subset.nodes, &params.nodes_to_replace},
        {&subset.inputs, &params.input_tensors},
        {&subset.outputs, &params.output_tensors}};
    for (const auto& [list, place] : lists) {
      self.plans_.push_back(MakeInts(*list));
      *place = self.plans_.back().get();
    }
    made.push_back(params);
  }
  *parts = made.data();
  *count = static_cast<int>(made.size());
  return host::kOk;
}

host::Code HostContext::ResizeTensor(host::Context* context, host::Tensor* tensor, host::Ints* dims) {
  HostContext& self = Of(context);
  if (dims == nullptr) return self.Answer(InvalidArgument("ResizeTensor without sizes"));
  const int32_t index = self.tensors_.IndexOf(tensor);
  if (index < 0) {
    std::free(dims);
    return self.Answer(InvalidArgument("it resized a tensor that is not the host's"));
  }
  return self.Answer(self.tensors_.Resize(index, IntsPtr(dims)));
}

host::Code HostContext::ResizeTensorExplicit(host::Context* context, host::Tensor* tensor, int rank,
                                             const int32_t* sizes) {
  HostContext& self = Of(context);
  const int32_t index = self.tensors_.IndexOf(tensor);
  if (index < 0 || rank < 0 || (rank > 0 && sizes == nullptr)) {
    return self.Answer(InvalidArgument("it resized a tensor that is not the host's"));
  }
  return self.Answer(self.tensors_.Resize(index, MakeInts({sizes, static_cast<size_t>(rank)})));
}

host::Code HostContext::AddTensors(host::Context* context, int count, int* first) {
  HostContext& self = Of(context);
  const Status status = self.tensors_.Add(count, first);
  for (Face* face : {&self.face_, &self.right_}) {
    face->tensors = self.tensors_.data();
    face->tensors_size = self.tensors_.size();
  }
  return self.Answer(status);
}

void HostContext::ReportError(host::Context* context, const char* format, ...) {
  HostContext& self = Of(context);
  char text[1024] = "";
  if (format != nullptr) {
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
  }
  self.Say(CleanMessage(format == nullptr ? nullptr : text));
}

void* HostContext::GetExternalContext(host::Context* context, int32_t type) {
  return type >= 0 && type < host::kExternalContexts ? Of(context).external_contexts_[type] : nullptr;
}

void HostContext::SetExternalContext(host::Context* context, int32_t type, void* value) {
  if (type >= 0 && type < host::kExternalContexts) Of(context).external_contexts_[type] = value;
}

host::Code HostContext::GetMetadata(const host::Context*, const char*, const char**, size_t*) { return host::kError; }

host::Code HostContext::AcquireSubgraph(host::Context* context, int index, host::Context** subgraph) {
  if (index != 0 || subgraph == nullptr) return Of(context).Answer(InvalidArgument("there is no subgraph ", index));
  *subgraph = context;
  return host::kOk;
}

host::Code HostContext::ReleaseSubgraph(host::Context*, int) { return host::kOk; }

}  // namespace safelight
