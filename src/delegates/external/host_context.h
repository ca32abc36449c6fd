// SPDX-License-Identifier: Apache-2.0
//
// What a TFLite host shows to a delegate: the context with its functions, the nodes, and the kernels that the delegate
// puts in their place. Everything that a library hands over is copied at once; of a registration only the fields are
// read that every version of the interface has, since libraries leave others unset.
//
// An error of one of these functions goes back to the library as a status, and its sentence among the messages.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "delegates/external/arrays.h"
#include "delegates/external/host_tensors.h"
#include "delegates/external/network.h"
#include "tflite_abi/abi.h"

namespace safelight {

// Nodes that could run in one go, with what they read (constants too) and what others read of them; ascending.
struct HostSubset {
  bool taken = false;
  std::vector<int32_t> nodes, inputs, outputs;
};

class HostContext {
 public:
  // Shows `network`, whose constants must outlive this. `make_kernels`: kernels are made when nodes are replaced; else
  // it is only noted which nodes a library would replace.
  HostContext(const ExternalNetwork& network, bool make_kernels);
  HostContext(const HostContext&) = delete;
  HostContext& operator=(const HostContext&) = delete;
  // Frees the kernels; the delegate must still live.
  ~HostContext();

  // Lets the delegate look at the network and replace nodes.
  Status PrepareDelegate(host::Delegate* delegate);
  // By node: the subset it was replaced in; -1: it stays with the host.
  const std::vector<int32_t>& claims() const { return claims_; }

  // Prepares the kernels and takes memory. Errors: also, nodes that no kernel took.
  Status PrepareKernels();
  // Runs the kernels in their order.
  Status Invoke();
  // The bytes of an input or output; null where a kernel did not make them.
  std::span<std::byte> Elements(int32_t tensor);

  int64_t memory_bytes() const { return tensors_.memory_bytes(); }

 private:
  struct Face : host::Context {
    HostContext* owner = nullptr;
  };
  struct HostedNode {
    host::Node face = {};
    host::WideRegistration registration = {};
    std::string custom_name;
    IntsPtr inputs, outputs, intermediates;
    std::unique_ptr<void, FreeArray> data;  // the op's options
    bool is_kernel = false;
    host::Registration kernel = {};
    std::vector<IntsPtr> parts = {};  // of a kernel's DelegateParams
    host::DelegateParams params = {};
  };
  static HostContext& Of(host::Context* context) { return *static_cast<Face*>(context)->owner; }
  static HostContext& Of(const host::Context* context) { return *static_cast<const Face*>(context)->owner; }

  // The context's functions.
  static host::Code GetPlan(host::Context*, host::Ints** plan);
  static host::Code GetNode(host::Context*, int index, host::Node**, host::WideRegistration**);
  static host::Code ReplaceNodes(host::Context*, host::Registration, const host::Ints* nodes, host::Delegate*);
  static host::Code Preview(host::Context*, const host::Ints* nodes, host::DelegateParams** parts, int* count);
  static host::Code ResizeTensor(host::Context*, host::Tensor*, host::Ints* dims);
  static host::Code ResizeTensorExplicit(host::Context*, host::Tensor*, int rank, const int32_t* sizes);
  static host::Code AddTensors(host::Context*, int count, int* first);
  static void ReportError(host::Context*, const char* format, ...);
  static void* GetExternalContext(host::Context*, int32_t type);
  static void SetExternalContext(host::Context*, int32_t type, void* value);
  static host::Code GetMetadata(const host::Context*, const char* name, const char** data, size_t* bytes);
  static host::Code AcquireSubgraph(host::Context*, int index, host::Context** context);
  static host::Code ReleaseSubgraph(host::Context*, int index);

  void FillFace(const ExternalNetwork& network);
  void AddNode(const ExternalNode& node);
  Result<std::vector<bool>> ReadNodes(const host::Ints* nodes) const;
  std::vector<HostSubset> Cut(const std::vector<bool>& taken) const;
  void FindPorts(const std::vector<bool>& inside, HostSubset* subset) const;
  Status Replace(const host::Registration& registration, const host::Ints* nodes, host::Delegate* delegate);
  Status MakeKernel(const host::Registration& registration, const HostSubset& subset, host::Delegate* delegate);
  Status AllocateFor(const host::Node& node);
  Status FetchStale(const HostedNode& node);
  void FreeHandles();

  host::Code Answer(const Status& status);
  void Say(std::string message);
  // The messages since the last call.
  std::string TakeMessages();
  // Calls the library; its own words are part of the error, and what it did to the structs is looked at.
  template <typename Call>
  Status Ask(const std::string& what, const Call& call);
  Status CheckStructs();

  HostTensors tensors_;
  std::deque<HostedNode> nodes_;  // never move
  std::vector<int32_t> plan_, claims_, outputs_;
  const bool make_kernels_;
  bool preparing_ = false;
  int32_t subsets_ = 0;
  Face face_;
  Face right_;  // what face_ must be
  void* external_contexts_[host::kExternalContexts] = {};
  // Handed out: stays until the end, since libraries hold on to it.
  std::vector<IntsPtr> plans_;
  std::deque<std::vector<host::DelegateParams>> previews_;
  std::mutex mutex_;  // of messages_: libraries report from threads of their own
  std::string messages_;
};

}  // namespace safelight
