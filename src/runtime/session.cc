// SPDX-License-Identifier: Apache-2.0
#include "safelight/session.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "engine/delegate_part.h"
#include "graph/resize.h"
#include "runtime/auto_choice.h"
#include "runtime/session_impl.h"

namespace safelight {

std::shared_ptr<ThreadPool> MakeThreadPool(int threads) { return std::make_shared<ThreadPool>(threads); }

Result<std::unique_ptr<SessionImpl>> SessionImpl::Create(const Model& model, const SessionOptions& options,
                                                         GraphEdit edit) {
  if (options.strip_rows < 0 || options.block_columns < 0 || options.memory_limit_bytes < 0 || options.threads < 0) {
    return InvalidArgument("session options: threads, strip rows, block columns and memory limit must not be negative");
  }
  if (options.threads > kMostThreads) {
    return InvalidArgument("session options: ", options.threads, " threads, at most ", kMostThreads);
  }
  SessionOptions chosen = options;
  std::vector<std::string> notes;
  if (AsksForAuto(options.delegates)) SL_TRY(ChooseDelegates(model, edit, &chosen, &notes).With(model.path()));
  std::unique_ptr<SessionImpl> impl(new SessionImpl(model, chosen, std::move(edit)));
  impl->notes_ = std::move(notes);
  SL_TRY(impl->Build().With(model.path()));
  return impl;
}

Result<std::unique_ptr<SessionImpl>> SessionImpl::WithShapes(const std::vector<Shape>& input_shapes) const {
  SessionOptions options = options_;
  options.input_shapes = input_shapes;
  options.pool = pool_;
  return Create(model_, options, edit_);
}

Result<Session> SessionImpl::CreateEdited(const Model& model, const SessionOptions& options, GraphEdit edit) {
  SL_ASSIGN(std::unique_ptr<SessionImpl> impl, Create(model, options, std::move(edit)));
  return Session(std::move(impl));
}

Status SessionImpl::Build() {
  const ModelImpl& model = *model_.impl();
  SL_ASSIGN(Graph graph, ResizeGraph(model.file.graph, model.own_size, options_.input_shapes, &notes_));
  if (edit_) SL_TRY(edit_(graph));
  inputs = DescribePorts(graph, graph.inputs, model.file.input_metadata);
  outputs = DescribePorts(graph, graph.outputs, model.file.output_metadata);
  SL_TRY(CheckStates());
  pool_ = options_.pool != nullptr ? options_.pool : std::make_shared<ThreadPool>(options_.threads);
  if (options_.threads > pool_->size()) {
    notes_.push_back(Cat(options_.threads, " threads asked for, ", pool_->size(), " used: the machine has ",
                         AvailableCores(), AvailableCores() == 1 ? " core" : " cores"));
  }
  if (!options_.delegates.names.empty()) SL_TRY(GiveToDelegates(graph));
  PlanOptions plan_options{.threads = pool_->size(),
                           .fast = options_.arithmetic != Arithmetic::kExact,
                           .quantized_fast = options_.arithmetic == Arithmetic::kFast,
                           .strip_rows = options_.strip_rows,
                           .block_columns = options_.block_columns,
                           .memory_limit_bytes = options_.memory_limit_bytes,
                           .pack_cache = &model_.impl()->pack_cache,
                           .half = options_.precision == Precision::kFloat16,
                           .keep_float = options_.float32_values};
  SL_ASSIGN(plan_, MakePlan(std::move(graph), plan_options));
  notes_.insert(notes_.end(), plan_->notes.begin(), plan_->notes.end());
  executor_ = std::make_unique<Executor>(*plan_, *pool_, options_.watch_float16);
  for (const StateBinding& state : options_.states) {
    state_old_.emplace_back(inputs[state.input].dtype, inputs[state.input].shape);
    state_new_.emplace_back(inputs[state.input].dtype, inputs[state.input].shape);
  }
  input_data_.resize(inputs.size());
  output_data_.resize(outputs.size());
  // Most of the file was weights, of which there are packed copies now.
  if (model.file.source != nullptr) model.file.source->ReleasePages();
  return {};
}

Status SessionImpl::CheckStates() const {
  for (const StateBinding& state : options_.states) {
    if (state.input < 0 || state.input >= static_cast<int>(inputs.size()) || state.output < 0 ||
        state.output >= static_cast<int>(outputs.size())) {
      return InvalidArgument("state binding output ", state.output, " to input ", state.input, ": the network has ",
                             inputs.size(), " inputs and ", outputs.size(), " outputs");
    }
    const Port& in = inputs[state.input];
    const Port& out = outputs[state.output];
    if (in.dtype != out.dtype || !(in.shape == out.shape)) {
      return InvalidArgument("state binding: output '", out.name, "' is ", DTypeName(out.dtype), " ",
                             out.shape.ToString(), ", input '", in.name, "' is ", DTypeName(in.dtype), " ",
                             in.shape.ToString());
    }
    if (StateOfInput(state.input) != &state || StateOfOutput(state.output) != &state) {
      return InvalidArgument("state binding: output ", state.output, " or input ", state.input, " is bound twice");
    }
  }
  return {};
}

const StateBinding* SessionImpl::StateOfInput(int input) const {
  for (const StateBinding& state : options_.states) {
    if (state.input == input) return &state;
  }
  return nullptr;
}

const StateBinding* SessionImpl::StateOfOutput(int output) const {
  for (const StateBinding& state : options_.states) {
    if (state.output == output) return &state;
  }
  return nullptr;
}

namespace {

Status CheckView(const char* kind, size_t i, const Port& port, DType dtype, const Shape& shape, const void* data) {
  if (data == nullptr && port.shape.elements() > 0) {
    return InvalidArgument(kind, " ", i, " '", port.name, "' has no memory");
  }
  if (dtype != port.dtype || !(shape == port.shape)) {
    return InvalidArgument(kind, " ", i, " '", port.name, "' is given as ", DTypeName(dtype), " ", shape.ToString(),
                           ", the session takes ", DTypeName(port.dtype), " ", port.shape.ToString());
  }
  return {};
}

}  // namespace

Status SessionImpl::BindInputs(std::span<const ConstTensorView> given) {
  if (given.size() != inputs.size()) {
    return InvalidArgument(given.size(), " inputs given, the network has ", inputs.size());
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const StateBinding* state = StateOfInput(static_cast<int>(i));
    if (state != nullptr) {
      input_data_[i] = state_old_[state - options_.states.data()].bytes();
      continue;
    }
    SL_TRY(CheckView("input", i, inputs[i], given[i].dtype, given[i].shape, given[i].data));
    input_data_[i] = given[i].data;
  }
  return {};
}

Status SessionImpl::BindOutputs(std::span<const TensorView> given) {
  if (given.size() != outputs.size()) {
    return InvalidArgument(given.size(), " outputs given, the network has ", outputs.size());
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const StateBinding* state = StateOfOutput(static_cast<int>(i));
    if (state != nullptr) {
      output_data_[i] = state_new_[state - options_.states.data()].bytes();
      if (given[i].data == nullptr) continue;
    }
    SL_TRY(CheckView("output", i, outputs[i], given[i].dtype, given[i].shape, given[i].data));
    if (state == nullptr) output_data_[i] = given[i].data;
  }
  return {};
}

Status SessionImpl::Run(std::span<const ConstTensorView> given_inputs, std::span<const TensorView> given_outputs,
                        const RunOptions& options) {
  SL_TRY(BindInputs(given_inputs));
  SL_TRY(BindOutputs(given_outputs));
  SL_TRY(executor_->Run(input_data_, output_data_, options.progress ? &options.progress : nullptr));
  for (size_t s = 0; s < options_.states.size(); ++s) {
    const TensorView& copy = given_outputs[options_.states[s].output];
    if (copy.data != nullptr) std::memcpy(copy.data, state_new_[s].bytes(), state_new_[s].size_bytes());
    std::swap(state_old_[s], state_new_[s]);
  }
  return {};
}

void SessionImpl::ResetStates() {
  for (Tensor& state : state_old_) std::memset(state.bytes(), 0, state.size_bytes());
}

std::vector<Float16Loss> SessionImpl::Float16Losses() const {
  std::vector<Float16Loss> losses;
  const std::vector<kernels::HalfLoss> all = executor_->Losses();
  for (size_t id = 0; id < all.size(); ++id) {
    if (!plan_->storage[id].half) continue;
    const double error = all[id].squares > 0 ? std::sqrt(all[id].errors / all[id].squares) : 0;
    losses.push_back({plan_->graph.values[id].name, all[id].beyond, error});
  }
  return losses;
}

std::vector<Shape> SessionImpl::OutputShapes() const {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < outputs.size(); ++i) shapes.push_back(executor_->output_shape(i));
  return shapes;
}

