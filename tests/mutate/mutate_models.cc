// SPDX-License-Identifier: Apache-2.0
//
// mutate_models: damages real models and looks what the library makes of them.
//
//   mutate_models --count N --seed S FILES_OR_FOLDERS...
//   mutate_models --seed S --only I [--save OUT.tflite] FILES_OR_FOLDERS...
//
// Every case must end in a graph or a sentence: read, plan, and run where that is under 10 million multiply-adds,
// for at most a second. A crash or a hang names its case, which --only repeats; memory taken while reading is
// held against a bound that follows from the size of the file (where the heap meter counts it).
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "../support/heap_meter.h"
#include "base/file.h"
#include "mutations.h"
#include "safelight/model.h"
#include "safelight/session.h"
#include "tensor/tensor.h"

extern "C" {
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());
// The undefined-behaviour sanitizer has a run time of its own, which the callback above does not reach.
const char* __ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }
}

namespace safelight {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadFloorBytes = size_t{16} << 20;
constexpr size_t kReadFactor = 8;
constexpr int64_t kSessionLimitBytes = int64_t{64} << 20;
constexpr int64_t kMostMacs = 10'000'000;
constexpr int64_t kMostPortBytes = int64_t{32} << 20;
constexpr double kMostSeconds = 1.0;
constexpr unsigned kHangSeconds = 120;

char current_case[512] = "";

void SayCase() {
  const char start[] = "\nmutate_models: died in ";
  (void)!write(STDERR_FILENO, start, sizeof(start) - 1);
  (void)!write(STDERR_FILENO, current_case, std::strlen(current_case));
  (void)!write(STDERR_FILENO, "\n", 1);
}

void OnSignal(int signal) {
  SayCase();
  _exit(signal == SIGALRM ? 3 : 4);
}

void CatchDeath() {
  signal(SIGALRM, OnSignal);
  signal(SIGABRT, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(SayCase);
    return;
  }
  for (int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) signal(fatal, OnSignal);
}

struct Options {
  uint64_t count = 1000;
  uint64_t seed = 1;
  int64_t only = -1;
  std::string save;
  std::vector<std::string> files;
};

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (argument == "--count" && value != nullptr) {
      options->count = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--seed" && value != nullptr) {
      options->seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--only" && value != nullptr) {
      options->only = std::strtoll(argv[++i], nullptr, 10);
    } else if (argument == "--save" && value != nullptr) {
      options->save = argv[++i];
    } else if (argument.starts_with("--")) {
      return false;
    } else if (fs::is_directory(argument)) {
      for (const fs::directory_entry& entry : fs::recursive_directory_iterator(argument)) {
        const std::string extension = entry.path().extension().string();
        if (entry.is_regular_file() && (extension == ".tflite" || extension == ".bin" || extension == ".lite")) {
          options->files.push_back(entry.path().string());
        }
      }
    } else {
      options->files.push_back(argument);
    }
  }
  // Case i is the same whatever order the file system lists.
  std::sort(options->files.begin(), options->files.end());
  return !options->files.empty();
}

struct Outcome {
  std::string kind;     // "ran", "planned", "refused by the reader: corrupt data", ...
  std::string failure;  // empty when the case passed
};

const char* CodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument: return "invalid argument";
    case StatusCode::kCorruptData: return "corrupt data";
    case StatusCode::kUnsupported: return "unsupported";
    case StatusCode::kResourceLimit: return "resource limit";
    case StatusCode::kCancelled: return "cancelled";
    default: return "other";
  }
}

Outcome Refused(const char* stage, const Status& status) {
  Outcome outcome{Cat("refused by the ", stage, ": ", CodeName(status.code())), ""};
  if (status.message().empty()) outcome.failure = Cat("the ", stage, " gave no sentence");
  if (status.code() == StatusCode::kInternal) outcome.failure = Cat("a fault of ours: ", status.message());
  return outcome;
}

// Numbers that fit the type: pictures for floats, small integers and truth values for the rest.
void Fill(const TensorView& view, std::mt19937_64& random) {
  if (view.dtype == DType::kFloat32) {
    float* values = static_cast<float*>(view.data);
    for (int64_t i = 0; i < view.shape.elements(); ++i) values[i] = static_cast<float>(random() % 1024) / 1023.0f;
    return;
  }
  std::byte* bytes = static_cast<std::byte*>(view.data);
  for (size_t i = 0; i < view.size_bytes(); ++i) bytes[i] = std::byte{static_cast<uint8_t>(random() % 2)};
}

int64_t PortBytes(const std::vector<Port>& ports) {
  int64_t total = 0;
  for (const Port& port : ports) total = std::min(kMostPortBytes + 1, total + TensorBytes(port.dtype, port.shape));
  return total;
}

