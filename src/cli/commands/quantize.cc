// SPDX-License-Identifier: Apache-2.0
//
// safelight quantize: a float network as a .tflite file of integers, or of smaller weights.
#include "safelight/quantize.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/mixed_flags.h"
#include "cli/picture_flags.h"
#include "cli/progress.h"
#include "cli/run_files.h"
#include "cli/run_tensors.h"

namespace safelight {
namespace {

constexpr const char* kTypes =
    "int8: int8 values, inputs and outputs too; ops that TFLite runs on floats only stay float, each is named. "
    "int8-float-io: the same with float32 inputs and outputs. int8-only: an error where an op would stay float. "
    "16x8: int16 values with int8 weights, int16 inputs and outputs. dynamic: int8 weights, float32 values. "
    "float16: float16 weights, float32 values. mixed: of each layer the cheapest of int8, 16x8, float16 and float32 "
    "that "
    "keeps the pictures' PSNR; float32 inputs and outputs";

struct Options {
  std::string model, output, type = "int8", observer, rounding = "nearest", bias = "int64";
  PictureFlags pixels;
  MixedFlags mixed;
  std::vector<std::string> pictures, states;
  double percentile = 99.999;
  bool equalize = false, correct_bias = false;
  int threads = 0;
};

Result<QuantizeOptions> MakeOptions(const Model& model, const Options& options) {
  QuantizeOptions quantize;
  SL_ASSIGN(quantize.type, ParseQuantizeType(options.type));
  if (!options.observer.empty()) {
    SL_ASSIGN(quantize.observer, ParseRangeObserver(options.observer));
  }
  quantize.percentile = options.percentile;
  SL_ASSIGN(quantize.rounding, ParseWeightRounding(options.rounding));
  quantize.equalize = options.equalize;
  quantize.correct_bias = options.correct_bias;
  quantize.narrow_bias = options.bias == "int32";
  quantize.picture.session.threads = options.threads;
  SL_ASSIGN(quantize.picture.session.states, ParseStates(model, options.states));
  SL_TRY(options.pixels.Apply(&quantize.picture));
  SL_TRY(options.mixed.Apply(quantize.type == QuantizeType::kMixed, &quantize.mixed));
  return quantize;
}

// The recipe file of a model, as `run` looks for it.
std::string RecipeFile(const std::string& model) {
  std::string file = model;
  const size_t dot = file.rfind('.');
  if (dot != file.npos && file.find('/', dot) == file.npos) file.resize(dot);
  return file + ".recipe.toml";
}

Status Run(const Options& options) {
  SL_ASSIGN(const Model model, OpenModel(options.model));
  SL_ASSIGN(const QuantizeOptions quantize, MakeOptions(model, options));
  SL_ASSIGN(const std::vector<std::string> pictures, ExpandInputs(options.pictures));
  std::vector<std::string> read = pictures, written = {options.output};
  read.push_back(model.path());
  if (!options.mixed.report().empty()) written.push_back(options.mixed.report());
  SL_TRY(CheckOutputs(written, read));
  Progress progress(pictures.size());
  Result<QuantizedModel> result = QuantizeModel(model, pictures, quantize, [&](size_t done, size_t of) {
    progress.Expect(of);
    progress.Show(done, 0);
    return true;
  });
  progress.Clear();
  if (!result.ok()) return result.status();
  for (const std::string& note : result->notes) std::printf("%s\n", note.c_str());
  if (result->mixed.has_value()) PrintMixed(*result->mixed);
  if (!result->recipe.empty()) {
    const std::string& recipe = result->recipe;
    SL_TRY(WriteFileAtomically(RecipeFile(options.output), std::as_bytes(std::span<const char>(recipe))));
  }
  SL_TRY(WriteFileAtomically(options.output, result->bytes));
  if (!options.mixed.report().empty()) SL_TRY(WriteMixedReport(options.mixed.report(), *result->mixed));
  const auto bytes = static_cast<int64_t>(result->bytes.size());
  if (result->integer_nodes + result->float_nodes == 0) {
    std::printf("%s: %s, %s\n", options.output.c_str(), options.type.c_str(), FormatBytes(bytes).c_str());
  } else {
    std::printf("%s: %s, %d of %d ops on integers, %zu pictures seen, %s\n", options.output.c_str(),
                options.type.c_str(), result->integer_nodes, result->integer_nodes + result->float_nodes,
                pictures.size(), FormatBytes(bytes).c_str());
  }
  return {};
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, "a float .tflite file or a built-in model")->required();
  app.add_option("-o", options->output, "the .tflite file to write; how pixels become values goes into a recipe file")
      ->required();
  app.add_option("--type", options->type, kTypes)
      ->check(Takes("int8|int8-float-io|int8-only|16x8|dynamic|float16|mixed", ParseQuantizeType));
  app.add_option("--calibrate", options->pictures, "pictures, folders, quoted globs on which ranges are seen");
  app.add_option(
         "--observer", options->observer,
         "a value's range: all that was seen (minmax), the moving average of each picture's, all but a share of "
         "the values (percentile), the least squared error (mse), the nearest distribution (kl); default: percentile "
         "for "
         "int8, minmax for 16x8")
      ->check(Takes("minmax|moving-average|percentile|mse|kl", ParseRangeObserver));
  app.add_option("--percentile", options->percentile, "of the values that stay inside")->check(CLI::Range(50.0, 100.0));
  app.add_flag("--equalize", options->equalize, "make the weights of neighbouring layers alike first");
  app.add_flag("--bias-correction", options->correct_bias, "let biases make up for the mean error of rounded weights");
  app.add_option("--rounding", options->rounding,
                 "of weights: to the nearest, or adaptive: up or down so that results on the pictures are off least")
      ->check(Takes("nearest|adaptive", ParseWeightRounding));
  app.add_option("--bias", options->bias, "of 16x8: int64, or int32 (which other runtimes run faster)")
      ->check(CLI::IsMember({"int32", "int64"}));
  app.add_option("--threads", options->threads, "threads (default: one per core)")->check(CLI::Range(1, 1024));
  options->pixels.AddTo(app);
  options->mixed.AddTo(app);
  const CLI::Validator pair([](std::string& text) { return PairError(text); }, "OUT=IN");
  app.add_option("--state", options->states, "OUT=IN: output of one picture is input of the next; both get one scale")
      ->allow_extra_args(false)
      ->check(pair);
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command quantize_command;
const Command quantize_command{"quantize", "make a network smaller and of integers", Configure};

}  // namespace safelight