int64_t SessionImpl::memory_bytes() const {
  int64_t total = plan_->memory_bytes();
  for (const auto& part : partition_.parts) total += part->memory_bytes();
  for (const Tensor& state : state_old_) total += 2 * static_cast<int64_t>(state.size_bytes());
  return total;
}

Session::Session(std::unique_ptr<SessionImpl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::Create(const Model& model, const SessionOptions& options) {
  SL_ASSIGN(std::unique_ptr<SessionImpl> impl, SessionImpl::Create(model, options));
  return Session(std::move(impl));
}

const std::vector<Port>& Session::inputs() const { return impl_->inputs; }
const std::vector<Port>& Session::outputs() const { return impl_->outputs; }

Status Session::Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                    const RunOptions& options) {
  return impl_->Run(inputs, outputs, options);
}

Status Session::Resize(const std::vector<Shape>& input_shapes) {
  SL_ASSIGN(std::unique_ptr<SessionImpl> resized, impl_->WithShapes(input_shapes));
  impl_ = std::move(resized);
  return {};
}

std::vector<Shape> Session::last_output_shapes() const { return impl_->OutputShapes(); }
void Session::ResetStates() { impl_->ResetStates(); }
int64_t Session::memory_bytes() const { return impl_->memory_bytes(); }
std::vector<Float16Loss> Session::float16_losses() const { return impl_->Float16Losses(); }
PlanReport Session::plan() const { return impl_->Report(); }
std::vector<NodePlacement> Session::placement() const { return impl_->Placement(); }
const std::vector<std::string>& Session::notes() const { return impl_->notes(); }

}  // namespace safelight
