// SPDX-License-Identifier: Apache-2.0
#include "cli/coverage_text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <tuple>

namespace safelight {
namespace {

constexpr int kMostListed = 8;  // numbers of nodes in one line
constexpr size_t kLongestModel = 30;
constexpr const char kLegend[] =
    "nodes taken / multiply-adds taken, in percent, and the number of partitions; \"-\": nothing is taken;\n"
    "\"?\": the rest has nodes of which it is not known whether they are taken\n";

// Percent, rounded down, so 100 is everything; at least 1 of what is not nothing.
std::string Percent(int64_t part, int64_t whole) {
  if (whole <= 0) return "-";
  if (part <= 0) return "0";
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return std::to_string(part == whole ? 100 : std::clamp(static_cast<int>(share), 1, 99));
}

std::string Cell(const Coverage& coverage) {
  const bool unknown = coverage.nodes_unknown > 0;
  if (coverage.nodes_taken == 0) return unknown ? "?" : "-";
  return Cat(Percent(coverage.nodes_taken, coverage.node_count), coverage.nodes_unknown > 0 ? "?" : "", '/',
             Percent(coverage.macs_taken, coverage.macs), coverage.macs_unknown > 0 ? "?" : "", ' ',
             coverage.partitions.size());
}

std::string Pad(const std::string& text, size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

std::string Shorten(const std::string& text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 2) + "..";
}

// "0-3, 7, 9-12"; long lists are cut.
std::string Ranges(const std::vector<int>& numbers) {
  std::string text;
  int shown = 0;
  for (size_t i = 0; i < numbers.size(); ++shown) {
    size_t end = i;
    while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) ++end;
    if (shown == kMostListed) return text + Cat(" and ", numbers.size() - i, " more");
    text += Cat(text.empty() ? "" : ", ", numbers[i]);
    if (end > i) text += Cat(end > i + 1 ? "-" : ", ", numbers[end]);
    i = end + 1;
  }
  return text;
}

// Rows of nodes by op and type.
std::string OpTable(const Coverage& coverage) {
  struct Row {
    int nodes = 0, taken = 0, unknown = 0;
    int64_t macs = 0;
    bool known = true;
  };
  std::map<std::pair<std::string, std::string>, Row> rows;
  for (const NodeCoverage& node : coverage.nodes) {
    if (node.folded) continue;
    Row& row = rows[{node.op, node.type}];
    ++row.nodes;
    row.taken += node.verdict.taken == Truth::kYes;
    row.unknown += node.verdict.taken == Truth::kUnknown;
    row.macs += node.macs;
    row.known = node.known;
  }
  std::string text = "\nop                           type               nodes  taken  not known          MACs\n";
  for (const auto& [key, row] : rows) {
    char line[256];
    std::snprintf(line, sizeof(line), "%-28.28s %-18s %5d  %5d  %9d  %12lld%s\n", key.first.c_str(), key.second.c_str(),
                  row.nodes, row.taken, row.unknown, static_cast<long long>(row.macs),
                  row.known ? "" : "  not known to safelight");
    text += line;
  }
  return text;
}

// Nodes with this answer, those with the same reason together.
std::string ReasonsText(const Coverage& coverage, Truth truth, const char* title) {
  std::vector<std::pair<std::tuple<std::string, std::string, std::string>, std::vector<int>>> groups;
  for (const NodeCoverage& node : coverage.nodes) {
    if (node.folded || node.verdict.taken != truth) continue;
    for (const Reason& reason : node.verdict.reasons) {
      // The limits of partitions have nothing to do with the op.
      const auto key = std::make_tuple(node.limited ? "" : ' ' + node.op, reason.sentence, reason.instead);
      auto it = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == key; });
      if (it == groups.end()) it = groups.insert(groups.end(), {key, {}});
      it->second.push_back(node.number);
    }
  }
  if (groups.empty()) return "";
  std::string text = Cat('\n', title, '\n');
  for (const auto& [key, numbers] : groups) {
    const auto& [op, sentence, instead] = key;
    text += Cat("  ", numbers.size() == 1 ? "node " : "nodes ", Ranges(numbers), op, ": ", sentence, ".\n");
    if (!instead.empty()) text += Cat("      to change: ", instead, '\n');
  }
  return text;
}

std::string PartitionsText(const Coverage& coverage) {
  std::string text = "\npartitions taken";
  if (coverage.left_partitions > 0) text += Cat(" (left: ", coverage.left_partitions, ")");
  text += "\n";
  for (size_t i = 0; i < coverage.partitions.size(); ++i) {
    std::vector<int> nodes = coverage.partitions[i].nodes;
    std::sort(nodes.begin(), nodes.end());
    text += Cat("  ", i + 1, ": ", nodes.size(), nodes.size() == 1 ? " node, " : " nodes, ",
                coverage.macs == 0 ? "" : Percent(coverage.partitions[i].macs, coverage.macs) + " % of the MACs: ",
                Ranges(nodes), '\n');
  }
  return coverage.partitions.empty() ? "" : text;
}

// Titles of columns and their texts, by model.
struct Column {
  std::string title;
  std::vector<std::string> cells;
  size_t width = 0;
};

