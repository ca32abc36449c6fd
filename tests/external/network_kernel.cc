// SPDX-License-Identifier: Apache-2.0
#include "network_kernel.h"

#include <algorithm>

namespace safelight::host {
namespace {

enum Op : int32_t {
  kAdd = 0,
  kConcatenation = 2,
  kConv = 3,
  kDepthToSpace = 5,
  kRelu = 19,
  kMaximum = 55,
  kMinimum = 57
};

// The interface's structs of options, as far as they are read.
struct ConvOptions {
  int32_t padding, stride_x, stride_y, activation, dilation_x, dilation_y;
};
struct ConcatenationOptions {
  int32_t axis, activation;
};

int64_t Count(const Tensor& tensor) {
  int64_t count = 1;
  for (int i = 0; i < tensor.dims->size; ++i) count *= tensor.dims->at[i];
  return count;
}

float Activate(float value, int32_t activation) {
  if (activation == 1) return std::max(value, 0.0f);
  if (activation == 3) return std::min(std::max(value, 0.0f), 6.0f);
  return value;
}

bool KnowsActivation(int32_t activation) { return activation == 0 || activation == 1 || activation == 3; }

}  // namespace

const char* KernelOpName(int32_t builtin_code) {
  switch (builtin_code) {
    case kAdd: return "ADD";
    case kConcatenation: return "CONCATENATION";
    case kConv: return "CONV_2D";
    case kDepthToSpace: return "DEPTH_TO_SPACE";
    case kRelu: return "RELU";
    case kMaximum: return "MAXIMUM";
    case kMinimum: return "MINIMUM";
    default: return "";
  }
}

bool KernelRuns(const WideRegistration& registration, const Context& context, const Node& node) {
  if (*KernelOpName(registration.builtin_code) == '\0' || registration.custom_name != nullptr) return false;
  constexpr int32_t kFloat32 = 1;
  for (const Ints* list : {node.inputs, node.outputs}) {
    for (int i = 0; i < list->size; ++i) {
      if (list->at[i] < 0 || context.tensors[list->at[i]].type != kFloat32) return false;
    }
  }
  const Tensor& output = context.tensors[node.outputs->at[0]];
  switch (registration.builtin_code) {
    case kConv:
      return KnowsActivation(static_cast<const ConvOptions*>(node.builtin_data)->activation) &&
             node.inputs->size == 3 && output.dims->size == 4;
    case kConcatenation: {
      const auto& options = *static_cast<const ConcatenationOptions*>(node.builtin_data);
      return options.activation == 0 && (options.axis == -1 || options.axis == output.dims->size - 1);
    }
    case kAdd: return *static_cast<const int32_t*>(node.builtin_data) == 0;
    case kDepthToSpace: return output.dims->size == 4;
    default: return true;
  }
}

std::unique_ptr<NetworkKernel> NetworkKernel::Create(Context* context, const DelegateParams& params) {
  auto kernel = std::make_unique<NetworkKernel>();
  for (int i = 0; i < params.nodes_to_replace->size; ++i) {
    Node* node = nullptr;
    WideRegistration* registration = nullptr;
    if (context->get_node(context, params.nodes_to_replace->at[i], &node, &registration) != kOk) {
      context->report_error(context, "node %d is not shown", params.nodes_to_replace->at[i]);
      return nullptr;
    }
    const std::vector<int32_t> inputs(node->inputs->at, node->inputs->at + node->inputs->size);
    kernel->steps_.push_back({registration->builtin_code, inputs, node->outputs->at[0], node->builtin_data});
  }
  kernel->outputs_.assign(params.output_tensors->at, params.output_tensors->at + params.output_tensors->size);
  kernel->values_.resize(context->tensors_size);
  return kernel;
}

const float* NetworkKernel::Elements(Context* context, int32_t tensor) const {
  const std::vector<float>& made = values_[static_cast<size_t>(tensor)];
  return made.empty() ? static_cast<const float*>(context->tensors[tensor].data) : made.data();
}

Code NetworkKernel::Run(Context* context) {
  for (std::vector<float>& value : values_) value.clear();
  for (const Step& step : steps_) {
    for (int32_t input : step.inputs) {
      if (Elements(context, input) != nullptr) continue;
      context->report_error(context, "tensor %d has no memory", input);
      return kError;
    }
    values_[static_cast<size_t>(step.output)].resize(static_cast<size_t>(Count(context->tensors[step.output])));
    switch (step.op) {
      case kConv: RunConv(context, step); break;
      case kConcatenation: RunConcatenation(context, step); break;
      case kDepthToSpace: RunDepthToSpace(context, step); break;
      default: RunBinary(context, step); break;
    }
  }
  return kOk;
}

void NetworkKernel::RunConv(Context* context, const Step& step) {
  const auto& options = *static_cast<const ConvOptions*>(step.options);
  const Ints& in = *context->tensors[step.inputs[0]].dims;
  const Ints& filter = *context->tensors[step.inputs[1]].dims;
  const Ints& out = *context->tensors[step.output].dims;
  const float* input = Elements(context, step.inputs[0]);
  const float* weights = Elements(context, step.inputs[1]);
  const float* bias = Elements(context, step.inputs[2]);
  float* result = values_[static_cast<size_t>(step.output)].data();
  const int channels = in.at[3];
  const auto before = [&](int size, int made, int stride, int taps, int dilation) {
    return options.padding == 1 ? std::max(0, ((made - 1) * stride + (taps - 1) * dilation + 1 - size) / 2) : 0;
  };
  const int top = before(in.at[1], out.at[1], options.stride_y, filter.at[1], options.dilation_y);
  const int left = before(in.at[2], out.at[2], options.stride_x, filter.at[2], options.dilation_x);
  for (int i = 0; i < out.at[0] * out.at[1] * out.at[2] * out.at[3]; ++i) {
    const int o = i % out.at[3], x = i / out.at[3] % out.at[2], y = i / out.at[3] / out.at[2] % out.at[1];
    const int n = i / out.at[3] / out.at[2] / out.at[1];
    float sum = bias[o];
    for (int tap = 0; tap < filter.at[1] * filter.at[2]; ++tap) {
      const int from_y = y * options.stride_y - top + tap / filter.at[2] * options.dilation_y;
      const int from_x = x * options.stride_x - left + tap % filter.at[2] * options.dilation_x;
      if (from_y < 0 || from_y >= in.at[1] || from_x < 0 || from_x >= in.at[2]) continue;
      const float* pixel = input + ((n * in.at[1] + from_y) * in.at[2] + from_x) * channels;
      const float* taps = weights + (o * filter.at[1] * filter.at[2] + tap) * channels;
      for (int c = 0; c < channels; ++c) sum += pixel[c] * taps[c];
    }
    result[i] = Activate(sum, options.activation);
  }
}

// Along the last axis.
void NetworkKernel::RunConcatenation(Context* context, const Step& step) {
  float* result = values_[static_cast<size_t>(step.output)].data();
  const Ints& out = *context->tensors[step.output].dims;
  const int64_t width = out.at[out.size - 1], rows = Count(context->tensors[step.output]) / width;
  int64_t at = 0;
  for (int32_t input : step.inputs) {
    const Ints& in = *context->tensors[input].dims;
    const int64_t part = in.at[in.size - 1];
    const float* from = Elements(context, input);
    for (int64_t row = 0; row < rows; ++row) std::copy_n(from + row * part, part, result + row * width + at);
    at += part;
  }
}

// The second operand may be one number.
void NetworkKernel::RunBinary(Context* context, const Step& step) {
  std::vector<float>& result = values_[static_cast<size_t>(step.output)];
  const float* a = Elements(context, step.inputs[0]);
  const bool one = step.inputs.size() < 2;
  const float* b = one ? a : Elements(context, step.inputs[1]);
  const size_t stride = !one && Count(context->tensors[step.inputs[1]]) == 1 ? 0 : 1;
  for (size_t i = 0; i < result.size(); ++i) {
    const float other = b[i * stride];
    switch (step.op) {
      case kAdd: result[i] = a[i] + other; break;
      case kMaximum: result[i] = std::max(a[i], other); break;
      case kMinimum: result[i] = std::min(a[i], other); break;
      default: result[i] = std::max(a[i], 0.0f); break;
    }
  }
}

void NetworkKernel::RunDepthToSpace(Context* context, const Step& step) {
  const int block = *static_cast<const int32_t*>(step.options);
  const Ints& in = *context->tensors[step.inputs[0]].dims;
  const Ints& out = *context->tensors[step.output].dims;
  const float* input = Elements(context, step.inputs[0]);
  float* result = values_[static_cast<size_t>(step.output)].data();
  for (int i = 0; i < out.at[0] * out.at[1] * out.at[2] * out.at[3]; ++i) {
    const int c = i % out.at[3], x = i / out.at[3] % out.at[2], y = i / out.at[3] / out.at[2] % out.at[1];
    const int n = i / out.at[3] / out.at[2] / out.at[1];
    const int pixel = (n * in.at[1] + y / block) * in.at[2] + x / block;
    result[i] = input[pixel * in.at[3] + (y % block * block + x % block) * out.at[3] + c];
  }
}

}  // namespace safelight::host
