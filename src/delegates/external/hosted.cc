// SPDX-License-Identifier: Apache-2.0
#include "delegates/external/hosted.h"

#include <cstring>
#include <utility>

namespace safelight {
namespace {

void Mark(PhaseMark* mark, ExternalPhase phase) {
  if (mark != nullptr) mark->store(phase);
}

struct Opened {
  std::shared_ptr<const ExternalLibrary> library;
  ExternalLibrary::Handle delegate;
};

Result<Opened> OpenAndCreate(const ExternalRequest& request, PhaseMark* mark) {
  Opened opened;
  Mark(mark, ExternalPhase::kLoad);
  SL_ASSIGN(opened.library, ExternalLibrary::Open(request.path));
  Mark(mark, ExternalPhase::kCreate);
  SL_ASSIGN(opened.delegate, opened.library->Create(request.options));
  return opened;
}

}  // namespace

const char* PhaseName(ExternalPhase phase) {
  switch (phase) {
    case ExternalPhase::kLoad: return "while it was loaded";
    case ExternalPhase::kCreate: return "while the delegate was made";
    case ExternalPhase::kPrepare: return "in its Prepare";
    case ExternalPhase::kKernels: return "in its kernel's prepare";
    case ExternalPhase::kRun: return "in its kernel's invoke";
    case ExternalPhase::kIdle: return "between runs";
    default: return "while it was taken down";
  }
}

Result<std::vector<int32_t>> LookAtNetwork(const ExternalRequest& request, PhaseMark* mark) {
  SL_ASSIGN(Opened opened, OpenAndCreate(request, mark));
  HostContext context(request.network, false);
  Mark(mark, ExternalPhase::kPrepare);
  SL_TRY(context.PrepareDelegate(opened.delegate.get()));
  Mark(mark, ExternalPhase::kEnd);
  return context.claims();
}

Result<std::unique_ptr<HostedKernels>> HostedKernels::Create(const ExternalRequest& request, PhaseMark* mark) {
  std::unique_ptr<HostedKernels> made(new HostedKernels(mark));
  SL_ASSIGN(Opened opened, OpenAndCreate(request, mark));
  made->library_ = std::move(opened.library);
  made->delegate_ = std::move(opened.delegate);
  made->context_ = std::make_unique<HostContext>(request.network, true);
  const ExternalNetwork& network = request.network;
  Mark(mark, ExternalPhase::kPrepare);
  SL_TRY(made->context_->PrepareDelegate(made->delegate_.get()));
  Mark(mark, ExternalPhase::kKernels);
  SL_TRY(made->context_->PrepareKernels());
  for (const auto& [from, to] : {std::pair{&network.inputs, &made->inputs_}, {&network.outputs, &made->outputs_}}) {
    for (int32_t tensor : *from) to->push_back({tensor, network.tensors[static_cast<size_t>(tensor)].bytes});
  }
  SL_TRY(made->CheckOutputs(network));
  Mark(mark, ExternalPhase::kIdle);
  return made;
}

Status HostedKernels::CheckOutputs(const ExternalNetwork& network) {
  for (const Port& port : outputs_) {
    const std::span<std::byte> elements = context_->Elements(port.tensor);
    if (elements.data() == nullptr || elements.size() == port.bytes) continue;
    return Unsupported("it makes ", elements.size(), " bytes of output '",
                       network.tensors[static_cast<size_t>(port.tensor)].name, "', which has ", port.bytes);
  }
  return {};
}

HostedKernels::~HostedKernels() { Mark(mark_, ExternalPhase::kEnd); }

Status HostedKernels::Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const std::span<std::byte> elements = context_->Elements(inputs_[i].tensor);
    // Without memory where no kernel reads it.
    if (elements.size() == inputs_[i].bytes && !elements.empty()) {
      std::memcpy(elements.data(), inputs[i], elements.size());
    }
  }
  Mark(mark_, ExternalPhase::kRun);
  SL_TRY(context_->Invoke());
  Mark(mark_, ExternalPhase::kIdle);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const std::span<std::byte> elements = context_->Elements(outputs_[i].tensor);
    if (elements.size() != outputs_[i].bytes) {
      return Internal("its kernel made ", elements.size(), " bytes of output ", i, ", which has ", outputs_[i].bytes);
    }
    if (!elements.empty()) std::memcpy(outputs[i], elements.data(), elements.size());
  }
  return {};
}

}  // namespace safelight
