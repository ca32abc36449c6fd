// SPDX-License-Identifier: Apache-2.0
#include "cli/mixed_flags.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/status.h"
#include "cli/check.h"

namespace safelight {
namespace {

// "0.1dB", "0.1 dB", "0.1".
Result<double> ParseDecibels(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::string unit(end);
  unit.erase(0, unit.find_first_not_of(' ') == unit.npos ? unit.size() : unit.find_first_not_of(' '));
  if (end == text.c_str() || (!unit.empty() && unit != "dB")) {
    return InvalidArgument("'", text, "', must be a number of dB: 0.1dB");
  }
  if (!(number > 0) || number > 100) return InvalidArgument("'", text, "', must be above 0 dB and at most 100 dB");
  return number;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + '"';
}

std::string Csv(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string AsJson(const MixedReport& report) {
  std::string text =
      Cat("{\n  \"reference\": ", Quoted(report.reference), ",\n  \"costs\": ", Quoted(report.costs),
          ",\n  \"float_psnr_db\": ", report.float_psnr, ",\n  \"drop_db\": ", report.drop,
          ",\n  \"mean_drop_db\": ", report.mean_drop, ",\n  \"cost\": ", report.cost, ",\n  \"layers\": [");
  const char* comma = "\n";
  for (const MixedLayer& layer : report.layers) {
    text += Cat(comma, "    {\"name\": ", Quoted(layer.name), ", \"op\": ", Quoted(layer.op), ", \"type\": \"",
                LayerTypeName(layer.type), "\", \"drop_db\": ", layer.drop, ", \"share\": ", layer.share,
                ", \"cost\": ", layer.cost, "}");
    comma = ",\n";
  }
  text += "\n  ],\n  \"curve\": [";
  comma = "\n";
  for (const MixedPoint& point : report.curve) {
    text += Cat(comma, "    {\"cost\": ", point.cost, ", \"predicted_drop_db\": ", point.predicted_drop,
                ", \"measured_drop_db\": ");
    text += point.measured_drop.has_value() ? Cat(*point.measured_drop, "}") : "null}";
    comma = ",\n";
  }
  return text + "\n  ]\n}\n";
}

// Two tables, one below the other; the first column says which.
std::string AsCsv(const MixedReport& report) {
  std::string text = "row,name,op,type,drop_db,share,cost,measured_drop_db\n";
  for (const MixedLayer& layer : report.layers) {
    text += Cat("layer,", Csv(layer.name), ',', layer.op, ',', LayerTypeName(layer.type), ',', layer.drop, ',',
                layer.share, ',', layer.cost, ",\n");
  }
  for (const MixedPoint& point : report.curve) {
    text += Cat("curve,,,,", point.predicted_drop, ",,", point.cost, ',');
    text += point.measured_drop.has_value() ? Cat(*point.measured_drop, '\n') : "\n";
  }
  text += Cat("all,,,,", report.drop, ",,", report.cost, ',', report.drop, '\n');
  return text;
}

}  // namespace

void MixedFlags::AddTo(CLI::App& app) {
  given_ = {
      app.add_option("--target-drop", target_drop_, "of mixed: dB of PSNR that may be lost (default 0.1dB)")
          ->check(Takes("DB", ParseDecibels)),
      app.add_option("--drop-over", over_, "of mixed: the loss is that of the worst picture (default) or the mean")
          ->check(Takes("worst|mean", ParseDropOver)),
      app.add_option("--types", types_, "of mixed: int8,16x8,float16,float32 that may be chosen (default: all)")
          ->delimiter(',')
          ->check(Takes("TYPES", ParseLayerType)),
      app.add_option("--truth", truth_, "of mixed: folder with what should come out of each picture, by name"),
      app.add_option("--float-psnr", float_psnr_, "of mixed without truth: dB that the float network reaches")
          ->check(CLI::Range(1.0, 100.0)),
      app.add_option("--cost", cost_,
                     "of mixed: 'measured' on this machine, or a file of lines LAYER TYPE COST (default: multiply-adds "
                     "x bits of values x bits of weights)"),
      app.add_option("--search-pictures", pictures_, "of mixed: how many pictures are looked at")
          ->check(CLI::Range(1, 1000)),
      app.add_option("--search-size", size_, "of mixed: pixels of each, its middle")->check(CLI::Range(16, 100000)),
      app.add_option("--report", report_, "of mixed: a .json or .csv file for the tables"),
  };
}

Status MixedFlags::Apply(bool is_mixed, MixedOptions* mixed) const {
  for (const CLI::Option* option : given_) {
    if (!is_mixed && !option->empty()) return InvalidArgument(option->get_name(), " is an option of --type mixed");
  }
  if (!target_drop_.empty()) {
    SL_ASSIGN(mixed->target_drop, ParseDecibels(target_drop_));
  }
  if (!over_.empty()) {
    SL_ASSIGN(mixed->over, ParseDropOver(over_));
  }
  for (const std::string& name : types_) {
    SL_ASSIGN(const LayerType type, ParseLayerType(name));
    mixed->types.push_back(type);
  }
  mixed->truth = truth_;
  mixed->float_psnr = float_psnr_;
  mixed->cost = cost_;
  mixed->pictures = pictures_;
  mixed->size = size_;
  return report_.empty() ? Status() : CheckReportName(report_);
}

void PrintMixed(const MixedReport& report) {
  std::printf("compared with %s\ncosts: %s\n", report.reference.c_str(), report.costs.c_str());
  std::printf("%-40s %-20s %-8s %12s %10s %8s\n", "layer", "op", "type", "alone, dB", "of loss", "of cost");
  for (const MixedLayer& layer : report.layers) {
    const double share = report.cost > 0 ? layer.cost / report.cost : 0;
    std::printf("%-40.40s %-20s %-8s %12.4f %9.1f%% %7.1f%%\n", layer.name.c_str(), layer.op.c_str(),
                LayerTypeName(layer.type), layer.drop, 100 * layer.share, 100 * share);
  }
  std::printf("%10s %14s %14s\n", "cost", "predicted, dB", "measured, dB");
  for (const MixedPoint& point : report.curve) {
    if (!point.measured_drop.has_value()) continue;
    std::printf("%9.1f%% %14.4f %14.4f%s\n", 100 * point.cost, point.predicted_drop, *point.measured_drop,
                point.chosen ? "  chosen" : "");
  }
  std::printf("loses %.4f dB, in the mean %.4f dB of %.3f dB, for %.1f%% of the cost\n", report.drop, report.mean_drop,
              report.float_psnr, 100 * report.cost);
}

Status CheckReportName(const std::string& path) {
  if (path.ends_with(".json") || path.ends_with(".csv")) return {};
  return InvalidArgument("--report ", path, ": must be a .json or .csv file");
}

Status WriteMixedReport(const std::string& path, const MixedReport& report) {
  const std::string text = path.ends_with(".csv") ? AsCsv(report) : AsJson(report);
  return WriteFileAtomically(path, std::as_bytes(std::span<const char>(text)));
}

}  // namespace safelight
