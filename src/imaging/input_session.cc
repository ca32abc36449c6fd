// SPDX-License-Identifier: Apache-2.0
#include "imaging/input_session.h"

#include <algorithm>

namespace safelight {

Status InputSession::Prepare(const PhotoForm& form) {
  if (session_.has_value() && form == form_) return {};
  form_ = form;
  for (size_t i = 0; i < model_.inputs().size(); ++i) {
    const Port& port = model_.inputs()[i];
    const auto& states = options_.session.states;
    const bool is_state = std::any_of(states.begin(), states.end(),
                                      [&](const StateBinding& state) { return state.input == static_cast<int>(i); });
    if (is_state || static_cast<int>(i) == recipe_.port) continue;
    return InvalidArgument("input '", port.name, "' ", port.shape.ToString(),
                           " is needed as well: a network with another input and no picture as output is not run");
  }
  SL_ASSIGN(Session session, SessionImpl::CreateEdited(model_, options_.session, [&](Graph& graph) -> Status {
              if (taps_) SL_TRY(taps_(graph));
              EdgeBuilder edges(&graph);
              SL_TRY(edges.PutBefore(recipe_.port, recipe_, form, {0, 0, form.height, form.width}).status());
              return edges.Finish();
            }));
  session_.emplace(std::move(session));
  outputs_.clear();
  for (const Port& port : session_->outputs()) outputs_.emplace_back(port.dtype, port.shape);
  return {};
}

Status InputSession::Run(const ConstImageView& picture) {
  const Shape& shape = model_.inputs()[static_cast<size_t>(recipe_.port)].shape;
  SL_ASSIGN(const Image resized,
            Resize(picture, shape[recipe_.axes.width], shape[recipe_.axes.height], Filter::kBilinear));
  SL_TRY(Prepare(FormOf(resized.view())));
  std::vector<ConstTensorView> in;
  for (size_t i = 0; i < session_->inputs().size(); ++i) {
    const Port& port = session_->inputs()[i];
    const bool is_picture = static_cast<int>(i) == recipe_.port || i >= model_.inputs().size();  // or a further frame
    in.push_back({port.dtype, port.shape, is_picture ? resized.view().data : nullptr});
  }
  std::vector<TensorView> out;
  for (Tensor& tensor : outputs_) out.push_back(tensor.view());
  SL_TRY(session_->Run(in, out));
  return after_run_ ? after_run_() : Status();
}

}  // namespace safelight
