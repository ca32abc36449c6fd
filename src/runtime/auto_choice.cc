// SPDX-License-Identifier: Apache-2.0
#include "runtime/auto_choice.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/cpu.h"
#include "base/file.h"
#include "delegates/delegates.h"
#include "runtime/choice_cache.h"
#include "safelight/version.h"

namespace safelight {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kDefaultSeconds = 4;
// What a plan must be faster by to be taken instead of the CPU alone, or of one that was measured before it.
constexpr double kClearlyFaster = 0.97;
constexpr int kMostRuns = 15;

struct Candidate {
  std::string name;     // a request to OpenDelegate; empty: the CPU alone
  std::string version;  // of the delegate
  std::unique_ptr<SessionImpl> session;
  double seconds = 0;  // of its fastest run
  std::string why_not;
};

double Since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Result<double> SecondsOf(const DelegateRequest& request) {
  double seconds = kDefaultSeconds;
  for (const auto& [key, value] : request.options) {
    char* end = nullptr;
    seconds = std::strtod(value.c_str(), &end);
    if (key != "seconds" || value.empty() || *end != '\0' || !(seconds > 0 && seconds <= 3600)) {
      return InvalidArgument("delegate auto: option '", key, ":", value, "', it takes seconds:N, above 0 up to 3600");
    }
  }
  return seconds;
}

// A delegate on a CPU device competes with the row engine for the same cores; XNNPACK is made for that, OpenCL's are
// for testing, and the plain implementations are never fast.
bool IsSensible(const std::string& name, const DelegateInfo& info) {
  if (name == "reference") return false;
  const auto other = [](const DelegateDevice& device) { return device.kind != "cpu"; };
  return name == "xnnpack" || std::any_of(info.devices.begin(), info.devices.end(), other);
}

std::vector<Candidate> FindCandidates(const std::vector<std::string>& named, const DelegateOptions& options) {
  std::vector<Candidate> candidates(1);
  const auto add = [&](const std::string& name, bool asked_for) {
    const Result<std::unique_ptr<Delegate>> delegate = OpenDelegate(name, options);
    if (!delegate.ok()) {
      if (asked_for) candidates.push_back({name, "", nullptr, 0, delegate.status().message()});
      return;
    }
    if (!asked_for && !IsSensible(name, (*delegate)->info())) return;
    candidates.push_back({name, (*delegate)->info().version, nullptr, 0, ""});
  };
  for (const std::string& name : named) add(name, true);
  for (const DelegateDef* def : AllDelegates()) {
    if (std::find(named.begin(), named.end(), def->name) == named.end()) add(def->name, false);
  }
  return candidates;
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 1);
  }
  return "unknown";
}

std::string KeyOf(const Model& model, const SessionOptions& options, int threads, const SessionImpl& cpu,
                  const std::vector<Candidate>& candidates) {
  const auto bytes =
      model.impl()->file.source == nullptr ? std::span<const std::byte>() : model.impl()->file.source->bytes();
  std::string key = Cat("safelight ", SAFELIGHT_VERSION, "\nnetwork ", HashText(bytes.data(), bytes.size()), " of ",
                        bytes.size(), " bytes\nsizes");
  // A picture's own type and size show in the ports.
  for (const Port& port : cpu.inputs) key += Cat(' ', DTypeName(port.dtype), ' ', port.shape.ToString());
  key += " ->";
  for (const Port& port : cpu.outputs) key += Cat(' ', DTypeName(port.dtype), ' ', port.shape.ToString());
  key += Cat("\noptions threads ", threads, " arithmetic ", static_cast<int>(options.arithmetic), " precision ",
             static_cast<int>(options.precision), " memory ", options.memory_limit_bytes, " part ",
             options.delegates.min_part_nodes, ' ', options.delegates.max_parts, " preference ",
             static_cast<int>(options.delegates.preference), '\n');
  for (const std::string& path : options.delegates.exclusions) {
    if (const auto file = MappedFile::Open(path); file.ok()) {
      key += Cat("exclusions ", HashText((*file)->bytes().data(), (*file)->bytes().size()), '\n');
    }
  }
  for (const Candidate& candidate : candidates)
    key += Cat("plan ", candidate.name, " version ", candidate.version, '\n');
  return key + Cat("machine ", CpuName(), ", ", AvailableCores(), " cores\n");
}

