// SPDX-License-Identifier: Apache-2.0
//
// What stands behind the public Model: the file's graph as it was read, and what sessions share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/tflite/reader.h"
#include "graph/graph.h"
#include "graph/pack_cache.h"
#include "safelight/model.h"

namespace safelight {

class ModelImpl {
 public:
  static Result<std::shared_ptr<ModelImpl>> FromFile(const std::string& path);
  static Result<std::shared_ptr<ModelImpl>> FromTflite(TfliteFile file, std::string path);
  // A model of a graph that comes from no file; the graph keeps its constants alive.
  static Result<Model> FromGraph(Graph graph, std::string name);

  std::string path;
  TfliteFile file;  // file.graph: not inferred
  Graph own_size;   // the same, inferred at the file's own size
  std::vector<Port> inputs, outputs;
  PackCache pack_cache;
};

// The ports of a graph, at the shapes it is inferred at.
std::vector<Port> DescribePorts(const Graph& graph, const std::vector<ValueId>& ids,
                                const std::vector<PortMetadata>& metadata);
// The nodes of a graph for listings.
std::vector<NodeInfo> DescribeNodes(const Graph& graph);

}  // namespace safelight
