// SPDX-License-Identifier: Apache-2.0
#include "cli/delegate_flags.h"

#include <cstdio>
#include <set>
#include <utility>

#include "base/status.h"
#include "cli/check.h"

namespace safelight {
namespace {

Result<Preference> ParsePreference(const std::string& text) {
  if (text == "fast") return Preference::kFastSingleAnswer;
  if (text == "sustained") return Preference::kSustainedSpeed;
  if (text == "low-power") return Preference::kLowPower;
  return InvalidArgument("'", text, "', must be fast, sustained or low-power");
}

}  // namespace

void DelegateFlags::AddTo(CLI::App& app) {
  app.add_option("--delegate", choice_.names,
                 "an engine that is asked before the CPU: a name (safelight doctor lists them) or a TFLite external "
                 "delegate's .so, with options: NAME,key:value; again for more of them, in this order")
      ->type_name("NAME[,key:value...]")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--require", choice_.require, "stop where a delegate fails, instead of going on on the CPU");
  app.add_option("--preference", preference_, "what delegates shall aim at: fast, sustained or low-power")
      ->check(Takes("fast|sustained|low-power", ParsePreference));
  app.add_option("--min-part", choice_.min_part_nodes, "nodes that a delegate's part must have")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--max-parts", choice_.max_parts, "parts that a delegate may get (0: any number)")
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--exclude", choice_.exclusions, "an exclusion list of safelight verify: nodes that stay on the CPU")
      ->allow_extra_args(false);
  app.add_option("--delegate-cache", choice_.cache_folder, "a folder where delegates keep what they compiled");
}

Status DelegateFlags::Apply(SessionOptions* session) const {
  session->delegates = choice_;
  SL_ASSIGN(session->delegates.preference, ParsePreference(preference_));
  return {};
}

void PrintPlacement(const std::vector<NodePlacement>& nodes) {
  std::printf("\n%4s %-24s %-12s %4s  %s\n", "node", "op", "runs on", "part", "why not elsewhere");
  for (const NodePlacement& node : nodes) {
    std::string why;
    for (const auto& [delegate, reason] : node.why_not) why += Cat(why.empty() ? "" : "; ", delegate, ": ", reason);
    if (!node.failure.empty())
      why += Cat(why.empty() ? "" : "; ", "failed in a run, which was the CPU's: ", node.failure);
    const std::string number = node.file_nodes.empty() ? "-" : std::to_string(node.file_nodes[0]);
    const std::string part = node.part < 0 ? "-" : std::to_string(node.part);
    std::printf("%4s %-24s %-12s %4s  %s\n", number.c_str(), node.op.c_str(), node.delegate.c_str(), part.c_str(),
                why.c_str());
  }
  std::set<std::pair<std::string, int>> parts;
  size_t taken = 0;
  for (const NodePlacement& node : nodes) {
    if (node.part < 0) continue;
    ++taken;
    parts.emplace(node.delegate, node.part);
  }
  std::printf("%zu of %zu nodes run on delegates, in %zu %s\n", taken, nodes.size(), parts.size(),
              parts.size() == 1 ? "part" : "parts");
}

void PrintFailures(const std::vector<NodePlacement>& nodes) {
  std::set<std::pair<int, std::string>> said;
  for (const NodePlacement& node : nodes) {
    if (node.failure.empty() || !said.emplace(node.part, node.delegate).second) continue;
    std::fprintf(stderr, "delegate %s failed in part %d, the CPU did its work: %s\n", node.delegate.c_str(), node.part,
                 node.failure.c_str());
  }
}

}  // namespace safelight
