// SPDX-License-Identifier: Apache-2.0
//
// safelight verify: does a delegate compute what it should, node by node and whole?
#include "safelight/verify.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/model_size.h"
#include "cli/picture_flags.h"
#include "cli/progress.h"
#include "cli/run_files.h"
#include "safelight/picture.h"

namespace safelight {
namespace {

struct Options {
  std::string model, delegate, size, report, exclusions, precision = "float32";
  std::vector<std::string> pictures;
  PictureFlags pixels;
  int threads = 1, repeats = 3, steps = 1;
  double bound = 0;
};

// 10 log10(255^2 / mse) of two pictures of one size.
double PsnrOf(const Image& a, const Image& b) {
  double squares = 0;
  const ConstImageView x = a.view(), y = b.view();
  for (int64_t row = 0; row < x.height; ++row) {
    const std::byte *p = x.data + row * x.stride_bytes, *q = y.data + row * y.stride_bytes;
    for (int64_t i = 0; i < x.width * x.channels; ++i) {
      const double off = std::to_integer<int>(p[i]) - std::to_integer<int>(q[i]);
      squares += off * off;
    }
  }
  const auto count = static_cast<double>(x.height * x.width * x.channels);
  return squares == 0 ? INFINITY : 10 * std::log10(255.0 * 255.0 * count / squares);
}

struct PictureVerdict {
  std::string file;
  double psnr = 0;
};

// What the delegate makes of real pictures against what the CPU does.
Result<std::vector<PictureVerdict>> ComparePictures(const Model& model, const Options& options) {
  std::vector<PictureVerdict> verdicts;
  if (options.pictures.empty()) return verdicts;
  SL_ASSIGN(const std::vector<std::string> files, ExpandInputs(options.pictures));
  PictureOptions plain;
  SL_TRY(options.pixels.Apply(&plain));
  plain.session.threads = options.threads;
  plain.session.arithmetic = Arithmetic::kExact;
  PictureOptions delegated = plain;
  delegated.session.arithmetic = Arithmetic::kByType;
  SL_ASSIGN(delegated.session.precision, ParsePrecision(options.precision));
  delegated.session.delegates.names = {options.delegate};
  delegated.session.delegates.require = true;
  SL_ASSIGN(PicturePipeline right, PicturePipeline::Create(model, plain));
  SL_ASSIGN(PicturePipeline other, PicturePipeline::Create(model, delegated));
  for (const std::string& file : files) {
    SL_ASSIGN(Image picture, ReadImage(file));
    SL_ASSIGN(const Image eight, ConvertType(picture.view(), PixelType::kU8));
    SL_ASSIGN(const Image a, right.Run(eight));
    SL_ASSIGN(const Image b, other.Run(eight));
    verdicts.push_back({file, PsnrOf(a, b)});
  }
  return verdicts;
}

void PrintNodes(const VerifyReport& report) {
  std::printf("%4s %-24s %-9s %11s %11s %9s  %s\n", "node", "op", "verdict", "largest", "of range", "PSNR dB", "why");
  for (const NodeVerdict& node : report.nodes) {
    const std::string number = node.file_nodes.empty() ? "-" : std::to_string(node.file_nodes[0]);
    const char* verdict = !node.taken ? "not taken" : node.wrong ? "WRONG" : "right";
    std::printf("%4s %-24s %-9s", number.c_str(), node.op.c_str(), verdict);
    if (node.taken) {
      std::printf(" %11.3g %11.3g %9.1f", node.error.largest, node.error.range, node.error.psnr);
    } else {
      std::printf(" %11s %11s %9s", "", "", "");
    }
    std::printf("  %s\n", node.why.c_str());
  }
}

void Print(const VerifyReport& report, const std::vector<PictureVerdict>& pictures) {
  std::printf("delegate %s, version %s; right values: %s\n\n", report.delegate.c_str(), report.version.c_str(),
              report.truth.c_str());
  PrintNodes(report);
  std::printf("\nthe whole network, %d %s on the delegate:\n", report.parts, report.parts == 1 ? "part" : "parts");
  for (size_t k = 0; k < report.outputs.size(); ++k) {
    const TensorError& error = report.outputs[k];
    std::printf(
        "output %zu: largest difference %.3g of a range of %.3g, %.1f dB, %lld not finite, %lld differ from run "
        "to run\n",
        k, error.largest, error.range, error.psnr, static_cast<long long>(error.not_finite),
        static_cast<long long>(error.unsteady));
  }
  for (const PictureVerdict& picture : pictures) {
    std::printf("%s: %.2f dB against the CPU's picture\n", picture.file.c_str(), picture.psnr);
  }
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
  if (report.first_wrong >= 0) {
    const NodeVerdict& node = report.nodes[static_cast<size_t>(report.first_wrong)];
    std::printf("the first node that parts: %s '%s': %s\n", node.op.c_str(), node.name.c_str(), node.why.c_str());
  }
  std::printf("verdict: %s\n", report.passes ? "passes" : "FAILS");
}

// JSON has no infinity.
nlohmann::json Number(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(); }

nlohmann::json ToJson(const TensorError& error) {
  return {{"largest", error.largest},   {"range", error.range},   {"psnr", Number(error.psnr)},
          {"elements", error.elements}, {"beyond", error.beyond}, {"not_finite", error.not_finite},
          {"unsteady", error.unsteady}};
}

Status WriteText(const std::string& path, const std::string& text) {
  return WriteFileAtomically(path, std::as_bytes(std::span<const char>(text)));
}

Status WriteReport(const std::string& path, const std::string& model, const VerifyReport& report,
                   const std::vector<PictureVerdict>& pictures) {
  nlohmann::json nodes = nlohmann::json::array(), outputs = nlohmann::json::array(), seen = nlohmann::json::array();
  for (const NodeVerdict& node : report.nodes) {
    nodes.push_back({{"file_nodes", node.file_nodes},
                     {"op", node.op},
                     {"name", node.name},
                     {"pattern", node.pattern},
                     {"taken", node.taken},
                     {"wrong", node.wrong},
                     {"why", node.why},
                     {"error", ToJson(node.error)}});
  }
  for (const TensorError& error : report.outputs) outputs.push_back(ToJson(error));
  for (const PictureVerdict& picture : pictures)
    seen.push_back({{"file", picture.file}, {"psnr", Number(picture.psnr)}});
  const nlohmann::json json = {
      {"model", model},        {"delegate", report.delegate}, {"version", report.version}, {"truth", report.truth},
      {"nodes", nodes},        {"outputs", outputs},          {"parts", report.parts},     {"pictures", seen},
      {"notes", report.notes}, {"passes", report.passes}};
  return WriteText(path, json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Status Run(const Options& options) {
  SL_ASSIGN(const Model model, OpenModel(options.model));
  VerifyOptions verify;
  verify.delegate = options.delegate;
  verify.threads = options.threads;
  verify.repeats = options.repeats;
  verify.steps = options.steps;
  verify.bound = options.bound;
  SL_ASSIGN(verify.precision, ParsePrecision(options.precision));
  SL_ASSIGN(verify.input_shapes, ShapesFor(model, options.size));
  Progress progress(1);
  verify.progress = [&](size_t done, size_t all) {
    progress.Show(0, static_cast<double>(done) / static_cast<double>(all));
  };
  const Result<VerifyReport> report = Verify(model, verify);
  progress.Clear();
  if (!report.ok()) return report.status();
  SL_ASSIGN(const std::vector<PictureVerdict> pictures, ComparePictures(model, options));
  Print(*report, pictures);
  if (!options.report.empty()) SL_TRY(WriteReport(options.report, model.path(), *report, pictures));
  if (!options.exclusions.empty()) SL_TRY(WriteText(options.exclusions, ExclusionList(*report)));
  if (report->passes) return {};
  return Unsupported("delegate ", report->delegate, " does not compute what it should");
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, "a .tflite file or a built-in model")->required();
  app.add_option("--delegate", options->delegate, "the delegate, with options: NAME,key:value")->required();
  app.add_option("--pictures", options->pictures, "also whole pictures, against the CPU's: files or folders");
  app.add_option("--size", options->size, "picture size, WIDTHxHEIGHT (default: the file's own)")
      ->check(Takes("WIDTHxHEIGHT", ParseSize));
  app.add_option("--threads", options->threads, "threads")->check(CLI::Range(1, 1024));
  app.add_option("--precision", options->precision, "what the delegate may compute in: float32 or float16")
      ->check(Takes("float32|float16", ParsePrecision));
  app.add_option("--bound", options->bound, "largest error of floats, as a share of the range (default: 1e-5)")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--steps", options->steps, "largest error of integers")->check(CLI::Range(0, 65535));
  app.add_option("--repeats", options->repeats, "runs whose bits are compared")->check(CLI::Range(1, 1000));
  app.add_option("--report", options->report, "a .json file to write");
  app.add_option("--exclusions", options->exclusions, "a file to write: the nodes that were wrong, for --exclude");
  options->pixels.AddTo(app);
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command verify_command;
const Command verify_command{"verify", "compare a delegate with the right values, node by node", Configure};

}  // namespace safelight
