// SPDX-License-Identifier: Apache-2.0
#include "delegates/xnnpack/part.h"

#include <pthreadpool.h>

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "delegates/xnnpack/nodes.h"
#include "engine/partition.h"

namespace safelight::xnnpack {
namespace {

struct DeleteSubgraph {
  const Library* library;
  void operator()(xnn_subgraph_t subgraph) const { library->xnn_delete_subgraph(subgraph); }
};
using SubgraphHandle = std::unique_ptr<std::remove_pointer_t<xnn_subgraph_t>, DeleteSubgraph>;
struct DeleteRuntime {
  const Library* library;
  void operator()(xnn_runtime_t runtime) const { library->xnn_delete_runtime(runtime); }
};
using RuntimeHandle = std::unique_ptr<std::remove_pointer_t<xnn_runtime_t>, DeleteRuntime>;
struct DeletePool {
  void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};
using PoolHandle = std::shared_ptr<std::remove_pointer_t<pthreadpool_t>>;

Status Failed(const char* function, xnn_status status) { return Unsupported(function, " says ", StatusName(status)); }

// The whole part as a subgraph.
Result<SubgraphHandle> BuildSubgraph(const Library& library, const Graph& part) {
  xnn_subgraph_t made = nullptr;
  const auto ports = static_cast<uint32_t>(part.inputs.size() + part.outputs.size());
  if (const xnn_status status = library.xnn_create_subgraph(ports, 0, &made); status != xnn_status_success) {
    return Failed("xnn_create_subgraph", status);
  }
  SubgraphHandle subgraph(made, {&library});
  Builder builder(library, made, part);
  uint32_t port = 0;
  xnn_status status = xnn_status_success;
  for (ValueId input : part.inputs) {
    if (status == xnn_status_success) status = builder.DefinePort(input, port++, XNN_VALUE_FLAG_EXTERNAL_INPUT);
  }
  for (ValueId output : part.outputs) {
    if (status == xnn_status_success) status = builder.DefinePort(output, port++, XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
  }
  if (status != xnn_status_success) return Failed("the definition of a value", status);
  for (const Node& node : part.nodes) {
    const NodeView view{OpContext(part, node), node.file_options.get()};
    status = FindRule(*node.op)->define(builder, view);
    if (status == xnn_status_success) status = builder.status();
    if (status != xnn_status_success) return Failed("the definition", status).With(NodeLabel(part, node));
  }
  return subgraph;
}

class Part : public CompiledPart {
 public:
  static Result<std::unique_ptr<CompiledPart>> Make(const Library* library, std::shared_ptr<const Graph> graph,
                                                    PoolHandle pool) {
    SL_ASSIGN(const SubgraphHandle subgraph, BuildSubgraph(*library, *graph));
    xnn_runtime_t made = nullptr;
    const xnn_status status = library->xnn_create_runtime_v2(subgraph.get(), pool.get(), 0, &made);
    if (status != xnn_status_success) return Failed("xnn_create_runtime_v2", status);
    return std::unique_ptr<CompiledPart>(
        new Part(library, std::move(graph), std::move(pool), RuntimeHandle(made, {library})));
  }

  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    std::vector<xnn_external_value> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      values.push_back({static_cast<uint32_t>(values.size()), Readable(i, inputs[i])});
    }
    for (const TensorView& output : outputs) values.push_back({static_cast<uint32_t>(values.size()), output.data});
    if (NeedsSetup(values)) {
      if (const xnn_status status = library_->xnn_setup_runtime(runtime_.get(), values.size(), values.data());
          status != xnn_status_success) {
        return Failed("xnn_setup_runtime", status);
      }
      set_up_ = std::move(values);
    }
    if (const xnn_status status = library_->xnn_invoke_runtime(runtime_.get()); status != xnn_status_success) {
      return Failed("xnn_invoke_runtime", status);
    }
    return {};
  }

 private:
  Part(const Library* library, std::shared_ptr<const Graph> graph, PoolHandle pool, RuntimeHandle runtime)
      : library_(library), graph_(std::move(graph)), pool_(std::move(pool)), runtime_(std::move(runtime)) {
    copies_.resize(graph_->inputs.size());
  }

