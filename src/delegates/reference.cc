// SPDX-License-Identifier: Apache-2.0
//
// reference: every op's obvious implementation, one node after another on whole tensors. Slow; the truth that other
// delegates are compared with.
#include <utility>

#include "delegates/delegates.h"
#include "graph/op_def.h"
#include "tensor/tensor.h"

namespace safelight {
namespace {

class ReferencePart : public CompiledPart {
 public:
  explicit ReferencePart(std::shared_ptr<const Graph> part) : part_(std::move(part)), data_(part_->values.size()) {
    for (const Node& node : part_->nodes) {
      for (ValueId output : node.outputs) {
        const Value& value = part_->values[output];
        made_.emplace_back(value.dtype, value.shape);
        data_[output] = made_.back().bytes();
      }
    }
    for (size_t id = 0; id < data_.size(); ++id) {
      if (part_->values[id].is_constant()) data_[id] = const_cast<std::byte*>(part_->values[id].constant);
    }
  }

  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    for (size_t i = 0; i < inputs.size(); ++i) data_[part_->inputs[i]] = const_cast<void*>(inputs[i].data);
    for (size_t i = 0; i < outputs.size(); ++i) data_[part_->outputs[i]] = outputs[i].data;
    for (const Node& node : part_->nodes) {
      std::vector<ConstTensorView> from(node.inputs.size());
      std::vector<TensorView> to;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == kNone) continue;
        const Value& value = part_->values[node.inputs[i]];
        from[i] = ConstTensorView(value.dtype, value.shape, data_[node.inputs[i]]);
      }
      for (ValueId output : node.outputs) {
        const Value& value = part_->values[output];
        to.push_back({value.dtype, value.shape, data_[output]});
      }
      SL_TRY(node.op->reference(OpContext(*part_, node), from, to).With(NodeLabel(*part_, node)));
    }
    return {};
  }

  int64_t memory_bytes() const override {
    int64_t total = 0;
    for (const Tensor& tensor : made_) total += static_cast<int64_t>(tensor.size_bytes());
    return total;
  }

 private:
  const std::shared_ptr<const Graph> part_;
  std::vector<void*> data_;   // by ValueId
  std::vector<Tensor> made_;  // of every value that a node makes; those given out are written to the caller's instead
};

class ReferenceDelegate : public Delegate {
 public:
  const DelegateInfo& info() const override { return info_; }
  Verdict Supports(const Graph&, const Node&) const override { return Verdict::Yes(); }
  Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph> part) override {
    return std::unique_ptr<CompiledPart>(std::make_unique<ReferencePart>(std::move(part)));
  }

 private:
  const DelegateInfo info_{"reference", "1", {{"CPU", "cpu"}}, {}};
};

Result<std::unique_ptr<Delegate>> Open(const DelegateOptions& options) {
  SL_TRY(CheckOptions(options, {}));
  return std::unique_ptr<Delegate>(std::make_unique<ReferenceDelegate>());
}

}  // namespace

extern const DelegateDef reference_delegate;
const DelegateDef reference_delegate{"reference", "each op's plain implementation, for comparison; slow", Open};

}  // namespace safelight
