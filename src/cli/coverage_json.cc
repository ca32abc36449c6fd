// SPDX-License-Identifier: Apache-2.0
#include "cli/coverage_text.h"

namespace safelight {
namespace {

const char* Word(Truth truth) { return truth == Truth::kYes ? "yes" : truth == Truth::kNo ? "no" : "unknown"; }

}  // namespace

nlohmann::json ToJson(const Coverage& coverage) {
  nlohmann::json nodes = nlohmann::json::array(), partitions = nlohmann::json::array();
  for (const NodeCoverage& node : coverage.nodes) {
    nlohmann::json reasons = nlohmann::json::array();
    for (const Reason& reason : node.verdict.reasons) {
      reasons.push_back({{"reason", reason.sentence}, {"instead", reason.instead}});
    }
    nodes.push_back({{"node", node.number},
                     {"op", node.op},
                     {"type", node.type},
                     {"output", node.output},
                     {"macs", node.macs},
                     {"known_to_safelight", node.known},
                     {"folded", node.folded},
                     {"limited", node.limited},
                     {"taken", node.folded ? "folded" : Word(node.verdict.taken)},
                     {"partition", node.partition},
                     {"reasons", reasons}});
  }
  for (const PartitionCoverage& partition : coverage.partitions) {
    partitions.push_back({{"nodes", partition.nodes}, {"macs", partition.macs}});
  }
  return {{"target", coverage.target},
          {"nodes", nodes},
          {"partitions", partitions},
          {"partitions_left", coverage.left_partitions},
          {"node_count", coverage.node_count},
          {"nodes_taken", coverage.nodes_taken},
          {"nodes_unknown", coverage.nodes_unknown},
          {"macs", coverage.macs},
          {"macs_taken", coverage.macs_taken},
          {"macs_unknown", coverage.macs_unknown},
          {"notes", coverage.notes}};
}

nlohmann::json ToJson(const Target& target) {
  nlohmann::json sources = nlohmann::json::array();
  for (const Source& source : target.sources) {
    sources.push_back({{"title", source.title}, {"where", source.where}, {"date", source.date}});
  }
  return {{"name", target.name},
          {"title", target.title},
          {"date", target.date},
          {"sources", sources},
          {"not_found", target.not_found}};
}

}  // namespace safelight
