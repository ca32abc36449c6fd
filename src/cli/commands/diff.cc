// SPDX-License-Identifier: Apache-2.0
//
// safelight diff: the values of two networks side by side, on pictures.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/check.h"
#include "cli/command.h"
#include "cli/picture_flags.h"
#include "cli/progress.h"
#include "cli/run_files.h"
#include "safelight/values.h"

namespace safelight {
namespace {

struct Options {
  std::string first, second;
  PictureFlags pixels;
  std::vector<std::string> pictures;
  double below = 40;
  int threads = 0;
};

void Print(const std::vector<ValueDifference>& differences, double below) {
  std::printf("%4s %-22s %-32s %10s %10s %9s %10s %10s\n", "node", "op", "value", "from", "to", "PSNR, dB", "largest",
              "differing");
  const ValueDifference* parts = nullptr;
  for (const ValueDifference& d : differences) {
    char psnr[16] = "same";
    if (d.differing > 0) std::snprintf(psnr, sizeof(psnr), "%.2f", d.Psnr());
    std::printf("%4d %-22s %-32.32s %10.4g %10.4g %9s %10.4g %9.3f%%\n", d.node, d.op.empty() ? "input" : d.op.c_str(),
                d.name.c_str(), d.low, d.high, psnr, d.largest,
                100.0 * static_cast<double>(d.differing) / static_cast<double>(d.elements));
    if (parts == nullptr && d.differing > 0 && d.Psnr() < below) parts = &d;
  }
  if (parts != nullptr) {
    std::printf("they part at node %d %s '%s', the first value below %g dB: %.2f dB\n", parts->node, parts->op.c_str(),
                parts->name.c_str(), below, parts->Psnr());
  } else {
    std::printf("no value is below %g dB\n", below);
  }
}

Status Run(const Options& options) {
  SL_ASSIGN(const Model first, OpenModel(options.first));
  SL_ASSIGN(const Model second, OpenModel(options.second));
  SL_ASSIGN(const std::vector<std::string> pictures, ExpandInputs(options.pictures));
  PictureOptions picture;
  picture.session.threads = options.threads;
  SL_TRY(options.pixels.Apply(&picture));
  Progress progress(pictures.size());
  Result<std::vector<ValueDifference>> differences = CompareValues(first, second, pictures, picture, [&](size_t done) {
    progress.Show(done, 0);
    return true;
  });
  progress.Clear();
  if (!differences.ok()) return differences.status();
  Print(*differences, options.below);
  if (std::any_of(differences->begin(), differences->end(), [](const ValueDifference& d) { return d.last_tile; })) {
    std::printf("pictures ran in tiles: of each the last tile was compared\n");
  }
  return {};
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("first", options->first, "a .tflite file or a built-in model")->required();
  app.add_option("second", options->second, "another, whose values have the same names")->required();
  app.add_option("pictures", options->pictures, "pictures, folders, quoted globs")->required();
  app.add_option("--below", options->below, "dB of PSNR below which values count as parted");
  app.add_option("--threads", options->threads, "threads (default: one per core)")->check(CLI::Range(1, 1024));
  options->pixels.AddTo(app);
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command diff_command;
const Command diff_command{"diff", "compare the values of two networks, layer by layer", Configure};

}  // namespace safelight
