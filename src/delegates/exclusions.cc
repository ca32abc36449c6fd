// SPDX-License-Identifier: Apache-2.0
#include "delegates/exclusions.h"

#include <algorithm>
#include <sstream>

#include "base/file.h"

namespace safelight {
namespace {

constexpr const char* kFirstLine = "safelight exclusions 1";
constexpr int kMostSlots = 12;

std::string Describe(const Value& value) {
  std::string text = DTypeName(value.dtype);
  if (value.is_constant()) return text + " " + value.shape.ToString();
  const int rank = value.shape.rank();
  text += Cat(" rank ", rank);
  if (rank > 0) text += Cat(" channels ", value.shape[rank - 1]);
  return text;
}

std::string Trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r"), end = text.find_last_not_of(" \t\r");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

}  // namespace

std::string NodePattern(const Graph& graph, const Node& node) {
  std::string text = node.op->name;
  for (ValueId input : node.inputs) text += input == kNone ? "; none" : "; " + Describe(graph.values[input]);
  for (ValueId output : node.outputs) text += " -> " + Describe(graph.values[output]);
  if (node.file_options == nullptr) return text;
  text += "; options";
  for (int slot = 0; slot < kMostSlots; ++slot) {
    const int64_t whole = node.file_options->Int(slot, 0);
    const float real = node.file_options->Float(slot, 0);
    if (whole != 0) text += Cat(' ', slot, '=', whole);
    if (real != 0) text += Cat(' ', slot, '=', real);
  }
  return text;
}

Result<Exclusions> Exclusions::Read(const std::string& path) {
  SL_ASSIGN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  const auto bytes = file->bytes();
  Result<Exclusions> list = Parse(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (!list.ok()) return list.status().With(path);
  return list;
}

Result<Exclusions> Exclusions::Parse(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line) || Trim(line) != kFirstLine) {
    return CorruptData("not an exclusion list: its first line is not '", kFirstLine, "'");
  }
  Exclusions list;
  std::string delegate, version;
  for (int number = 2; std::getline(lines, line); ++number) {
    const size_t hash = line.find(" # ");
    const std::string content = Trim(line.substr(0, hash));
    if (content.empty() || content[0] == '#') continue;
    if (content.rfind("delegate ", 0) == 0) {
      const std::string rest = Trim(content.substr(9));
      const size_t space = rest.find(' ');
      delegate = rest.substr(0, space);
      version = space == std::string::npos ? "" : Trim(rest.substr(space));
      continue;
    }
    if (delegate.empty()) return CorruptData("line ", number, " stands before any line 'delegate NAME VERSION'");
    list.entries_.push_back({delegate, version, content, hash == std::string::npos ? "" : Trim(line.substr(hash + 3))});
  }
  return list;
}

std::optional<std::string> Exclusions::Find(const DelegateInfo& delegate, const Graph& graph, const Node& node) const {
  if (entries_.empty()) return std::nullopt;
  const std::string pattern = NodePattern(graph, node);
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) {
    return one.delegate == delegate.name && (one.version.empty() || one.version == delegate.version) &&
           one.pattern == pattern;
  });
  if (entry == entries_.end()) return std::nullopt;
  return Cat("excluded by list", entry->why.empty() ? "" : ": ", entry->why);
}

std::string WriteExclusions(const std::vector<Exclusions::Entry>& entries) {
  std::string text = Cat(kFirstLine, '\n'), header;
  for (const Exclusions::Entry& entry : entries) {
    const std::string wanted = Cat("delegate ", entry.delegate, ' ', entry.version, '\n');
    if (wanted != header) text += wanted;
    header = wanted;
    text += Cat(entry.pattern, entry.why.empty() ? "" : " # ", entry.why, '\n');
  }
  return text;
}

}  // namespace safelight
