// SPDX-License-Identifier: Apache-2.0
#include "quantize/absorb_limits.h"

#include <algorithm>
#include <cfloat>
#include <optional>
#include <string>

#include "quantize/clean_up.h"

namespace safelight {
namespace {

constexpr int kRelu = 1;

struct Limiter {
  int value = -1;  // the operand
  SeenRange limits;
};

std::optional<Limiter> LimiterOf(const FileNetwork& network, int n) {
  const FileNode& node = network.node(n);
  if (node.inputs.empty()) return std::nullopt;
  const std::string op = network.Op(n);
  if (op == "RELU") return Limiter{node.inputs[0], {0, DBL_MAX}};
  if (op == "RELU6") return Limiter{node.inputs[0], {0, 6}};
  if (op == "RELU_0_TO_1") return Limiter{node.inputs[0], {0, 1}};
  if (op == "RELU_N1_TO_1") return Limiter{node.inputs[0], {-1, 1}};
  if (op != "MINIMUM" && op != "MAXIMUM") return std::nullopt;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const int constant = node.inputs[1 - i], value = node.inputs[i];
    if (!network.is_float(value) || network.is_constant(value) || !network.is_constant(constant)) continue;
    const std::optional<float> number = network.Scalar(constant);
    if (!number.has_value() || network.tensor(value).shape != network.tensor(node.outputs[0]).shape) continue;
    const auto limit = static_cast<double>(*number);
    return Limiter{value, op == "MINIMUM" ? SeenRange{-DBL_MAX, limit} : SeenRange{limit, DBL_MAX}};
  }
  return std::nullopt;
}

// The values made by moving those of `t`, from its maker on.
struct Source {
  int node = -1;
  std::vector<int> tensors;
};

Source SourceOf(const FileNetwork& network, int t) {
  Source source;
  source.tensors.push_back(t);
  int producer = network.SoleProducer(t);
  while (producer >= 0 && OnlyMoves(network.Op(producer))) {
    source.tensors.push_back(network.node(producer).inputs[0]);
    producer = network.SoleProducer(source.tensors.back());
  }
  source.node = producer;
  return source;
}

// The limiter that alone reads `t`; -1: none.
int NextLimiter(const FileNetwork& network, int t) {
  if (network.readers(t) != 1 || network.is_output(t)) return -1;
  for (int n = 0; n < network.num_nodes(); ++n) {
    const std::optional<Limiter> limiter = LimiterOf(network, n);
    if (limiter.has_value() && limiter->value == t) return n;
  }
  return -1;
}

// Whoever reads the limited value must not widen its range.
bool ReadersLeaveItAlone(const FileNetwork& network, int t) {
  for (int n = 0; n < network.num_nodes(); ++n) {
    const FileList<int32_t>& inputs = network.node(n).inputs;
    if (std::find(inputs.begin(), inputs.end(), t) == inputs.end() || LimiterOf(network, n).has_value()) continue;
    const IntegerOp* op = FindIntegerOp(network.Op(n));
    if (op != nullptr && op->kind == IntegerKind::kSame) return false;
  }
  return true;
}

// int16 has its zero in the middle: a lower limit of 0 is the activation RELU's work.
bool CanHold(const SeenRange& limits, bool int16, int64_t activation) {
  if (limits.low > 0 || limits.high < 0 || activation > kRelu) return false;
  return !int16 || limits.low == 0 || limits.low == -limits.high;
}

bool AbsorbOne(const std::vector<NodeForm>& forms, FileNetwork* network, Absorbed* absorbed) {
  for (int n = 0; n < network->num_nodes(); ++n) {
    const std::optional<Limiter> limiter = LimiterOf(*network, n);
    if (!limiter.has_value()) continue;
    SeenRange limits = limiter->limits;
    const int next = NextLimiter(*network, network->node(n).outputs[0]), last = next < 0 ? n : next;
    if (next >= 0) {
      const SeenRange other = LimiterOf(*network, next)->limits;
      limits = {std::max(limits.low, other.low), std::min(limits.high, other.high)};
    }
    const Source source = SourceOf(*network, limiter->value);
    const int out = network->node(last).outputs[0];
    const int slot = source.node < 0 ? -1 : ActivationSlot(network->Op(source.node));
    const NodeForm form = slot < 0 ? NodeForm::kFloat : forms[static_cast<size_t>(source.node)];
    if (form == NodeForm::kFloat || !ReadersLeaveItAlone(*network, out)) continue;
    FileOptions& options = network->node(source.node).options;
    const int64_t activation = options.Int(slot, 0);
    if (activation == kRelu) limits.low = std::max(limits.low, 0.0);
    if (!options.written || !CanHold(limits, form == NodeForm::kInt16, activation)) continue;
    if (limits.low == 0) options.SetInt(slot, 'b', kRelu);
    network->node(network->producer(limiter->value)).outputs[0] = out;
    for (const int gone : {n, last}) {
      absorbed->gone[static_cast<size_t>(gone)] = true;
      network->node(gone) = FileNode();
    }
    const auto earlier = absorbed->limits.find(limiter->value);
    if (earlier != absorbed->limits.end()) {
      limits = {std::max(limits.low, earlier->second.low), std::min(limits.high, earlier->second.high)};
    }
    absorbed->limits[out] = limits;
    for (const int t : source.tensors) {
      absorbed->seen_as[t] = out;
      // Another value than the one of that name before.
      if (!network->tensor(t).name.ends_with("/limited")) network->tensor(t).name += "/limited";
    }
    network->Relink();
    return true;
  }
  return false;
}

}  // namespace

Absorbed AbsorbLimits(const std::vector<NodeForm>& forms, FileNetwork* network) {
  Absorbed absorbed;
  absorbed.gone.resize(forms.size(), false);
  while (AbsorbOne(forms, network, &absorbed)) {
  }
  return absorbed;
}

}  // namespace safelight
