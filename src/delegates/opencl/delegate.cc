// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/delegate.h"

#include <utility>

#include "delegates/opencl/nodes.h"
#include "delegates/opencl/part.h"

namespace safelight::opencl {
namespace {

// Places are counted in 32 bits on the device.
constexpr int64_t kMostNumbers = (int64_t{1} << 31) - 1;

Verdict CheckValue(const Value& value) {
  if (value.dtype != DType::kFloat32) return Verdict::No(DTypeName(value.dtype), " values");
  if (value.shape.elements() == 0) return Verdict::No("a value without elements");
  const Layout layout = LayoutOf(value.shape);
  const int64_t pixels = value.shape.elements() / layout.channels;
  if (pixels > kMostNumbers / (layout.slices() * 4)) {
    return Verdict::No("a value of ", value.shape.ToString(), ", at most ", kMostNumbers, " numbers");
  }
  return Verdict::Yes();
}

class OpenclDelegate : public Delegate {
 public:
  OpenclDelegate(std::shared_ptr<const Device> device, Settings settings)
      : device_(std::move(device)), settings_(std::move(settings)) {
    info_ = {.name = "opencl",
             .version = device_->Identity(),
             .devices = ListDevices(*device_->library),
             .types = {DType::kFloat32}};
    if (settings_.half_values) info_.types.push_back(DType::kFloat16);
  }

  const DelegateInfo& info() const override { return info_; }

  Verdict Supports(const Graph& graph, const Node& node) const override {
    const NodeRule* rule = FindRule(*node.op);
    if (rule == nullptr) return Verdict::No("it has no ", node.op->name);
    const NodeView view{OpContext(graph, node), settings_.half_values};
    for (int i = 0; i < view.context.num_outputs(); ++i) {
      if (Verdict verdict = CheckValue(view.context.output(i)); !verdict.taken) return verdict;
    }
    for (int i = 0; i < view.context.num_inputs(); ++i) {
      if (!view.context.has_input(i) || view.context.input(i).is_constant()) continue;
      if (Verdict verdict = CheckValue(view.context.input(i)); !verdict.taken) return verdict;
    }
    return rule->check == nullptr ? Verdict::Yes() : rule->check(view);
  }

  Result<std::unique_ptr<CompiledPart>> Compile(std::shared_ptr<const Graph> part) override {
    return CompilePart(device_, settings_, std::move(part));
  }

 private:
  const std::shared_ptr<const Device> device_;
  const Settings settings_;
  DelegateInfo info_;
};

}  // namespace

Result<std::unique_ptr<Delegate>> MakeDelegate(const Library* library, const DelegateOptions& options) {
  SL_ASSIGN(Settings settings, ReadSettings(options));
  SL_ASSIGN(std::shared_ptr<const Device> device, OpenDevice(library, settings));
  if (settings.images && !device->has_images) return Unsupported("device ", device->name, " has no images");
  return std::unique_ptr<Delegate>(std::make_unique<OpenclDelegate>(std::move(device), std::move(settings)));
}

}  // namespace safelight::opencl