std::vector<Column> Columns(const std::vector<ModelCoverage>& models) {
  std::vector<Column> columns;
  for (size_t t = 0; !models.empty() && t < models[0].coverage.size(); ++t) {
    Column column;
    column.title = models[0].coverage[t].target;
    column.width = column.title.size();
    for (const ModelCoverage& model : models) {
      column.cells.push_back(Cell(model.coverage[t]));
      column.width = std::max(column.width, column.cells.back().size());
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

int TerminalColumns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return size.ws_col;
  const char* text = std::getenv("COLUMNS");
  const int columns = text == nullptr ? 0 : std::atoi(text);
  return columns >= 40 && columns <= 10000 ? columns : 100;
}

std::string ReportText(const std::string& model, const Target& target, const Coverage& coverage) {
  std::string text = Cat(model, " on ", target.name, ": ", target.title, ", as of ", target.date, '\n');
  text += Cat(coverage.nodes_taken, " of ", coverage.node_count, " nodes are taken (",
              Percent(coverage.nodes_taken, coverage.node_count), " %), ", Percent(coverage.macs_taken, coverage.macs),
              " % of the multiply-adds, in ", coverage.partitions.size(),
              coverage.partitions.size() == 1 ? " partition" : " partitions");
  if (coverage.nodes_unknown > 0) text += Cat("; of ", coverage.nodes_unknown, " it is not known");
  text += "\n" + OpTable(coverage) + PartitionsText(coverage);
  text += ReasonsText(coverage, Truth::kNo, "not taken");
  text += ReasonsText(coverage, Truth::kUnknown, "not known");
  if (!coverage.notes.empty()) text += "\n";
  for (const std::string& note : coverage.notes) text += "note: " + note + "\n";
  return text;
}

std::string MatrixText(const std::vector<ModelCoverage>& models, int columns) {
  size_t names = 5;
  for (const ModelCoverage& model : models) names = std::max(names, std::min(model.model.size(), kLongestModel));
  const std::vector<Column> all = Columns(models);
  std::string text = kLegend;
  for (size_t from = 0; from < all.size();) {
    size_t to = from, width = names;
    while (to < all.size() && (to == from || width + 2 + all[to].width <= static_cast<size_t>(columns))) {
      width += 2 + all[to++].width;
    }
    std::string line = Pad("model", names);
    for (size_t c = from; c < to; ++c) line += "  " + Pad(all[c].title, all[c].width);
    text += "\n" + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    for (size_t m = 0; m < models.size(); ++m) {
      line = Pad(Shorten(models[m].model, names), names);
      for (size_t c = from; c < to; ++c) line += "  " + Pad(all[c].cells[m], all[c].width);
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    from = to;
  }
  return text;
}

std::string MatrixMarkdown(const std::vector<ModelCoverage>& models) {
  constexpr size_t kColumns = 7;
  const std::vector<Column> all = Columns(models);
  std::string text;
  for (size_t from = 0; from < all.size(); from += kColumns) {
    const size_t to = std::min(all.size(), from + kColumns);
    std::string head = "| model |", rule = "|---|";
    for (size_t c = from; c < to; ++c) {
      head += Cat(' ', all[c].title, " |");
      rule += "---|";
    }
    text += (text.empty() ? "" : "\n") + head + "\n" + rule + "\n";
    for (size_t m = 0; m < models.size(); ++m) {
      text += Cat("| ", models[m].model, " |");
      for (size_t c = from; c < to; ++c) text += Cat(' ', all[c].cells[m], " |");
      text += "\n";
    }
  }
  return text;
}

std::string TargetsText(const std::vector<Target>& targets) {
  size_t width = 0;
  for (const Target& target : targets) width = std::max(width, target.name.size());
  std::string text;
  for (const Target& target : targets) {
    text += Cat(Pad(target.name, width), "  ", target.title, ", as of ", target.date, '\n');
  }
  return text;
}

std::string TargetsMarkdown(const std::vector<Target>& targets) {
  std::string text = "| target | what it is | as of | sources | not found |\n|---|---|---|---|---|\n";
  for (size_t t = 0; t < targets.size(); ++t) {
    const Target& target = targets[t];
    text += Cat("| `", target.name, "` | ", target.title, " | ", target.date, " |");
    // Generations of one file have the same sources.
    const bool repeated = t > 0 && !target.level_name.empty() && targets[t - 1].level_name == target.level_name &&
                          targets[t - 1].sources.size() == target.sources.size() &&
                          targets[t - 1].sources[0].where == target.sources[0].where;
    if (repeated) {
      text += " as above | as above |\n";
      continue;
    }
    std::string sources, missing;
    for (const Source& source : target.sources) {
      sources += Cat(sources.empty() ? "" : "; ", source.title, " (", source.where, ", ", source.date, ")");
    }
    for (const std::string& sentence : target.not_found) missing += (missing.empty() ? "" : "; ") + sentence;
    text += Cat(' ', sources, " | ", missing.empty() ? "-" : missing, " |\n");
  }
  return text;
}

}  // namespace safelight
