// SPDX-License-Identifier: Apache-2.0
//
// The delegate that a host of the TFLite interface loads: takes the nodes that we run, each connected part as a network
// of its own on the row engine, and leaves the others.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "graph/op_def.h"
#include "options.h"
#include "partition.h"
#include "runtime/model_impl.h"
#include "runtime/session_impl.h"
#include "tflite_abi/abi.h"

namespace safelight::host {
namespace {

constexpr char kName[] = "safelight";

void Report(Context& context, const Status& status) {
  if (context.report_error != nullptr) context.report_error(&context, "%s: %s", kName, status.message().c_str());
}

// No exception may cross the interface.
template <typename Work>
Code Guarded(Context& context, const Work& work) {
  Status status;
  try {
    status = work();
  } catch (const std::bad_alloc&) {
    status = ResourceLimit("out of memory");
  }
  if (status.ok()) return kOk;
  Report(context, status);
  return kDelegateError;
}

// What stands behind a delegate.
struct Plugin {
  Delegate face = {};
  Options options;
  std::shared_ptr<ThreadPool> pool;  // shared by all parts
};

int ThreadsFor(const Options& options, const Context& context) {
  if (options.threads > 0) return options.threads;
  return context.recommended_threads > 0 ? context.recommended_threads : 0;
}

// A part of the host's network that runs here.
class Part {
 public:
  static Result<std::unique_ptr<Part>> Create(Context& context, const DelegateParams& params) {
    auto part = std::make_unique<Part>();
    part->plugin_ = static_cast<Plugin*>(params.delegate->data);
    for (int i = 0; i < params.nodes_to_replace->size; ++i) {
      SL_ASSIGN(part->nodes_.emplace_back(), DescribeNode(context, params.nodes_to_replace->at[i]));
    }
    for (int i = 0; i < params.input_tensors->size; ++i) {
      const int tensor = params.input_tensors->at[i];
      if (tensor >= 0 && !IsConstant(context.tensors[tensor])) part->inputs_.push_back(tensor);
    }
    part->outputs_.assign(params.output_tensors->at, params.output_tensors->at + params.output_tensors->size);
    return part;
  }

  // Makes a session for the sizes that the inputs have now, and tells the host those of the outputs.
  Status Prepare(Context& context) {
    std::vector<Shape> shapes;
    for (int tensor : inputs_) {
      SL_ASSIGN(shapes.emplace_back(), ShapeOf(context.tensors[tensor]));
    }
    if (!session_.has_value() || shapes != shapes_) {
      session_.reset();
      SL_ASSIGN(Graph graph, BuildGraph(context, nodes_, inputs_, outputs_));
      SL_ASSIGN(const Model model, ModelImpl::FromGraph(std::move(graph), Cat("part at node ", nodes_.front().index)));
      SessionOptions options;
      options.arithmetic = plugin_->options.arithmetic;
      options.memory_limit_bytes = plugin_->options.memory_limit_bytes;
      options.pool = plugin_->pool;
      SL_ASSIGN(session_, Session::Create(model, options));
      shapes_ = shapes;
      if (plugin_->options.verbose) Tell();
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      SL_TRY(Resize(context, context.tensors[outputs_[i]], session_->outputs()[i].shape));
    }
    return {};
  }

  Status Invoke(Context& context) {
    std::vector<ConstTensorView> inputs;
    std::vector<TensorView> outputs;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Port& port = session_->inputs()[i];
      inputs.push_back({port.dtype, port.shape, context.tensors[inputs_[i]].data});
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const Port& port = session_->outputs()[i];
      outputs.push_back({port.dtype, port.shape, context.tensors[outputs_[i]].data});
    }
    return session_->Run(inputs, outputs);
  }

 private:
  static Status Resize(Context& context, Tensor& tensor, const Shape& shape) {
    SL_ASSIGN(const Shape now, ShapeOf(tensor));
    if (now == shape) return {};
    // The host frees it.
    Ints* dims = static_cast<Ints*>(std::malloc(sizeof(int32_t) * static_cast<size_t>(shape.rank() + 1)));
    if (dims == nullptr) return ResourceLimit("out of memory");
    dims->size = shape.rank();
    for (int i = 0; i < shape.rank(); ++i) dims->at[i] = static_cast<int32_t>(shape[i]);
    if (context.resize_tensor(&context, &tensor, dims) == kOk) return {};
    return Internal("the host does not make output '", tensor.name == nullptr ? "" : tensor.name, "' ",
                    shape.ToString());
  }

  void Tell() const {
    std::fprintf(stderr, "%s: %zu nodes from node %d on, %.1f MB\n", kName, nodes_.size(), nodes_.front().index,
                 static_cast<double>(session_->memory_bytes()) / (1 << 20));
    for (const std::string& note : session_->plan().notes) std::fprintf(stderr, "%s:   %s\n", kName, note.c_str());
  }

