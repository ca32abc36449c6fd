// SPDX-License-Identifier: Apache-2.0
//
// ELEMENT_CHAIN: ops that work element by element, strung together by a pass (ops/support/element_chain.h).
#include "ops/support/element_chain.h"

#include <algorithm>
#include <utility>

namespace safelight {
namespace {

constexpr size_t kPiece = 512;                   // elements at a time
constexpr size_t kMostBytes = sizeof(uint64_t);  // of an element

const ElementChainAttrs& Attrs(const OpContext& context) { return context.attrs<ElementChainAttrs>(); }

template <bool plain>
bool RunChain(const ElementRun& run, const ElementParams& params) {
  const ElementChainAttrs& chain = *static_cast<const ElementChainAttrs*>(params.chain);
  alignas(64) std::byte slots[kMaxChainSlots][kPiece * kMostBytes];
  const size_t out_bytes = DTypeSize(chain.dtype);
  for (size_t at = 0; at < run.count; at += kPiece) {
    for (const ChainStep& step : chain.steps) {
      ElementRun piece{};
      piece.count = std::min(kPiece, run.count - at);
      for (int i = 0; i < step.num_operands; ++i) {
        const int k = step.operands[i];
        piece.in[i] = k < 0 ? slots[~k] : run.in[k] + at * run.step[k] * chain.input_bytes[k];
        piece.step[i] = k < 0 ? 1 : run.step[k];
      }
      piece.out = &step == &chain.steps.back() ? run.out + at * out_bytes : slots[step.slot];
      const ElementFunction& function = plain ? step.plain : step.function;
      if (!function.run(piece, function.params)) return false;
    }
  }
  return true;
}

Result<ElementFunction> Choose(const OpContext& context, bool plain) {
  ElementFunction function;
  function.params.chain = &Attrs(context);
  function.run = plain ? RunChain<true> : RunChain<false>;
  return function;
}

Status Infer(InferContext& context) {
  SL_ASSIGN(const Shape shape, BroadcastShape(context));
  context.SetOutput(0, Attrs(context).dtype, shape);
  return {};
}

Cost CostOf(const OpContext& context) {
  const int64_t steps = static_cast<int64_t>(Attrs(context).steps.size());
  // A step that finds its operands in the nearest cache takes about half as long as a node of its own.
  return {.other = context.output(0).shape.elements() * std::max<int64_t>(steps / 2, 1)};
}

Status Reference(const OpContext& context, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs) {
  return ElementReference(Choose, context, inputs, outputs);
}

// Keeps the options alive that the function points to.
class ChainKernel : public Kernel {
 public:
  explicit ChainKernel(const OpContext& context)
      : attrs_(context.node().attrs), function_(*Choose(context, /*plain=*/false)) {}
  Status Run(const KernelArgs& args) const override { return RunElements(function_, args); }

 private:
  const std::shared_ptr<const OpAttrs> attrs_;
  const ElementFunction function_;
};

Result<std::unique_ptr<Kernel>> Prepare(const OpContext& context, const PrepareOptions&) {
  return std::unique_ptr<Kernel>(std::make_unique<ChainKernel>(context));
}

}  // namespace

bool AssignChainSlots(const std::vector<std::vector<int>>& reads, std::vector<ChainStep>* steps) {
  std::vector<size_t> last(reads.size(), 0);
  for (size_t i = 0; i < reads.size(); ++i) {
    for (int k : reads[i]) {
      if (k < 0) last[static_cast<size_t>(~k)] = i;
    }
  }
  int holder[kMaxChainSlots];  // which step's result a slot holds
  std::fill_n(holder, kMaxChainSlots, kNone);
  for (size_t i = 0; i < reads.size(); ++i) {
    ChainStep& step = (*steps)[i];
    step.num_operands = static_cast<int>(reads[i].size());
    for (size_t o = 0; o < reads[i].size(); ++o) {
      const int k = reads[i][o];
      step.operands[o] = k < 0 ? ~(*steps)[static_cast<size_t>(~k)].slot : k;
    }
    // Not over one of its own operands: sizes of elements may differ.
    const auto free = std::find_if(holder, holder + kMaxChainSlots,
                                   [&](int held) { return held == kNone || last[static_cast<size_t>(held)] < i; });
    if (free == holder + kMaxChainSlots) return false;
    *free = static_cast<int>(i);
    step.slot = static_cast<int>(free - holder);
  }
  return true;
}

extern const OpDef element_chain_op;
const OpDef element_chain_op{
    .name = "ELEMENT_CHAIN",
    .min_inputs = 1,
    .max_inputs = kMaxElementInputs,
    .infer = Infer,
    .axes = ElementAxes,
    .cost = CostOf,
    .reference = Reference,
    .prepare = Prepare,
};

}  // namespace safelight
