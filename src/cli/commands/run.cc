// SPDX-License-Identifier: Apache-2.0
//
// safelight run: pictures (or .npy tensors) through a network.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/process.h"
#include "cli/command.h"
#include "cli/run_tensors.h"
#include "safelight/picture.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model, output, channels, memory_limit, tile;
  std::vector<std::string> inputs, named_inputs, named_outputs, states;
  std::vector<double> range, output_range;
  int threads = 0, quality = 92;
};

Result<ValueRange> ParseRange(const std::vector<double>& numbers, const char* option) {
  if (numbers.size() != 2) return InvalidArgument(option, " must be two numbers, the values of black and white");
  return ValueRange{numbers[0], numbers[1]};
}

Result<PictureOptions> MakePictureOptions(const Model& model, const Options& options) {
  PictureOptions picture;
  if (!options.range.empty()) {
    SL_ASSIGN(picture.input_range, ParseRange(options.range, "--range"));
  }
  if (!options.output_range.empty()) {
    SL_ASSIGN(picture.output_range, ParseRange(options.output_range, "--output-range"));
  }
  if (!options.channels.empty()) {
    SL_ASSIGN(picture.channels, ParseChannelOrder(options.channels));
  }
  if (options.tile == "force") {
    picture.force_tiles = true;
  } else if (!options.tile.empty()) {
    char* end = nullptr;
    picture.tile = std::strtoll(options.tile.c_str(), &end, 10);
    if (*end != '\0' || picture.tile < 1)
      return InvalidArgument("--tile '", options.tile, "', must be a size in pixels or force");
  }
  if (!options.memory_limit.empty()) {
    SL_ASSIGN(picture.session.memory_limit_bytes, ParseBytes(options.memory_limit));
  }
  picture.session.threads = options.threads;
  SL_ASSIGN(picture.session.states, ParseStates(model, options.states));
  return picture;
}

// Where the result of `input` goes: the output itself, or a file of the same name in it when it is a folder.
Result<std::string> OutputFor(const std::string& input, const std::string& output, bool many) {
  std::error_code error;
  const bool folder = fs::is_directory(output, error) || output.ends_with("/");
  if (many && !folder) return InvalidArgument(output, ": must be a folder for more than one input");
  fs::path path = output;
  if (folder) {
    if (!fs::is_directory(path, error)) return NotFound(output, ": no such folder");
    path /= fs::path(input).stem().string() + ".png";
  }
  if (fs::exists(path, error) && fs::equivalent(path, input, error)) {
    return InvalidArgument(path.string(), ": the output is the input itself");
  }
  return path.string();
}

// A bar on the terminal, only when there is more than one picture.
class Progress {
 public:
  explicit Progress(size_t count) : count_(count), shown_(count > 1 && isatty(STDERR_FILENO) != 0) {}
  void Show(size_t done, double share) {
    if (!shown_) return;
    const double all = (static_cast<double>(done) + share) / static_cast<double>(count_);
    const int bars = static_cast<int>(all * 40);
    if (bars == last_) return;
    last_ = bars;
    std::fprintf(stderr, "\r[%.*s%*s] %zu of %zu", bars, "########################################", 40 - bars, "",
                 done, count_);
    if (all >= 1) std::fprintf(stderr, "\n");
  }

 private:
  const size_t count_;
  const bool shown_;
  int last_ = -1;
};

Status RunPicture(PicturePipeline& pipeline, const std::string& input, const std::string& output, int quality,
                  bool first, const std::function<bool(double)>& progress) {
  SL_ASSIGN(const Image picture, ReadImage(input));
  Result<Image> result = pipeline.Run(picture, progress);
  if (!result.ok()) return result.status().With(input);
  if (first) {
    for (const std::string& note : pipeline.notes()) std::printf("%s\n", note.c_str());
  }
  WriteOptions write;
  write.jpeg_quality = quality;
  write.metadata = &result->metadata;
  SL_TRY(WriteImage(output, *result, write));
  const PictureReport& report = pipeline.report();
  std::printf(
      "%s: %lldx%lld -> %s: %lldx%lld, compile %.1f ms, run %.1f ms (%.1f fps), engine %s, tensors %s, peak of the "
      "process %s\n",
      input.c_str(), static_cast<long long>(picture.width()), static_cast<long long>(picture.height()), output.c_str(),
      static_cast<long long>(result->width()), static_cast<long long>(result->height()), 1000 * report.compile_seconds,
      1000 * report.run_seconds, 1 / report.run_seconds, FormatBytes(report.session_bytes).c_str(),
      FormatBytes(report.buffer_bytes).c_str(), FormatBytes(PeakMemoryBytes()).c_str());
  return {};
}

