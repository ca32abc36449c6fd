// SPDX-License-Identifier: Apache-2.0
//
// A .tflite file as a Graph.
//
// The container is verified by FlatBuffers, then every index, shape, type and option is checked here, so
// that what is returned can be planned without further care. Weights point into the mapped file. Shapes
// are those of the file; inference is the caller's.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "graph/graph.h"
#include "safelight/model.h"

namespace safelight {

struct TfliteFile {
  struct Signature {
    std::string key;
    // Names with their position in graph.inputs or graph.outputs.
    std::vector<std::pair<std::string, int>> inputs, outputs;
  };

  Graph graph;  // of subgraph 0; composites are inlined
  std::string description;
  std::vector<Signature> signatures;
  std::vector<PortMetadata> input_metadata, output_metadata;  // one per port
  int subgraph_count = 0;
  std::shared_ptr<const MappedFile> source;  // the file itself; null for graphs that come from none
};

// Errors: kCorruptData (not such a file, or broken), kUnsupported (an op, a type, control flow, a
// custom op: named by node), kInvalidArgument (an option out of range).
Result<TfliteFile> ReadTflite(std::shared_ptr<const MappedFile> file);

}  // namespace safelight
