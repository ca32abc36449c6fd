// SPDX-License-Identifier: Apache-2.0
//
// The form of a delegate over a library that only answers for whole networks: Look lets it choose, Compile lets it
// choose again from the part alone, which it must then take whole.
#include "delegates/external/external.h"

#include <charconv>
#include <tuple>
#include <utility>
#include <vector>

#include "delegates/external/hosted.h"
#include "delegates/external/isolated.h"

namespace safelight {
namespace {

// The part's network, with what its constants point into.
class HostedPart : public CompiledPart {
 public:
  HostedPart(std::shared_ptr<const Graph> part, std::unique_ptr<HostedKernels> kernels)
      : part_(std::move(part)), kernels_(std::move(kernels)) {}

  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    std::vector<const std::byte*> from;
    std::vector<std::byte*> to;
    for (const ConstTensorView& input : inputs) from.push_back(static_cast<const std::byte*>(input.data));
    for (const TensorView& output : outputs) to.push_back(static_cast<std::byte*>(output.data));
    return kernels_->Run(from, to);
  }
  int64_t memory_bytes() const override { return kernels_->memory_bytes(); }

 private:
  const std::shared_ptr<const Graph> part_;
  const std::unique_ptr<HostedKernels> kernels_;
};

struct HostOptions {
  bool isolate = false;
  IsolationLimits limits;
};

Status ReadNumber(const std::string& text, int least, int most, int* number) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return InvalidArgument("'", text, "' is no number from ", least, " to ", most);
  }
  *number = value;
  return {};
}

// Takes the host's options out of `options`.
Result<HostOptions> TakeHostOptions(ExternalOptions* options) {
  HostOptions host;
  constexpr int kMostMs = 24 * 60 * 60 * 1000;
  ExternalOptions others;
  int isolate = 0;
  std::string needs_isolation;
  for (auto& [key, value] : *options) {
    int* number = nullptr;
    int least = 1, most = kMostMs;
    if (key == "isolate") {
      std::tie(number, least, most) = std::tuple(&isolate, 0, 1);
    } else if (key == "timeout_ms") {
      number = &host.limits.run_ms;
    } else if (key == "start_timeout_ms") {
      number = &host.limits.start_ms;
    } else if (key == "restarts") {
      std::tie(number, least, most) = std::tuple(&host.limits.restarts, 0, 1000000);
    }
    if (number == nullptr) {
      others.emplace_back(std::move(key), std::move(value));
      continue;
    }
    SL_TRY(ReadNumber(value, least, most, number).With(Cat("option ", key)));
    if (number != &isolate) needs_isolation = key;
  }
  host.isolate = isolate == 1;
  if (!needs_isolation.empty() && !host.isolate) {
    return InvalidArgument("option ", needs_isolation, " needs isolate:1: only a process of its own can be ended");
  }
  *options = std::move(others);
  return host;
}

class ExternalDelegate : public Delegate {
 public:
  ExternalDelegate(const std::string& path, ExternalOptions own, HostOptions host, const DelegateOptions& options)
      : own_(std::move(own)),
        host_(host),
        threads_(options.threads),
        float16_(options.precision == Precision::kFloat16),
        info_{path, LibraryVersion(path), {{"a TFLite external delegate", "unknown"}}, {}} {}

  const DelegateInfo& info() const override { return info_; }

  Status Look(const Graph& graph) override {
    claims_.clear();
    const ExternalRequest request = RequestFor(graph);
    custom_.clear();
    for (const ExternalNode& node : request.network.nodes) custom_.push_back(!node.custom_name.empty());
    if (host_.isolate) {
      SL_ASSIGN(claims_, LookIsolated(request, host_.limits));
    } else {
      SL_ASSIGN(claims_, LookAtNetwork(request, nullptr));
    }
    return {};
  }

  Verdict Supports(const Graph& graph, const Node& node) const override {
    const auto id = static_cast<size_t>(&node - graph.nodes.data());
    if (id >= claims_.size()) return Verdict::No("the library was not shown this node");
    if (claims_[id] >= 0) return Verdict::Yes();
    if (custom_[id]) return Verdict::No("no library can be shown the options of this op");
    return Verdict::No("the library does not claim it");
  }

  Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph> part) override {
    const ExternalRequest request = RequestFor(*part);
    if (host_.isolate) return CompileIsolated(request, host_.limits);
    SL_ASSIGN(std::unique_ptr<HostedKernels> kernels, HostedKernels::Create(request, nullptr));
    return std::unique_ptr<CompiledPart>(std::make_unique<HostedPart>(std::move(part), std::move(kernels)));
  }

 private:
  ExternalRequest RequestFor(const Graph& graph) const {
    return {info_.name, own_, DescribeNetwork(graph, threads_, float16_)};
  }

  const ExternalOptions own_;
  const HostOptions host_;
  const int threads_;
  const bool float16_;
  const DelegateInfo info_;
  std::vector<int32_t> claims_;  // by node of the graph that was looked at
  std::vector<bool> custom_;     // likewise: shown as a custom op
};

}  // namespace

bool IsLibraryPath(const std::string& name) { return name.find('/') != std::string::npos || name.ends_with(".so"); }

Result<std::unique_ptr<Delegate>> OpenExternalDelegate(const std::string& path, const DelegateOptions& options) {
  ExternalOptions own = options.vendor;
  SL_ASSIGN(const HostOptions host, TakeHostOptions(&own));
  if (own.size() > kMostExternalOptions) {
    return InvalidArgument(own.size(), " options for the library, it gets at most ", kMostExternalOptions);
  }
  SL_TRY(CheckLibraryFile(path));
  if (!host.isolate) SL_TRY(ExternalLibrary::Open(path).status());
  return std::unique_ptr<Delegate>(std::make_unique<ExternalDelegate>(path, std::move(own), host, options));
}

}  // namespace safelight