// Extra inputs are tensors as they are; their memory lives in `arrays`.
Status AddExtraInputs(const std::map<std::string, std::string>& pairs, std::vector<NpyArray>* arrays,
                      PictureOptions* options) {
  arrays->reserve(pairs.size());
  for (const auto& [name, file] : pairs) {
    SL_ASSIGN(NpyArray array, ReadNpy(file));
    arrays->push_back(std::move(array));
    options->extra_inputs.push_back({name, arrays->back().view()});
  }
  return {};
}

Status WriteOtherOutputs(const PicturePipeline& pipeline, const std::map<std::string, std::string>& outputs) {
  for (const auto& [name, file] : outputs) {
    bool found = false;
    for (const auto& [port, tensor] : pipeline.other_outputs()) {
      if (port.name != name) continue;
      SL_TRY(WriteNpy(file, tensor));
      found = true;
    }
    if (!found) return NotFound("no other output of the network is called '", name, "'");
  }
  return {};
}

Status Run(const Options& options) {
  SL_ASSIGN(const Model model, OpenModel(options.model));
  SL_ASSIGN(PictureOptions picture, MakePictureOptions(model, options));
  SL_ASSIGN(const auto named_inputs, ParsePairs(options.named_inputs, "--input"));
  SL_ASSIGN(const auto named_outputs, ParsePairs(options.named_outputs, "--output"));
  const bool tensors = options.inputs.empty() || options.inputs[0].ends_with(".npy");
  if (tensors) {
    if (options.inputs.size() > 1) return InvalidArgument("one .npy file at a time; name others with --input");
    const std::string first = options.inputs.empty() ? "" : options.inputs[0];
    return RunTensors(model, first, options.output, named_inputs, named_outputs, picture.session);
  }
  if (options.output.empty()) return InvalidArgument("-o is needed: the picture or folder to write");
  SL_ASSIGN(const std::vector<std::string> files, ExpandInputs(options.inputs));
  std::vector<std::string> outputs;
  for (const std::string& file : files) {
    SL_ASSIGN(std::string output, OutputFor(file, options.output, files.size() > 1));
    outputs.push_back(std::move(output));
  }
  std::vector<NpyArray> arrays;
  SL_TRY(AddExtraInputs(named_inputs, &arrays, &picture));
  SL_ASSIGN(PicturePipeline pipeline, PicturePipeline::Create(model, picture));
  Progress progress(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    SL_TRY(RunPicture(pipeline, files[i], outputs[i], options.quality, i == 0, [&](double share) {
      progress.Show(i, share);
      return true;
    }));
    progress.Show(i + 1, 0);
  }
  return WriteOtherOutputs(pipeline, named_outputs);
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, "a .tflite file or a built-in model")->required();
  app.add_option("in", options->inputs, "pictures, folders, quoted globs; or one .npy file");
  app.add_option("-o", options->output, "picture or folder to write (.npy for a .npy input)");
  app.add_option("--threads", options->threads, "threads (default: one per core)")->check(CLI::Range(1, 1024));
  app.add_option("--tile", options->tile, "columns at a time, in pixels; 'force' cuts networks that are not local");
  app.add_option("--memory-limit", options->memory_limit, "of the engine's own buffers, such as 64MB");
  app.add_option("--range", options->range, "the network's values of black and white: 0,1")->delimiter(',');
  app.add_option("--output-range", options->output_range, "the same for the output")->delimiter(',');
  app.add_option("--channels", options->channels, "y, gray, rgb, bgr or rgba");
  app.add_option("--input", options->named_inputs, "name=file.npy: another input");
  app.add_option("--output", options->named_outputs, "name=file.npy: another output");
  app.add_option("--state", options->states, "out=in: output of one run is input of the next");
  app.add_option("--quality", options->quality, "of JPEG files")->check(CLI::Range(1, 100));
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command run_command;
const Command run_command{"run", "run pictures through a network", Configure};

}  // namespace safelight
