// SPDX-License-Identifier: Apache-2.0
//
// A TFLite external delegate that breaks rules, for tests of hosts. Option `fault` says which; without one it runs the
// ops of network_kernel.h like the clean one.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "network_kernel.h"

namespace safelight::host {
namespace {

std::string fault;

bool Is(const char* name) { return fault == name; }

void Crash() {
  // Past any handler: what the system makes of a broken pointer.
  std::signal(SIGSEGV, SIG_DFL);
  std::raise(SIGSEGV);
}

void Hang() {
  for (;;) ::pause();
}

// crash_, hang_, exit_ and throw_ at a place.
void MisbehaveAt(const char* place) {
  if (fault == std::string("crash_") + place) Crash();
  if (fault == std::string("hang_") + place) Hang();
  if (fault == std::string("exit_") + place) ::_exit(7);
  if (fault == std::string("throw_") + place) throw std::runtime_error("thrown by the unruly delegate");
}

struct Unruly {
  Delegate face = {};
};

void* Init(Context* context, const char* buffer, size_t) {
  MisbehaveAt("init");
  if (Is("claims_too_much")) {
    const auto* nodes = reinterpret_cast<const DelegateParams*>(buffer)->nodes_to_replace;
    context->report_error(context, "unruly: node %d is beyond me", nodes->at[nodes->size - 1]);
    return nullptr;
  }
  return NetworkKernel::Create(context, *reinterpret_cast<const DelegateParams*>(buffer)).release();
}

void Free(Context*, void* kernel) {
  delete static_cast<NetworkKernel*>(kernel);
  MisbehaveAt("free");
}

Ints* MakeInts(const std::vector<int32_t>& values) {
  auto* array = static_cast<Ints*>(std::malloc(sizeof(int32_t) * (values.size() + 1)));
  array->size = static_cast<int32_t>(values.size());
  std::copy(values.begin(), values.end(), array->at);
  return array;
}

Code Fail(Context* context, const char* place) {
  context->report_error(context, "unruly: no luck in %s, number %d\n", place, 42);
  return kDelegateError;
}

Code PrepareKernel(Context* context, Node* node) {
  MisbehaveAt("kernel_prepare");
  const auto* kernel = static_cast<NetworkKernel*>(node->user_data);
  if (kernel == nullptr) return kError;
  if (Is("error_kernel_prepare")) return Fail(context, "kernel prepare");
  const int32_t output = kernel->outputs()[0];
  if (Is("resize_output")) return context->resize_tensor(context, &context->tensors[output], MakeInts({1, 2, 3}));
  if (Is("resize_nonsense")) return context->resize_tensor(context, &context->tensors[output], MakeInts({-4, 1 << 30}));
  if (Is("resize_nowhere")) {
    Tensor mine = context->tensors[output];
    return context->resize_tensor(context, &mine, MakeInts({1}));
  }
  if (Is("resize_constant")) {
    for (size_t i = 0; i < context->tensors_size; ++i) {
      if (context->tensors[i].allocation == kMapped) {
        return context->resize_tensor(context, &context->tensors[i], MakeInts({1}));
      }
    }
  }
  if (Is("many_tensors")) return context->add_tensors(context, std::numeric_limits<int>::max(), nullptr);
  if (Is("replace_late")) return context->replace_nodes(context, {}, node->inputs, static_cast<Delegate*>(nullptr));
  return kOk;
}

// Writes over the host's structs.
void Corrupt(Context* context, Node* node, int32_t output) {
  Tensor& tensor = context->tensors[output];
  if (Is("corrupt_type")) tensor.type = 77;
  if (Is("corrupt_bytes")) tensor.bytes = size_t{1} << 50;
  if (Is("corrupt_dims")) const_cast<Ints*>(tensor.dims)->at[0] = 1 << 30;
  if (Is("corrupt_dims_pointer")) tensor.dims = nullptr;
  if (Is("corrupt_data")) tensor.data = reinterpret_cast<void*>(uintptr_t{16});
  if (Is("corrupt_quantization")) tensor.quantization = {kAffine, &tensor};
  if (Is("corrupt_context")) std::memset(static_cast<void*>(context), 0xab, sizeof(Context));
  if (Is("corrupt_node")) node->outputs = nullptr;
}

Code Invoke(Context* context, Node* node) {
  MisbehaveAt("invoke");
  if (Is("error_invoke")) return Fail(context, "invoke");
  if (Is("null_report_invoke")) {
    context->report_error(context, nullptr);
    return kError;
  }
  if (Is("strange_status")) return static_cast<Code>(-12345);
  if (Is("stale_without_handle"))
    context->tensors[static_cast<NetworkKernel*>(node->user_data)->outputs()[0]].data_is_stale = true;
  auto* kernel = static_cast<NetworkKernel*>(node->user_data);
  if (kernel->Run(context) != kOk) return kError;
  for (size_t i = 0; i < kernel->outputs().size(); ++i) {
    Tensor& tensor = context->tensors[kernel->outputs()[i]];
    std::memcpy(tensor.data, kernel->made(i).data(), tensor.bytes);
    if (Is("nan"))
      static_cast<float*>(tensor.data)[tensor.bytes / sizeof(float) / 2] = std::numeric_limits<float>::quiet_NaN();
  }
  Corrupt(context, node, kernel->outputs()[0]);
  return kOk;
}

// The list of nodes as a vector whose memory is taken for the interface's array.
std::vector<int32_t> ChooseNodes(Context* context) {
  Ints* plan = nullptr;
  context->get_execution_plan(context, &plan);
  const std::vector<int32_t> order(plan->at, plan->at + plan->size);
  std::vector<int32_t> list(1);
  for (int32_t index : order) {
    Node* node = nullptr;
    WideRegistration* registration = nullptr;
    if (context->get_node(context, index, &node, &registration) != kOk) continue;
    if (Is("claims_too_much") || KernelRuns(*registration, *context, *node)) list.push_back(index);
  }
  // The whole network begins with constants that a part of it need not have.
  if (Is("leaves_part")) list.erase(list.begin() + 1);
  if (Is("bad_node")) list.back() = 9999;
  if (Is("negative_node")) list.back() = -3;
  list[0] = static_cast<int32_t>(list.size()) - 1;
  if (Is("bad_count")) list[0] = std::numeric_limits<int32_t>::max();
  if (Is("negative_count")) list[0] = -1;
  return list;
}

Code Prepare(Context* context, Delegate* delegate) {
  MisbehaveAt("prepare");
  if (Is("error_prepare")) return Fail(context, "Prepare");
  if (Is("silent_prepare")) return kError;
  if (Is("null_report_prepare")) {
    context->report_error(context, nullptr);
    return kError;
  }
  if (Is("wrong_questions")) {
    Node* node = nullptr;
    WideRegistration* registration = nullptr;
    context->get_node(context, -1, &node, &registration);
    context->get_node(context, 1 << 20, nullptr, nullptr);
    context->get_execution_plan(context, nullptr);
    context->preview_partitioning(context, nullptr, nullptr, nullptr);
    context->resize_tensor(context, nullptr, nullptr);
    context->set_external_context(context, 99, &node);
    if (context->get_external_context(context, -5) != nullptr) return kError;
  }
  const std::vector<int32_t> list = ChooseNodes(context);
  const auto* nodes = reinterpret_cast<const Ints*>(list.data());
  WideRegistration registration;
  // Fields behind the first ones are whatever lay on the stack, as in libraries built with other headers.
  std::memset(static_cast<void*>(&registration), Is("zeros_behind") ? 0 : 0xcd, sizeof(registration));
  registration.init = Init;
  registration.free = Free;
  registration.prepare = PrepareKernel;
  registration.invoke = Is("no_invoke") ? nullptr : Invoke;
  registration.profiling_string = nullptr;
  registration.builtin_code = 0;
  registration.custom_name = "unruly";
  registration.version = 1;
  if (Is("null_nodes")) nodes = nullptr;
  if (Is("no_delegate")) delegate = nullptr;
  const Code code = context->replace_nodes(context, registration, nodes, delegate);
  if (Is("twice")) return context->replace_nodes(context, registration, nodes, delegate);
  return code;
}

}  // namespace
}  // namespace safelight::host

using namespace safelight::host;  // NOLINT: a library of its own

extern "C" __attribute__((visibility("default"))) Delegate* tflite_plugin_create_delegate(
    const char* const* keys, const char* const* values, size_t count, void (*report_error)(const char*)) {
  fault.clear();
  for (size_t i = 0; i < count; ++i) {
    if (std::string(keys[i]) == "fault") fault = values[i];
  }
  MisbehaveAt("create");
  if (Is("error_create")) report_error("unruly: this device is\nbusy");
  if (Is("null_report_create")) report_error(nullptr);
  if (Is("error_create") || Is("null_report_create") || Is("silent_create")) return nullptr;
  auto* unruly = new Unruly;
  unruly->face.data = unruly;
  unruly->face.prepare = Is("opaque") ? nullptr : Prepare;
  return &unruly->face;
}

extern "C" __attribute__((visibility("default"))) void tflite_plugin_destroy_delegate(Delegate* delegate) {
  if (delegate != nullptr) delete static_cast<Unruly*>(delegate->data);
  MisbehaveAt("destroy");
}
