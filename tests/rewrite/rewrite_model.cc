// SPDX-License-Identifier: Apache-2.0
//
// rewrite_model IN OUT: a .tflite file loaded as a FileTree and written again; checks that the engine reads the same
// network from both. tests/rewrite/run.py compares the files with the schema's own classes and in LiteRT.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/file.h"
#include "formats/tflite/reader.h"
#include "formats/tflite/writer.h"

namespace safelight {
namespace {

Status SameValue(const Value& a, const Value& b) {
  const bool same = a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && a.signature == b.signature &&
                    a.quant.scales == b.quant.scales && a.quant.zero_points == b.quant.zero_points &&
                    a.quant.axis == b.quant.axis && a.producer == b.producer && a.file_tensor == b.file_tensor &&
                    a.is_constant() == b.is_constant();
  if (!same) return CorruptData("value '", a.name, "' differs");
  const auto size = static_cast<size_t>(TensorBytes(a.dtype, a.shape));
  if (a.is_constant() && std::memcmp(a.constant, b.constant, size) != 0) {
    return CorruptData("the elements of '", a.name, "' differ");
  }
  return {};
}

Status SameFile(const TfliteFile& a, const TfliteFile& b) {
  if (a.graph.values.size() != b.graph.values.size() || a.graph.nodes.size() != b.graph.nodes.size() ||
      a.graph.inputs != b.graph.inputs || a.graph.outputs != b.graph.outputs || a.description != b.description ||
      a.subgraph_count != b.subgraph_count || a.signatures.size() != b.signatures.size()) {
    return CorruptData("the graph has another form");
  }
  for (size_t i = 0; i < a.graph.values.size(); ++i) SL_TRY(SameValue(a.graph.values[i], b.graph.values[i]));
  for (size_t i = 0; i < a.graph.nodes.size(); ++i) {
    const Node &n = a.graph.nodes[i], &m = b.graph.nodes[i];
    if (n.op != m.op || n.inputs != m.inputs || n.outputs != m.outputs) return CorruptData("node ", i, " differs");
  }
  for (size_t i = 0; i < a.signatures.size(); ++i) {
    const TfliteFile::Signature &s = a.signatures[i], &t = b.signatures[i];
    if (s.key != t.key || s.inputs != t.inputs || s.outputs != t.outputs) return CorruptData("a signature differs");
  }
  return {};
}

Status Rewrite(const char* in, const char* out) {
  SL_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::Open(in));
  SL_ASSIGN(const TfliteFile before, ReadTflite(file));
  SL_ASSIGN(const FileTree tree, LoadFileTree(file));
  SL_ASSIGN(const std::vector<std::byte> bytes, WriteTflite(tree));
  SL_ASSIGN(const FileTree again, LoadFileTree(MappedFile::FromCopy(bytes)));
  if (!SameContent(tree, again)) return CorruptData("the tree read back is another");
  SL_ASSIGN(const TfliteFile after, ReadTflite(MappedFile::FromCopy(bytes)));
  SL_TRY(SameFile(before, after));
  return WriteFileAtomically(out, bytes);
}

}  // namespace
}  // namespace safelight

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: rewrite_model IN OUT\n");
    return 2;
  }
  const safelight::Status status = safelight::Rewrite(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "rewrite_model: %s: %s\n", argv[1], status.message().c_str());
  return status.ok() ? 0 : 1;
}
