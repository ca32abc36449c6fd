// SPDX-License-Identifier: Apache-2.0
//
// safelight run: pictures (or .npy tensors) through a network.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/process.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/delegate_flags.h"
#include "cli/picture_flags.h"
#include "cli/progress.h"
#include "cli/run_files.h"
#include "cli/run_float16.h"
#include "cli/run_tensors.h"
#include "safelight/npy.h"
#include "safelight/picture.h"

namespace safelight {
namespace {

struct Options {
  std::string model, output, memory_limit, tile;
  PictureFlags pixels;
  DelegateFlags delegates;
  std::vector<std::string> inputs, named_inputs, named_outputs, states;
  std::string arithmetic, precision = "float32";
  std::vector<std::string> calibrate;
  int threads = 0, quality = 92;
};

// 0 for "force".
Result<int64_t> ParseTile(const std::string& text) {
  char* end = nullptr;
  const long long tile = std::strtoll(text.c_str(), &end, 10);
  if (text == "force") return int64_t{0};
  if (!text.empty() && *end == '\0' && tile >= 1) return static_cast<int64_t>(tile);
  return InvalidArgument("'", text, "', must be a size in pixels or force");
}

Result<SessionOptions> MakeSessionOptions(const Model& model, const Options& options) {
  SessionOptions session;
  if (!options.memory_limit.empty()) {
    SL_ASSIGN(session.memory_limit_bytes, ParseBytes(options.memory_limit));
  }
  session.threads = options.threads;
  SL_ASSIGN(session.arithmetic, ParseArithmetic(options.arithmetic));
  SL_ASSIGN(session.precision, ParsePrecision(options.precision));
  SL_ASSIGN(session.states, ParseStates(model, options.states));
  SL_TRY(options.delegates.Apply(&session));
  return session;
}

Result<PictureOptions> MakePictureOptions(const Model& model, const Options& options) {
  PictureOptions picture;
  SL_TRY(options.pixels.Apply(&picture));
  if (!options.tile.empty()) {
    SL_ASSIGN(picture.tile, ParseTile(options.tile));
    picture.force_tiles = picture.tile == 0;
  }
  SL_ASSIGN(picture.session, MakeSessionOptions(model, options));
  return picture;
}

// Everything that is read and written besides the network, settled before the first run.
struct PictureRun {
  std::vector<Job> jobs;
  std::vector<NpyArray> arrays;                             // memory of extra inputs
  std::vector<Image> pictures;                              // likewise
  std::vector<std::pair<std::string, std::string>> others;  // output and file
};

// The inputs that --input names. Where no picture stands on the command line, the first of them is the photo; its
// file is returned.
Result<std::string> TakeNamedInputs(const Model& model, const std::map<std::string, std::string>& named,
                                    bool photo_wanted, PictureRun* run, PictureOptions* options) {
  std::string photo;
  run->arrays.reserve(named.size());
  run->pictures.reserve(named.size());
  std::map<int, std::string> by_port;
  for (const auto& [name, file] : named) {
    SL_ASSIGN(const int port, FindPort(model.inputs(), name, "input"));
    by_port[port] = file;
  }
  for (const auto& [port, file] : by_port) {
    const std::string& name = model.inputs()[port].name;
    if (IsNpy(file)) {
      SL_ASSIGN(NpyArray array, ReadNpy(file));
      run->arrays.push_back(std::move(array));
      options->extra_inputs.push_back({name, run->arrays.back().view()});
    } else if (photo_wanted && photo.empty()) {
      options->input = name;
      photo = file;
    } else {
      SL_ASSIGN(Image picture, ReadImage(file));
      run->pictures.push_back(std::move(picture));
      options->extra_pictures.push_back({name, &run->pictures.back()});
    }
  }
  return photo;
}

// The outputs that --output names. Without -o the first that is no .npy file is the result; its file is returned.
Result<std::string> TakeNamedOutputs(const Model& model, const Options& options, PictureRun* run,
                                     PictureOptions* picture) {
  std::string result = options.output;
  for (const auto& [name, file] : ParsePairs(options.named_outputs)) {
    SL_ASSIGN(const int port, FindPort(model.outputs(), name, "output"));
    if (result.empty() && !IsNpy(file)) {
      picture->output = model.outputs()[port].name;
      result = file;
    } else {
      run->others.emplace_back(model.outputs()[port].name, file);
    }
  }
  if (!result.empty()) return result;
  return InvalidArgument("no picture to write is named: -o FILE.png; for tensors give .npy files");
}

Status CheckFiles(const Model& model, const Options& options, const PictureRun& run) {
  std::vector<std::string> read = {model.path()}, written;
  for (const auto& [name, file] : ParsePairs(options.named_inputs)) read.push_back(file);
  for (const Job& job : run.jobs) {
    read.push_back(job.input);
    written.push_back(job.output);
  }
  if (!run.others.empty() && run.jobs.size() > 1) {
    return InvalidArgument("--output names one file, and there are ", run.jobs.size(), " pictures");
  }
  for (const auto& [name, file] : run.others) written.push_back(file);
  SL_TRY(CheckOutputs(written, read));
  for (const std::string& file : written) {
    if (!IsNpy(file) || file == run.jobs[0].output) SL_TRY(CheckImageName(file));
  }
  return {};
}

void PrintReport(const Job& job, const Image& picture, const Image& result, const PictureReport& report) {
  std::printf(
      "%s: %lldx%lld -> %s: %lldx%lld, compile %.1f ms, run %.1f ms (%.1f fps), engine %s, tensors %s, peak of the "
      "process %s\n",
      job.input.c_str(), static_cast<long long>(picture.width()), static_cast<long long>(picture.height()),
      job.output.c_str(), static_cast<long long>(result.width()), static_cast<long long>(result.height()),
      1000 * report.compile_seconds, 1000 * report.run_seconds, 1 / report.run_seconds,
      FormatBytes(report.session_bytes).c_str(), FormatBytes(report.buffer_bytes).c_str(),
      FormatBytes(PeakMemoryBytes()).c_str());
  std::fflush(stdout);
}

Status RunPicture(PicturePipeline& pipeline, const PictureRun& run, size_t number, int quality, Progress& progress) {
  const Job& job = run.jobs[number];
  SL_ASSIGN(const Image picture, ReadImage(job.input));
  Result<Image> result = pipeline.Run(picture, [&](double share) {
    progress.Show(number, share);
    return true;
  });
  progress.Clear();
  if (!result.ok()) return result.status().With(job.input);
  if (number == 0) {
    for (const std::string& note : pipeline.notes()) std::printf("%s\n", note.c_str());
  }
  WriteOptions write;
  write.jpeg_quality = quality;
  write.metadata = &result->metadata;
  SL_TRY(WriteImage(job.output, *result, write));
  PrintReport(job, picture, *result, pipeline.report());
  for (const auto& [name, file] : run.others) {
    if (!IsNpy(file)) {
      SL_ASSIGN(const Image other, pipeline.OtherPicture(name, picture.type()));
      SL_TRY(WriteImage(file, other));
      continue;
    }
    const auto outputs = pipeline.other_outputs();
    const auto found =
        std::find_if(outputs.begin(), outputs.end(), [&](const auto& output) { return output.first.name == name; });
    if (found == outputs.end()) return NotFound("output '", name, "': the picture's own, or there is none in tiles");
    SL_TRY(WriteNpy(file, found->second));
  }
  return {};
}

Status RunPictures(const Model& model, const Options& options, const std::map<std::string, std::string>& inputs) {
  SL_ASSIGN(PictureOptions picture, MakePictureOptions(model, options));
  PictureRun run;
  SL_ASSIGN(const std::string photo, TakeNamedInputs(model, inputs, options.inputs.empty(), &run, &picture));
  SL_ASSIGN(const std::string output, TakeNamedOutputs(model, options, &run, &picture));
  SL_ASSIGN(const std::vector<std::string> files,
            ExpandInputs(photo.empty() ? options.inputs : std::vector<std::string>{photo}));
  SL_ASSIGN(run.jobs, PlanJobs(files, output, ".png"));
  SL_TRY(CheckFiles(model, options, run));
  SL_TRY(CalibrateFloat16(model, options.calibrate, &picture));
  SL_ASSIGN(PicturePipeline pipeline, PicturePipeline::Create(model, picture));
  Progress progress(run.jobs.size());
  for (size_t i = 0; i < run.jobs.size(); ++i) {
    progress.Show(i, 0);
    SL_TRY(RunPicture(pipeline, run, i, options.quality, progress));
  }
  PrintFailures(pipeline.session()->placement());
  return {};
}

Status Run(const Options& options) {
  SL_ASSIGN(const Model model, OpenModel(options.model));
  const auto inputs = ParsePairs(options.named_inputs), outputs = ParsePairs(options.named_outputs);
  const bool tensors = options.inputs.empty() ? std::all_of(inputs.begin(), inputs.end(),
                                                            [](const auto& pair) { return IsNpy(pair.second); })
                                              : IsNpy(options.inputs[0]);
  if (!tensors) return RunPictures(model, options, inputs);
  if (!options.calibrate.empty()) return InvalidArgument("--calibrate takes pictures, and the network runs on tensors");
  if (options.inputs.size() > 1) return InvalidArgument("one .npy file at a time; name others with --input");
  SL_ASSIGN(SessionOptions session, MakeSessionOptions(model, options));
  TensorFiles files{options.inputs.empty() ? "" : options.inputs[0], "", inputs, outputs};
  if (!options.output.empty()) {
    SL_ASSIGN(const std::vector<Job> jobs,
              PlanJobs({files.first.empty() ? "out" : files.first}, options.output, ".npy"));
    files.output = jobs[0].output;
  }
  return RunTensors(model, files, std::move(session));
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  const CLI::Validator pair([](std::string& text) { return PairError(text); }, "NAME=FILE");
  app.add_option("model", options->model, "a .tflite file or a built-in model")->required();
  app.add_option("in", options->inputs, "pictures, folders, quoted globs; or one .npy file");
  app.add_option("-o", options->output, "picture or folder to write (.npy for a .npy input)");
  app.add_option("--threads", options->threads, "threads (default: one per core)")->check(CLI::Range(1, 1024));
  app.add_option("--arithmetic", options->arithmetic,
                 "exact: every product as the file has it; fast: Winograd, float weights (default: fast for floats)")
      ->check(Takes("fast|exact", ParseArithmetic));
  app.add_option("--precision", options->precision,
                 "how values between nodes are stored: float32, or float16 (half the memory)")
      ->check(Takes("float32|float16", ParsePrecision));
  app.add_option("--calibrate", options->calibrate, "pictures or folders that show which values float16 cannot hold")
      ->allow_extra_args(false);
  app.add_option("--tile", options->tile, "columns at a time, in pixels; 'force' cuts networks that are not local")
      ->check(Takes("PIXELS|force", ParseTile));
  app.add_option("--memory-limit", options->memory_limit, "of the engine's own buffers, such as 64MB")
      ->check(Takes("BYTES", ParseBytes));
  options->pixels.AddTo(app);
  options->delegates.AddTo(app);
  app.add_option("--input", options->named_inputs, "an input of the network: a picture, or .npy as it is")
      ->allow_extra_args(false)
      ->check(pair);
  app.add_option("--output", options->named_outputs, "an output of the network: a picture, or .npy as it is")
      ->allow_extra_args(false)
      ->check(pair);
  app.add_option("--state", options->states, "OUT=IN: output of one run is input of the next")
      ->allow_extra_args(false)
      ->check(pair);
  app.add_option("--quality", options->quality, "of JPEG files")->check(CLI::Range(1, 100));
  app.parse_complete_callback([options] {
    if (options->output.empty() && options->named_outputs.empty()) throw CLI::RequiredError("-o");
  });
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command run_command;
const Command run_command{"run", "run pictures through a network", Configure};

}  // namespace safelight