// The tensors of one run. Floats are numbers of a picture, for zeros may be faster than others.
class Tensors {
 public:
  explicit Tensors(const SessionImpl& session) {
    for (const Port& port : session.inputs) {
      const Tensor& tensor = memory_.emplace_back(port.dtype, port.shape);
      Fill(memory_.back());
      inputs_.push_back(tensor.view());
    }
    for (const Port& port : session.outputs) {
      memory_.emplace_back(port.dtype, port.shape);
      outputs_.push_back(memory_.back().view());
    }
  }
  Result<double> Run(SessionImpl& session) const {
    const Clock::time_point begin = Clock::now();
    SL_TRY(session.Run(inputs_, outputs_, {}));
    return Since(begin);
  }

 private:
  static void Fill(Tensor& tensor) {
    uint32_t state = 1;
    const bool floats = tensor.dtype() == DType::kFloat32;
    const int64_t count = floats ? tensor.shape().elements() : static_cast<int64_t>(tensor.size_bytes());
    for (int64_t i = 0; i < count; ++i) {
      state = state * 1664525u + 1013904223u;
      if (floats) {
        tensor.data<float>()[i] = static_cast<float>(state >> 8) / (1 << 24);
      } else {
        tensor.bytes()[i] = static_cast<std::byte>(state >> 24 & 1);  // small integers, valid as indices too
      }
    }
  }
  std::vector<Tensor> memory_;
  std::vector<ConstTensorView> inputs_;
  std::vector<TensorView> outputs_;
};

class Measurement {
 public:
  Measurement(const Model& model, const GraphEdit& edit, const SessionOptions& options)
      : model_(model), edit_(edit), options_(options) {}

  // Makes it ready and runs it for the first time, which is not counted unless there is no time for another.
  void Start(Candidate* candidate) {
    if (candidate->session == nullptr) {
      SessionOptions options = options_;
      options.delegates.names.clear();
      if (!candidate->name.empty()) options.delegates.names = {candidate->name};
      Result<std::unique_ptr<SessionImpl>> made = SessionImpl::Create(model_, options, edit_);
      if (!made.ok()) {
        candidate->why_not = made.status().message();
        return;
      }
      candidate->session = std::move(*made);
      const std::vector<NodePlacement> nodes = candidate->session->Placement();
      const auto placed = [](const NodePlacement& node) { return node.part >= 0; };
      if (!candidate->name.empty() && std::none_of(nodes.begin(), nodes.end(), placed)) {
        candidate->why_not = "runs no node";
        return;
      }
    }
    if (tensors_ == nullptr) tensors_ = std::make_unique<Tensors>(*candidate->session);
    Run(candidate, true);
  }

  void Run(Candidate* candidate, bool first = false) {
    const Result<double> seconds = tensors_->Run(*candidate->session);
    if (!seconds.ok()) {
      candidate->why_not = seconds.status().message();
      return;
    }
    for (const NodePlacement& node : candidate->session->Placement()) {
      if (!node.failure.empty()) candidate->why_not = node.failure;
    }
    candidate->seconds = first || candidate->seconds <= 0 ? *seconds : std::min(candidate->seconds, *seconds);
  }

 private:
  const Model& model_;
  const GraphEdit& edit_;
  const SessionOptions& options_;
  std::unique_ptr<Tensors> tensors_;
};

