// SPDX-License-Identifier: Apache-2.0
#include "safelight/model.h"

#include <algorithm>

#include "base/file.h"
#include "graph/infer.h"
#include "graph/op_def.h"
#include "runtime/model_impl.h"

namespace safelight {

std::vector<Port> DescribePorts(const Graph& graph, const std::vector<ValueId>& ids,
                                const std::vector<PortMetadata>& metadata) {
  std::vector<Port> ports;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Value& value = graph.values[ids[i]];
    Port port{value.name, value.dtype, value.shape, value.signature, value.quant, {}};
    if (i < metadata.size()) port.metadata = metadata[i];
    ports.push_back(std::move(port));
  }
  return ports;
}

Cost CostOf(const Graph& graph, const Node& node) {
  if (node.op->cost != nullptr) return node.op->cost(OpContext(graph, node));
  Cost cost;
  cost.other = graph.values[node.outputs[0]].shape.elements();
  return cost;
}

std::vector<NodeInfo> DescribeNodes(const Graph& graph) {
  std::vector<NodeInfo> infos;
  for (const Node& node : graph.nodes) {
    NodeInfo info;
    info.file_nodes = node.file_nodes;
    info.op = node.op->name;
    info.name = graph.values[node.outputs[0]].name;
    info.dtype = graph.values[node.outputs[0]].dtype;
    for (ValueId input : node.inputs) {
      if (input == kNone) continue;
      const Value& value = graph.values[input];
      info.inputs.push_back(value.is_constant() && value.producer == kNone ? -2 : value.producer);
      info.input_shapes.push_back(value.shape);
      if (value.is_constant() && value.producer == kNone) info.weight_bytes += TensorBytes(value.dtype, value.shape);
    }
    for (ValueId output : node.outputs) info.output_shapes.push_back(graph.values[output].shape);
    info.macs = CostOf(graph, node).macs;
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<std::shared_ptr<ModelImpl>> ModelImpl::FromTflite(TfliteFile file, std::string path) {
  auto impl = std::make_shared<ModelImpl>();
  impl->path = std::move(path);
  impl->file = std::move(file);
  for (const Value& value : impl->file.graph.values) {
    if (!value.is_constant()) continue;
    impl->pack_cache.AddSource(value.constant, TensorBytes(value.dtype, value.shape));
  }
  impl->own_size = impl->file.graph;
  SL_TRY(Infer(impl->own_size));
  const Graph& graph = impl->own_size;
  impl->inputs = DescribePorts(graph, graph.inputs, impl->file.input_metadata);
  impl->outputs = DescribePorts(graph, graph.outputs, impl->file.output_metadata);
  return impl;
}

Result<Model> ModelImpl::FromGraph(Graph graph, std::string name) {
  TfliteFile file;
  file.graph = std::move(graph);
  Result<std::shared_ptr<ModelImpl>> impl = FromTflite(std::move(file), name);
  if (!impl.ok()) return impl.status().With(name);
  return Model(std::move(impl).value());
}

Result<std::shared_ptr<ModelImpl>> ModelImpl::FromFile(const std::string& path) {
  SL_ASSIGN(std::shared_ptr<MappedFile> map, MappedFile::Open(path));
  SL_ASSIGN(TfliteFile file, ReadTflite(std::move(map)));
  return FromTflite(std::move(file), path);
}

Result<Model> Model::Open(const std::string& path) {
  Result<std::shared_ptr<ModelImpl>> impl = ModelImpl::FromFile(path);
  if (!impl.ok()) return impl.status().With(path);
  return Model(std::move(impl).value());
}

Result<Model> Model::FromBytes(std::span<const std::byte> bytes, const std::string& name) {
  Result<TfliteFile> file = ReadTflite(MappedFile::FromCopy(bytes));
  if (!file.ok()) return file.status().With(name);
  Result<std::shared_ptr<ModelImpl>> impl = ModelImpl::FromTflite(std::move(file).value(), name);
  if (!impl.ok()) return impl.status().With(name);
  return Model(std::move(impl).value());
}

const std::string& Model::path() const { return impl_->path; }
const std::string& Model::description() const { return impl_->file.description; }
const std::vector<Port>& Model::inputs() const { return impl_->inputs; }
const std::vector<Port>& Model::outputs() const { return impl_->outputs; }
std::vector<NodeInfo> Model::nodes() const { return DescribeNodes(impl_->own_size); }

std::vector<OpInfo> ListOps() {
  std::vector<OpInfo> infos;
  for (const OpDef* op : AllOps()) infos.push_back({op->name, op->tflite_code, op->prepare != nullptr});
  std::sort(infos.begin(), infos.end(), [](const OpInfo& a, const OpInfo& b) { return a.name < b.name; });
  return infos;
}

}  // namespace safelight