  // XNNPACK may read XNN_EXTRA_BYTES behind the end of an input. That is harmless within a page; an input that ends on
  // the last bytes of one is copied.
  void* Readable(size_t i, const ConstTensorView& input) {
    constexpr uintptr_t kPage = 4096;
    const uintptr_t end = reinterpret_cast<uintptr_t>(input.data) + input.size_bytes();
    if ((end - 1) / kPage == (end - 1 + XNN_EXTRA_BYTES) / kPage) return const_cast<void*>(input.data);
    copies_[i].resize(input.size_bytes() + XNN_EXTRA_BYTES);
    std::memcpy(copies_[i].data(), input.data, input.size_bytes());
    return copies_[i].data();
  }

  bool NeedsSetup(const std::vector<xnn_external_value>& values) const {
    for (size_t i = 0; i < values.size(); ++i) {
      if (i >= set_up_.size() || set_up_[i].data != values[i].data) return true;
    }
    return false;
  }

  const Library* const library_;
  const std::shared_ptr<const Graph> graph_;  // owns constants that are read in every run
  const PoolHandle pool_;
  const RuntimeHandle runtime_;
  std::vector<xnn_external_value> set_up_;
  std::vector<std::vector<std::byte>> copies_;  // by input
};

class XnnpackDelegate : public Delegate {
 public:
  XnnpackDelegate(const Library* library, const DelegateOptions& options)
      : library_(library), exact_(options.arithmetic == Arithmetic::kExact) {
    // One thread needs no pool.
    if (options.threads > 1) pool_ = PoolHandle(pthreadpool_create(static_cast<size_t>(options.threads)), DeletePool());
    info_ = {.name = "xnnpack",
             .version = library->path,
             .devices = {{.name = "CPU", .kind = "cpu"}},
             .types = {DType::kFloat32, DType::kInt8, DType::kUInt8}};
  }

  const DelegateInfo& info() const override { return info_; }

  Verdict Supports(const Graph& graph, const Node& node) const override {
    const NodeRule* rule = FindRule(*node.op);
    if (rule == nullptr) return Verdict::No("it has no ", node.op->name);
    const NodeView view{OpContext(graph, node), node.file_options.get()};
    if (node.op->read != nullptr && view.options == nullptr) return Verdict::No("a node without the file's options");
    if (Verdict verdict = CheckTypes(*rule, view); !verdict.taken) return verdict;
    if (rule->check != nullptr) {
      if (Verdict verdict = rule->check(view); !verdict.taken) return verdict;
    }
    // XNNPACK's own checks, on the node alone.
    const Graph alone = ExtractPart(graph, {static_cast<NodeId>(&node - graph.nodes.data())});
    const Result<SubgraphHandle> subgraph = BuildSubgraph(*library_, alone);
    return subgraph.ok() ? Verdict::Yes() : Verdict::No(subgraph.status().message());
  }

  Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph> part) override {
    return Part::Make(library_, std::move(part), pool_);
  }

 private:
  Verdict CheckTypes(const NodeRule& rule, const NodeView& view) const {
    const bool transposed = std::string_view(rule.op) == "TRANSPOSE_CONV";
    const Value& data = view.context.input(transposed ? 2 : 0);
    const char letter = data.dtype == DType::kFloat32                               ? 'f'
                        : data.dtype == DType::kInt8 || data.dtype == DType::kUInt8 ? 'q'
                                                                                    : '?';
    if (std::string_view(rule.types).find(letter) == std::string_view::npos) {
      return Verdict::No(DTypeName(data.dtype), " values");
    }
    if (exact_ && (letter == 'q' || view.context.output(0).dtype != DType::kFloat32)) {
      return Verdict::No("exact arithmetic was asked for, and it rounds integers differently");
    }
    if (data.quant.scales.size() > 1 || view.context.output(0).quant.scales.size() > 1) {
      return Verdict::No("values with a scale for each channel");
    }
    if (Verdict verdict = TakesValue(data); !verdict.taken) return verdict;
    return TakesValue(view.context.output(0));
  }

  const Library* const library_;
  const bool exact_;
  PoolHandle pool_;
  DelegateInfo info_;
};

}  // namespace

std::unique_ptr<Delegate> MakeDelegate(const Library* library, const DelegateOptions& options) {
  return std::make_unique<XnnpackDelegate>(library, options);
}

}  // namespace safelight::xnnpack