// Every candidate by turns until the time is up; those three times slower than the fastest drop out.
const Candidate& Measure(Measurement* measurement, std::vector<Candidate>* candidates, double budget) {
  const Clock::time_point begin = Clock::now();
  double fastest = 0;
  for (Candidate& candidate : *candidates) {
    if (candidate.why_not.empty()) measurement->Start(&candidate);
    if (!candidate.why_not.empty()) continue;
    fastest = fastest == 0 ? candidate.seconds : std::min(fastest, candidate.seconds);
  }
  for (int round = 0; round < kMostRuns && Since(begin) < budget; ++round) {
    for (Candidate& candidate : *candidates) {
      if (!candidate.why_not.empty() || candidate.seconds > 3 * fastest) continue;
      measurement->Run(&candidate);
      if (candidate.why_not.empty()) fastest = std::min(fastest, candidate.seconds);
    }
  }
  const Candidate* best = &candidates->front();
  for (const Candidate& candidate : *candidates) {
    if (candidate.why_not.empty() && candidate.seconds < kClearlyFaster * best->seconds) best = &candidate;
  }
  return *best;
}

std::string NameOf(const Candidate& candidate) { return candidate.name.empty() ? "cpu" : candidate.name; }

std::string Describe(const std::vector<Candidate>& candidates, const Candidate& best) {
  std::string text = "auto:";
  for (const Candidate& candidate : candidates) {
    text += Cat(&candidate == candidates.data() ? " " : ", ", NameOf(candidate), ' ');
    text += candidate.why_not.empty() ? Cat(candidate.seconds * 1000, " ms") : "not (" + candidate.why_not + ")";
  }
  return Cat(text, "; ", NameOf(best), " is taken");
}

}  // namespace

bool AsksForAuto(const DelegateChoice& choice) {
  return std::any_of(choice.names.begin(), choice.names.end(),
                     [](const std::string& name) { return name == "auto" || name.rfind("auto,", 0) == 0; });
}

Status ChooseDelegates(const Model& model, const GraphEdit& edit, SessionOptions* options,
                       std::vector<std::string>* notes) {
  std::vector<std::string> named;
  double budget = kDefaultSeconds;
  for (const std::string& name : options->delegates.names) {
    if (name == "cpu") continue;
    SL_ASSIGN(const DelegateRequest request, ParseDelegateRequest(name));
    if (request.name != "auto") {
      named.push_back(name);
      continue;
    }
    SL_ASSIGN(budget, SecondsOf(request));
    break;
  }
  if (options->pool == nullptr) options->pool = MakeThreadPool(options->threads);
  std::vector<Candidate> candidates = FindCandidates(named, {.threads = options->pool->size(),
                                                             .arithmetic = options->arithmetic,
                                                             .precision = options->precision,
                                                             .preference = options->delegates.preference,
                                                             .memory_limit_bytes = options->memory_limit_bytes,
                                                             .cache_folder = options->delegates.cache_folder});
  options->delegates.names.clear();
  SL_ASSIGN(candidates[0].session, SessionImpl::Create(model, *options, edit));
  const ChoiceCache cache(options->delegates.cache_folder,
                          KeyOf(model, *options, options->pool->size(), *candidates[0].session, candidates));
  std::string why;
  if (const std::optional<std::string> kept = cache.Read(&why)) {
    if (*kept != "cpu") options->delegates.names = {*kept};
    notes->push_back(Cat("auto: ", *kept, ", as measured before (", cache.path(), ")"));
    return {};
  }
  if (!why.empty()) notes->push_back("auto: measured again: " + why);
  Measurement measurement(model, edit, *options);
  const Candidate& best = Measure(&measurement, &candidates, budget);
  if (!best.name.empty()) options->delegates.names = {best.name};
  notes->push_back(Describe(candidates, best));
  if (const Status written = cache.Write(NameOf(best)); !written.ok()) {
    notes->push_back("auto: what was measured is not kept: " + written.message());
  }
  return {};
}

}  // namespace safelight