Outcome PlanAndRun(const Model& model, const std::shared_ptr<ThreadPool>& pool, std::mt19937_64& random) {
  SessionOptions options;
  options.pool = pool;
  options.memory_limit_bytes = kSessionLimitBytes;
  int64_t macs = 0;
  for (const NodeInfo& node : model.nodes()) macs = std::min(kMostMacs + 1, macs + std::min(node.macs, kMostMacs + 1));
  // Packing the weights of a huge network takes as long as running it.
  if (macs < 0 || macs > kMostMacs) return {"read; too large to run", ""};
  Result<Session> session = Session::Create(model, options);
  if (!session.ok()) return Refused("planner", session.status());
  if (PortBytes(session->inputs()) + PortBytes(session->outputs()) > kMostPortBytes) return {"planned", ""};
  std::vector<Tensor> memory;
  std::vector<ConstTensorView> inputs;
  std::vector<TensorView> outputs;
  memory.reserve(session->inputs().size() + session->outputs().size());
  for (const Port& port : session->inputs()) {
    memory.emplace_back(port.dtype, port.shape);
    Fill(memory.back().view(), random);
    inputs.push_back(memory.back().view());
  }
  for (const Port& port : session->outputs()) {
    memory.emplace_back(port.dtype, port.shape);
    outputs.push_back(memory.back().view());
  }
  RunOptions run;
  const auto start = std::chrono::steady_clock::now();
  run.progress = [start](double) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < kMostSeconds;
  };
  const Status status = session->Run(inputs, outputs, run);
  return status.ok() ? Outcome{"ran", ""} : Refused("run", status);
}

class Mutator {
 public:
  explicit Mutator(const Options& options) : options_(options), pool_(MakeThreadPool(2)), metered_(StartHeapMeter()) {}

  // Reads the models; false when one cannot be read.
  bool Load() {
    for (const std::string& path : options_.files) {
      const Result<std::shared_ptr<MappedFile>> file = MappedFile::Open(path);
      if (!file.ok()) {
        std::fprintf(stderr, "%s\n", file.status().message().c_str());
        return false;
      }
      specimens_.push_back(MakeSpecimen((*file)->bytes()));
    }
    return true;
  }

  void RunCase(uint64_t index) {
    std::mt19937_64 random(options_.seed * 0x9e3779b97f4a7c15u + index);
    const size_t which = random() % specimens_.size();
    std::snprintf(current_case, sizeof(current_case), "case --seed %llu --only %llu of %s",
                  static_cast<unsigned long long>(options_.seed), static_cast<unsigned long long>(index),
                  options_.files[which].c_str());
    alarm(kHangSeconds);
    const std::vector<std::byte> bytes = Mutate(specimens_[which], random);
    if (!options_.save.empty() && !WriteFileAtomically(options_.save, bytes).ok()) {
      std::fprintf(stderr, "cannot write %s\n", options_.save.c_str());
    }
    const Outcome outcome = Judge(bytes, random);
    alarm(0);
    ++kinds_[outcome.kind];
    if (outcome.failure.empty()) {
      ++passed_;
      return;
    }
    ++failed_;
    std::printf("FAILED %s: %s\n", current_case, outcome.failure.c_str());
  }

  int Report() const {
    for (const auto& [kind, count] : kinds_)
      std::printf("%8llu %s\n", static_cast<unsigned long long>(count), kind.c_str());
    if (metered_) {
      std::printf("most memory taken while reading: %zu bytes for a file of %zu\n", worst_peak_, worst_file_);
    } else {
      std::printf("memory was not measured: the heap meter does not count in this build\n");
    }
    std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed_),
                static_cast<unsigned long long>(failed_));
    return failed_ == 0 ? 0 : 1;
  }

 private:
  Outcome Judge(const std::vector<std::byte>& bytes, std::mt19937_64& random) {
    ResetHeapPeak();
    const Result<Model> model = Model::FromBytes(bytes, "mutated");
    const size_t peak = HeapPeakBytes();
    if (metered_ && peak > worst_peak_) {
      worst_peak_ = peak;
      worst_file_ = bytes.size();
    }
    const size_t bound = kReadFloorBytes + kReadFactor * bytes.size();
    Outcome outcome = model.ok() ? PlanAndRun(*model, pool_, random) : Refused("reader", model.status());
    if (metered_ && peak > bound) {
      outcome.failure = Cat("reading ", bytes.size(), " bytes took ", peak, " bytes, the bound is ", bound);
    }
    return outcome;
  }

  const Options& options_;
  std::shared_ptr<ThreadPool> pool_;
  std::vector<Specimen> specimens_;
  std::map<std::string, uint64_t> kinds_;
  uint64_t passed_ = 0, failed_ = 0;
  size_t worst_peak_ = 0, worst_file_ = 0;
  bool metered_;
};

int Main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) {
    std::fprintf(stderr, "usage: mutate_models [--count N] [--seed S] [--only I] [--save OUT] FILES_OR_FOLDERS...\n");
    return 2;
  }
  CatchDeath();
  Mutator mutator(options);
  if (!mutator.Load()) return 1;
  std::printf("mutate_models: seed %llu, %zu models\n", static_cast<unsigned long long>(options.seed),
              options.files.size());
  std::fflush(stdout);
  if (options.only >= 0) {
    mutator.RunCase(static_cast<uint64_t>(options.only));
  } else {
    for (uint64_t i = 0; i < options.count; ++i) mutator.RunCase(i);
  }
  return mutator.Report();
}

}  // namespace
}  // namespace safelight

int main(int argc, char** argv) { return safelight::Main(argc, argv); }
