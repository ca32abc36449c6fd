// SPDX-License-Identifier: Apache-2.0
//
// A TFLite external delegate that keeps all rules, for tests of hosts: runs the ops of network_kernel.h.
//
//   ops         names with + between them: only these are claimed
//   min_nodes   smaller subsets are left to the host
//   output      host (default): written into the host's memory; handle: kept in a buffer that the host fetches;
//               dynamic: memory of its own
//   temporary   1: a tensor of its own is scratch memory
//   log         a file: the number of the process is added to it when a run begins
//   dump        a file: what the host shows is written there
//   wait        a file: a run waits as long as it is there
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <thread>

#include "dump.h"
#include "network_kernel.h"

namespace safelight::host {
namespace {

struct Clean {
  Delegate face = {};
  std::map<std::string, std::string> options;
  std::map<int32_t, std::vector<float>> buffers;  // by handle
  std::string Get(const std::string& key) const {
    const auto it = options.find(key);
    return it == options.end() ? "" : it->second;
  }
};

struct Kernel {
  Clean* clean;
  std::unique_ptr<NetworkKernel> network;
  int temporary = -1;
};

Ints* MakeInts(const std::vector<int32_t>& values) {
  auto* array = static_cast<Ints*>(std::malloc(sizeof(int32_t) * (values.size() + 1)));
  array->size = static_cast<int32_t>(values.size());
  std::copy(values.begin(), values.end(), array->at);
  return array;
}

void* Init(Context* context, const char* buffer, size_t) {
  const auto& params = *reinterpret_cast<const DelegateParams*>(buffer);
  std::unique_ptr<NetworkKernel> network = NetworkKernel::Create(context, params);
  if (network == nullptr) return nullptr;
  return new Kernel{static_cast<Clean*>(params.delegate->data), std::move(network)};
}

void Free(Context*, void* kernel) { delete static_cast<Kernel*>(kernel); }

Code PrepareKernel(Context* context, Node* node) {
  auto* kernel = static_cast<Kernel*>(node->user_data);
  if (kernel == nullptr) return kError;
  const std::string output = kernel->clean->Get("output");
  for (int32_t index : kernel->network->outputs()) {
    Tensor& tensor = context->tensors[index];
    if (output == "dynamic") tensor.allocation = kDynamic;
    if (output == "dynamic") tensor.data = nullptr;
    if (output == "handle") tensor.buffer_handle = index;
  }
  if (kernel->clean->Get("temporary") != "1" || kernel->temporary >= 0) return kOk;
  if (context->add_tensors(context, 1, &kernel->temporary) != kOk) return kError;
  std::free(const_cast<Ints*>(node->temporaries));
  node->temporaries = MakeInts({kernel->temporary});
  Tensor& scratch = context->tensors[kernel->temporary];
  scratch.type = 1;
  scratch.allocation = kArena;
  return context->resize_tensor(context, &scratch, MakeInts({3, 5, 7}));
}

Code CheckMemory(Context* context, const Kernel& kernel) {
  for (int32_t index : kernel.network->outputs()) {
    const Tensor& tensor = context->tensors[index];
    if (tensor.allocation == kDynamic || reinterpret_cast<uintptr_t>(tensor.data) % 64 == 0) continue;
    context->report_error(context, "tensor %d is not on 64 bytes", index);
    return kError;
  }
  if (kernel.temporary < 0) return kOk;
  const Tensor& scratch = context->tensors[kernel.temporary];
  if (scratch.bytes != 3 * 5 * 7 * sizeof(float) || scratch.data == nullptr) {
    context->report_error(context, "no scratch memory: %d bytes", static_cast<int>(scratch.bytes));
    return kError;
  }
  std::memset(scratch.data, 77, scratch.bytes);
  return kOk;
}

void LogAndWait(const Clean& clean) {
  if (std::FILE* log = std::fopen(clean.Get("log").c_str(), "a")) {
    std::fprintf(log, "%d\n", static_cast<int>(::getpid()));
    std::fclose(log);
  }
  const std::string wait = clean.Get("wait");
  while (!wait.empty() && ::access(wait.c_str(), F_OK) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

Code Invoke(Context* context, Node* node) {
  Kernel& kernel = *static_cast<Kernel*>(node->user_data);
  LogAndWait(*kernel.clean);
  if (CheckMemory(context, kernel) != kOk || kernel.network->Run(context) != kOk) return kError;
  const std::string place = kernel.clean->Get("output");
  for (size_t i = 0; i < kernel.network->outputs().size(); ++i) {
    const int32_t index = kernel.network->outputs()[i];
    Tensor& tensor = context->tensors[index];
    const std::vector<float>& made = kernel.network->made(i);
    if (place == "handle") {
      kernel.clean->buffers[index] = made;
      tensor.data_is_stale = true;
      continue;
    }
    if (place == "dynamic") {
      tensor.bytes = made.size() * sizeof(float);
      tensor.data = std::realloc(tensor.data, tensor.bytes);
    }
    std::memcpy(tensor.data, made.data(), tensor.bytes);
  }
  return kOk;
}

Code CopyFromHandle(Context*, Delegate* delegate, int32_t handle, Tensor* tensor) {
  const std::vector<float>& made = static_cast<Clean*>(delegate->data)->buffers[handle];
  if (made.size() * sizeof(float) != tensor->bytes) return kError;
  std::memcpy(tensor->data, made.data(), tensor->bytes);
  return kOk;
}

void FreeHandle(Context*, Delegate* delegate, int32_t* handle) {
  static_cast<Clean*>(delegate->data)->buffers.erase(*handle);
  *handle = kNoBufferHandle;
}

bool Claims(const Clean& clean, int32_t op) {
  const std::string ops = clean.Get("ops");
  return ops.empty() || ("+" + ops + "+").find(std::string("+") + KernelOpName(op) + "+") != std::string::npos;
}

Code Prepare(Context* context, Delegate* delegate) {
  const Clean& clean = *static_cast<Clean*>(delegate->data);
  if (const std::string file = clean.Get("dump"); !file.empty()) return DumpNetwork(context, file);
  Ints* plan = nullptr;
  if (context->recommended_threads < 1 && context->recommended_threads != -1) return kError;
  if (context->get_execution_plan(context, &plan) != kOk) return kError;
  const std::vector<int32_t> order(plan->at, plan->at + plan->size);
  std::vector<int32_t> ours;
  for (int32_t index : order) {
    Node* node = nullptr;
    WideRegistration* registration = nullptr;
    if (context->get_node(context, index, &node, &registration) != kOk) return kError;
    if (KernelRuns(*registration, *context, *node) && Claims(clean, registration->builtin_code)) ours.push_back(index);
  }
  Ints* list = MakeInts(ours);
  if (const int least = std::atoi(clean.Get("min_nodes").c_str()); least > 1) {
    DelegateParams* parts = nullptr;
    int count = 0;
    if (context->preview_partitioning(context, list, &parts, &count) != kOk) return kError;
    ours.clear();
    for (int i = 0; i < count; ++i) {
      const Ints& nodes = *parts[i].nodes_to_replace;
      if (nodes.size >= least) ours.insert(ours.end(), nodes.at, nodes.at + nodes.size);
    }
    std::free(list);
    list = MakeInts(ours);
  }
  WideRegistration registration = {};
  registration.init = Init;
  registration.free = Free;
  registration.prepare = PrepareKernel;
  registration.invoke = Invoke;
  registration.custom_name = "clean";
  registration.version = 1;
  const Code code = context->replace_nodes(context, registration, list, delegate);
  std::free(list);
  return code;
}

}  // namespace
}  // namespace safelight::host

using namespace safelight::host;  // NOLINT: a library of its own

extern "C" __attribute__((visibility("default"))) Delegate* tflite_plugin_create_delegate(const char* const* keys,
                                                                                          const char* const* values,
                                                                                          size_t count,
                                                                                          void (*)(const char*)) {
  auto* clean = new Clean;
  for (size_t i = 0; i < count; ++i) clean->options[keys[i]] = values[i];
  clean->face.data = clean;
  clean->face.prepare = Prepare;
  clean->face.copy_from_handle = CopyFromHandle;
  clean->face.free_handle = FreeHandle;
  return &clean->face;
}

extern "C" __attribute__((visibility("default"))) void tflite_plugin_destroy_delegate(Delegate* delegate) {
  if (delegate != nullptr) delete static_cast<Clean*>(delegate->data);
}