  Plugin* plugin_ = nullptr;
  std::vector<HostNode> nodes_;
  std::vector<int> inputs_, outputs_;
  std::vector<Shape> shapes_;  // of the inputs that the session is for
  std::optional<Session> session_;
};

void* InitPart(Context* context, const char* buffer, size_t) {
  const auto* params = reinterpret_cast<const DelegateParams*>(buffer);
  Part* made = nullptr;
  Guarded(*context, [&]() -> Status {
    SL_ASSIGN(std::unique_ptr<Part> part, Part::Create(*context, *params));
    made = part.release();
    return {};
  });
  return made;
}

void FreePart(Context*, void* part) { delete static_cast<Part*>(part); }

Code PreparePart(Context* context, Node* node) {
  Part* const part = static_cast<Part*>(node->user_data);
  if (part == nullptr) return kDelegateError;  // told when it could not be made
  return Guarded(*context, [&] { return part->Prepare(*context); });
}

Code InvokePart(Context* context, Node* node) {
  return Guarded(*context, [&] { return static_cast<Part*>(node->user_data)->Invoke(*context); });
}

// An IntArray of our own.
class IntList {
 public:
  explicit IntList(const std::vector<int>& values) : memory_(values.size() + 1) {
    memory_[0] = static_cast<int32_t>(values.size());
    std::copy(values.begin(), values.end(), memory_.begin() + 1);
  }
  const Ints* get() const { return reinterpret_cast<const Ints*>(memory_.data()); }

 private:
  std::vector<int32_t> memory_;
};

// The nodes that we run; why not the others, where asked.
Result<std::vector<int>> FindNodes(Context& context, const Options& options) {
  Ints* plan = nullptr;
  if (context.get_execution_plan(&context, &plan) != kOk || plan == nullptr) {
    return Internal("the host does not show its nodes");
  }
  // Asking for nodes may move the plan.
  const std::vector<int> order(plan->at, plan->at + plan->size);
  std::vector<int> ours;
  for (int index : order) {
    Result<HostNode> node = DescribeNode(context, index);
    const Status status = node.ok() ? CheckNode(context, *node) : node.status();
    if (status.ok()) ours.push_back(index);
    if (!status.ok() && options.verbose) {
      std::fprintf(stderr, "%s: node %d stays with the host: %s\n", kName, index, status.message().c_str());
    }
  }
  return ours;
}

// Without those of parts that have fewer nodes than asked for.
Result<std::vector<int>> DropSmallParts(Context& context, const Options& options, std::vector<int> nodes) {
  if (options.min_nodes <= 1 || nodes.empty()) return nodes;
  DelegateParams* parts = nullptr;
  int count = 0;
  const IntList list(nodes);
  if (context.preview_partitioning == nullptr ||
      context.preview_partitioning(&context, list.get(), &parts, &count) != kOk) {
    return Internal("the host does not show how it would cut the network");
  }
  std::vector<int> kept;
  for (int i = 0; i < count; ++i) {
    const Ints& part = *parts[i].nodes_to_replace;
    if (part.size >= options.min_nodes) kept.insert(kept.end(), part.at, part.at + part.size);
  }
  return kept;
}

Status TakeNodes(Context& context, Delegate& delegate) {
  Plugin& plugin = *static_cast<Plugin*>(delegate.data);
  if (plugin.pool == nullptr) plugin.pool = MakeThreadPool(ThreadsFor(plugin.options, context));
  SL_ASSIGN(std::vector<int> nodes, FindNodes(context, plugin.options));
  SL_ASSIGN(nodes, DropSmallParts(context, plugin.options, std::move(nodes)));
  if (nodes.empty()) return {};
  WideRegistration registration = {};
  registration.init = InitPart;
  registration.free = FreePart;
  registration.prepare = PreparePart;
  registration.invoke = InvokePart;
  registration.custom_name = kName;
  registration.version = 1;
  const IntList list(nodes);
  if (context.replace_nodes(&context, registration, list.get(), &delegate) == kOk) return {};
  return Internal("the host does not hand its nodes over");
}

Code PrepareDelegate(Context* context, Delegate* delegate) {
  return Guarded(*context, [&] { return TakeNodes(*context, *delegate); });
}

Result<std::unique_ptr<Plugin>> MakePlugin(const char* const* keys, const char* const* values, size_t count) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (size_t i = 0; i < count; ++i) pairs.emplace_back(keys[i], values[i]);
  auto plugin = std::make_unique<Plugin>();
  SL_ASSIGN(plugin->options, ReadOptions(pairs));
  // With `prepare` set, no host takes it for a delegate of the newer, opaque kind.
  plugin->face.data = plugin.get();
  plugin->face.prepare = PrepareDelegate;
  return plugin;
}

}  // namespace
}  // namespace safelight::host

using safelight::host::Delegate;

// The entry points of the interface. Null, after a sentence to `report_error`, where an option is wrong.
extern "C" __attribute__((visibility("default"))) Delegate* tflite_plugin_create_delegate(
    const char* const* keys, const char* const* values, size_t count, void (*report_error)(const char*)) {
  std::string message;
  try {
    // Some hosts pass the count as a 32-bit number.
    auto plugin = safelight::host::MakePlugin(keys, values, count & 0xffffffffu);
    if (plugin.ok()) return &plugin->release()->face;
    message = "safelight: " + plugin.status().message();
  } catch (const std::bad_alloc&) {
    message = "safelight: out of memory";
  }
  if (report_error != nullptr) report_error(message.c_str());
  return nullptr;
}

extern "C" __attribute__((visibility("default"))) void tflite_plugin_destroy_delegate(Delegate* delegate) {
  if (delegate != nullptr) delete static_cast<safelight::host::Plugin*>(delegate->data);
}
