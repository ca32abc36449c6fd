// SPDX-License-Identifier: Apache-2.0
#include "quantize/calibration.h"

#include <algorithm>
#include <utility>

#include "ops/support/reduce.h"
#include "quantize/observe_op.h"
#include "quantize/value_taps.h"

namespace safelight {
namespace {

bool IsLookedAt(const Value& value) {
  return value.file_tensor != kNone && value.dtype == DType::kFloat32 && !value.is_constant();
}

}  // namespace

Calibration::Calibration(const Graph& graph, bool counts, const std::vector<int>& means_of) {
  for (const Value& value : graph.values) {
    if (!IsLookedAt(value)) continue;
    by_tensor_.resize(std::max(by_tensor_.size(), static_cast<size_t>(value.file_tensor) + 1), -1);
    by_tensor_[static_cast<size_t>(value.file_tensor)] = static_cast<int>(observed_.size());
    const bool means = std::find(means_of.begin(), means_of.end(), value.file_tensor) != means_of.end();
    observed_.push_back(
        {value.name, std::make_shared<ValueStats>(counts), means ? std::make_shared<MeanSums>() : nullptr});
  }
}

const Calibration::Observed* Calibration::Find(int file_tensor) const {
  const auto t = static_cast<size_t>(file_tensor);
  if (file_tensor < 0 || t >= by_tensor_.size() || by_tensor_[t] < 0) return nullptr;
  return &observed_[static_cast<size_t>(by_tensor_[t])];
}

GraphEdit Calibration::Taps() const {
  return [this](Graph& graph) -> Status {
    const size_t values = graph.values.size();
    for (size_t v = 0; v < values; ++v) {
      const Observed* observed = IsLookedAt(graph.values[v]) ? Find(graph.values[v].file_tensor) : nullptr;
      if (observed == nullptr) continue;
      const auto id = static_cast<ValueId>(v);
      auto attrs = std::make_shared<ObserveAttrs>();
      attrs->stats = observed->stats;
      SL_TRY(AddTapOutput(&graph, observe_op, std::move(attrs), {id}, observed->name + " observed"));
      const int rank = graph.values[v].shape.rank();
      if (observed->sums == nullptr || rank < 2) continue;
      Tensor axes(DType::kInt32, Shape{rank - 1});
      for (int axis = 0; axis + 1 < rank; ++axis) axes.data<int32_t>()[axis] = axis;
      const ValueId constant = graph.AddConstant("axes", std::move(axes));
      SL_TRY(AddTapOutput(&graph, *FindOp("MEAN"), std::make_shared<ReduceAttrs>(), {id, constant},
                          observed->name + " mean"));
      const ValueId mean = graph.outputs.back();
      graph.outputs.pop_back();
      auto sums = std::make_shared<AccumulateAttrs>();
      sums->to = observed->sums;
      SL_TRY(AddTapOutput(&graph, accumulate_op, std::move(sums), {mean}, observed->name + " mean seen"));
    }
    return {};
  };
}

Status Calibration::EndPicture() {
  for (Observed& value : observed_) {
    if (!value.stats->EndPicture()) {
      return InvalidArgument("value '", value.name, "' is infinite or no number on this picture");
    }
  }
  return {};
}

const ValueStats* Calibration::OfTensor(int file_tensor) const {
  const Observed* observed = Find(file_tensor);
  return observed != nullptr && observed->stats->seen() ? observed->stats.get() : nullptr;
}

std::vector<double> Calibration::MeansOfTensor(int file_tensor) const {
  const Observed* observed = Find(file_tensor);
  if (observed == nullptr || observed->sums == nullptr) return {};
  std::vector<double> means = observed->sums->sums;
  for (double& mean : means) mean /= std::max(observed->sums->runs, 1);
  return means;
}

}  // namespace safelight
