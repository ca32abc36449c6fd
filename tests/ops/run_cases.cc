// SPDX-License-Identifier: Apache-2.0
//
// run_cases: runs many small models, each under several cuts of the work.
//
//   run_cases FOLDER [DELEGATE] < LIST
//
// Every line of LIST is a name and cuts, STRIP:BLOCK:THREADS, and the word "reference" where the file's only node is
// also to be run by its op's reference implementation. FOLDER holds NAME.tflite and its inputs NAME.in0.npy, ...; the
// program writes NAME.out0.npy, ... of the first cut, and NAME.ref0.npy, ... of the reference. All cuts must give the
// same bits. One line a model comes out: "NAME ok", or "NAME failed: " and why. With a delegate every node must run on
// it; where it takes one not, the line is "NAME declined: " and why.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>

#include "base/status.h"
#include "graph/op_def.h"
#include "runtime/model_impl.h"
#include "safelight/npy.h"
#include "safelight/session.h"
#include "tensor/tensor.h"

namespace safelight {
namespace {

struct Cut {
  std::string name;
  int64_t strip = 0, block = 0;
  int threads = 1;
};

Result<Cut> ParseCut(const std::string& text) {
  Cut cut{text};
  long long strip = 0, block = 0;
  if (std::sscanf(text.c_str(), "%lld:%lld:%d", &strip, &block, &cut.threads) != 3 || cut.threads < 1) {
    return InvalidArgument("'", text, "' is no STRIP:BLOCK:THREADS");
  }
  cut.strip = strip;
  cut.block = block;
  return cut;
}

std::shared_ptr<ThreadPool> PoolOf(int threads) {
  static std::map<int, std::shared_ptr<ThreadPool>> pools;
  std::shared_ptr<ThreadPool>& pool = pools[threads];
  if (pool == nullptr) pool = MakeThreadPool(threads);
  return pool;
}

// Memory that a kernel must overwrite; what it leaves shows as a difference to the oracle.
std::vector<Tensor> SpoiledTensors(const std::vector<Port>& ports) {
  std::vector<Tensor> tensors;
  for (const Port& port : ports) {
    tensors.emplace_back(port.dtype, port.shape);
    if (tensors.back().size_bytes() > 0) std::memset(tensors.back().bytes(), 0xA5, tensors.back().size_bytes());
  }
  return tensors;
}

using Arrays = std::vector<NpyArray>;

// The delegate that runs the nodes; empty: the CPU.
std::string g_delegate;

// The first node that the delegate did not take, as its reason; empty when it took all.
std::string Declined(const Session& session) {
  for (const NodePlacement& node : session.placement()) {
    if (node.part < 0) return node.why_not.empty() ? "not asked" : node.why_not[0].second;
  }
  return "";
}

Result<std::vector<Tensor>> RunCut(const Model& model, const Arrays& inputs, const Cut& cut,
                                   std::vector<Shape>* shapes) {
  SessionOptions options;
  if (!g_delegate.empty()) options.delegates.names = {g_delegate};
  options.strip_rows = cut.strip;
  options.block_columns = cut.block;
  options.pool = PoolOf(cut.threads);
  SL_ASSIGN(Session session, Session::Create(model, options));
  if (!g_delegate.empty()) {
    if (const std::string why = Declined(session); !why.empty()) return NotFound(why);
  }
  std::vector<ConstTensorView> views;
  for (const NpyArray& input : inputs) views.push_back(input.view());
  std::vector<Tensor> results = SpoiledTensors(session.outputs());
  std::vector<TensorView> outputs;
  for (Tensor& result : results) outputs.push_back(result.view());
  SL_TRY(session.Run(views, outputs));
  for (const NodePlacement& node : session.placement()) {
    if (!node.failure.empty()) return Internal("the delegate failed: ", node.failure);
  }
  *shapes = session.last_output_shapes();
  return results;
}

Status Compare(const std::vector<Tensor>& first, const std::vector<Tensor>& other, const std::vector<Shape>& shapes) {
  for (size_t k = 0; k < first.size(); ++k) {
    const size_t bytes = static_cast<size_t>(TensorBytes(first[k].dtype(), shapes[k])),
                 element = DTypeSize(first[k].dtype());
    for (size_t i = 0; i < bytes; i += element) {
      if (std::memcmp(first[k].bytes() + i, other[k].bytes() + i, element) == 0) continue;
      return Internal("output ", k, " of shape ", shapes[k].ToString(), " has other bits at element ", i / element);
    }
  }
  return {};
}

Status Write(const std::string& path, const Tensor& tensor, const Shape& shape) {
  return WriteNpy(path, {tensor.dtype(), shape, tensor.bytes()});
}

// The operands of the only node: the inputs given, and the constants of the file.
std::vector<ConstTensorView> OperandsOf(const Graph& graph, const Node& node, const Arrays& inputs) {
  std::vector<ConstTensorView> views;
  for (ValueId id : node.inputs) {
    views.emplace_back();
    if (id == kNone) continue;
    const Value& value = graph.values[id];
    views.back() = {value.dtype, value.shape, value.constant};
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      if (graph.inputs[i] == id) views.back() = inputs[i].view();
    }
  }
  return views;
}

Status RunReference(const Model& model, const Arrays& inputs, const std::string& stem) {
  const Graph& graph = model.impl()->own_size;
  if (graph.nodes.size() != 1) return InvalidArgument(graph.nodes.size(), " nodes, must be 1");
  const Node& node = graph.nodes[0];
  const OpContext context(graph, node);
  const std::vector<ConstTensorView> operands = OperandsOf(graph, node, inputs);
  std::vector<Shape> shapes;
  for (ValueId id : node.outputs) shapes.push_back(graph.values[id].shape);
  if (node.op->result_shapes != nullptr) {
    SL_ASSIGN(shapes, node.op->result_shapes(context, operands));
  }
  std::vector<Tensor> results;
  std::vector<TensorView> outputs;
  for (size_t k = 0; k < shapes.size(); ++k) results.emplace_back(graph.values[node.outputs[k]].dtype, shapes[k]);
  for (Tensor& result : results) outputs.push_back(result.view());
  SL_TRY(node.op->reference(context, operands, outputs));
  for (size_t k = 0; k < shapes.size(); ++k) SL_TRY(Write(Cat(stem, ".ref", k, ".npy"), results[k], shapes[k]));
  return {};
}

Status RunModel(const std::string& stem, const std::vector<Cut>& cuts, bool reference) {
  SL_ASSIGN(const Model model, Model::Open(stem + ".tflite"));
  Arrays inputs;
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    SL_ASSIGN(NpyArray array, ReadNpy(Cat(stem, ".in", i, ".npy")));
    inputs.push_back(std::move(array));
  }
  std::vector<Tensor> first;
  std::vector<Shape> shapes;
  for (const Cut& cut : cuts) {
    const std::string place = "cut " + cut.name;
    Result<std::vector<Tensor>> results = RunCut(model, inputs, cut, &shapes);
    if (!results.ok() && results.status().code() == StatusCode::kNotFound && !g_delegate.empty())
      return results.status();
    if (!results.ok()) return results.status().With(place);
    if (&cut != &cuts.front()) {
      SL_TRY(Compare(first, *results, shapes).With(place));
      continue;
    }
    first = std::move(results).value();
    for (size_t k = 0; k < first.size(); ++k) SL_TRY(Write(Cat(stem, ".out", k, ".npy"), first[k], shapes[k]));
  }
  return reference ? RunReference(model, inputs, stem).With("reference") : Status();
}

// A line of the list.
Status RunLine(const std::string& folder, std::istringstream& words) {
  std::string stem, word;
  words >> stem;
  std::vector<Cut> cuts;
  bool reference = false;
  while (words >> word) {
    if (word == "reference") {
      reference = true;
      continue;
    }
    SL_ASSIGN(cuts.emplace_back(), ParseCut(word));
  }
  return RunModel(folder + '/' + stem, cuts, reference);
}

int Main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: run_cases FOLDER [DELEGATE] < LIST\n", stderr);
    return 2;
  }
  if (argc == 3) g_delegate = argv[2];
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    const Status status = RunLine(argv[1], words);
    std::printf("%s %s%s\n", line.substr(0, line.find(' ')).c_str(),
                status.ok()                              ? "ok"
                : status.code() == StatusCode::kNotFound ? "declined: "
                                                         : "failed: ",
                status.message().c_str());
    std::fflush(stdout);  // so that the last line names the model before a crash
  }
  return 0;
}

}  // namespace
}  // namespace safelight

int main(int argc, char** argv) { return safelight::Main(argc, argv); }
