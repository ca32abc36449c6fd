// SPDX-License-Identifier: Apache-2.0
#include "dump.h"

#include <cstdio>
#include <string_view>
#include <vector>

namespace safelight::host {
namespace {

// The bytes of each op's options that are set, by the number of the op; ops that are not here have none that count.
struct Size {
  int32_t op;
  size_t bytes;
};
constexpr Size kSizes[] = {
    {0, 5},   {1, 24},  {2, 8},   {3, 28},  {4, 28},   {5, 4},   {9, 11},  {11, 4}, {17, 24},
    {18, 4},  {23, 2},  {25, 4},  {26, 4},  {36, 8},   {40, 1},  {41, 5},  {42, 4}, {43, 36},
    {45, 21}, {49, 4},  {53, 8},  {56, 4},  {67, 20},  {74, 1},  {79, 4},  {81, 1}, {82, 1},
    {83, 8},  {84, 0},  {88, 8},  {89, 1},  {91, 1},   {93, 0},  {97, 2},  {98, 4}, {100, 4},
    {102, 4}, {106, 1}, {126, 2}, {128, 2}, {132, 32}, {150, 1}, {158, 1}, {77, 4}, {73, 0},
};

std::string Hex(const void* data, size_t size) {
  std::string text;
  char digits[3];
  for (size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<const unsigned char*>(data)[i]);
    text += digits;
  }
  return text;
}

template <typename Array>
std::string List(const Array* array) {
  if (array == nullptr) return "none";
  std::string text = "[";
  for (int i = 0; i < array->size; ++i) text += (i == 0 ? "" : " ") + std::to_string(array->at[i]);
  return text + "]";
}

// A sum of what a constant holds.
uint64_t Sum(const Tensor& tensor) {
  uint64_t sum = 1469598103934665603u;
  for (size_t i = 0; i < tensor.bytes; ++i)
    sum = (sum ^ static_cast<const unsigned char*>(tensor.data)[i]) * 1099511628211u;
  return sum;
}

std::string Describe(const Context& context, int32_t index) {
  if (index < 0) return "left out";
  const Tensor& tensor = context.tensors[index];
  std::string text = std::string(tensor.name == nullptr ? "?" : tensor.name) + " type " + std::to_string(tensor.type) +
                     " dims " + List(tensor.dims) + " signature " + List(tensor.dims_signature) + " from " +
                     std::to_string(tensor.allocation) + " bytes " + std::to_string(tensor.bytes) + " scale " +
                     std::to_string(tensor.scale) + " zero " + std::to_string(tensor.zero_point) + " variable " +
                     std::to_string(tensor.is_variable) + " sparse " + std::to_string(tensor.sparsity != nullptr);
  if (tensor.quantization.type == kAffine && tensor.quantization.params != nullptr) {
    const auto& affine = *static_cast<const AffineQuantization*>(tensor.quantization.params);
    text +=
        " scales " + List(affine.scale) + " zeros " + List(affine.zero_point) + " axis " + std::to_string(affine.axis);
  }
  if (tensor.allocation == kMapped) text += " holds " + std::to_string(Sum(tensor));
  return text;
}

std::string DescribeNode(const Context& context, const Node& node, const WideRegistration& registration) {
  std::string text =
      "op " + std::to_string(registration.builtin_code) + " version " + std::to_string(registration.version);
  if (registration.custom_name != nullptr) text += std::string(" custom ") + registration.custom_name;
  for (const Size& size : kSizes) {
    if (size.op != registration.builtin_code) continue;
    text += " options " + (node.builtin_data == nullptr ? "null" : Hex(node.builtin_data, size.bytes));
  }
  for (const Ints* list : {node.inputs, node.outputs}) {
    for (int i = 0; i < list->size; ++i)
      text += (list == node.inputs ? " | in " : " | out ") + Describe(context, list->at[i]);
  }
  return text + "\n";
}

}  // namespace

Code DumpNetwork(Context* context, const std::string& file) {
  Ints* plan = nullptr;
  if (context->get_execution_plan(context, &plan) != kOk) return kError;
  const std::vector<int32_t> order(plan->at, plan->at + plan->size);
  std::string text;
  for (int32_t index : order) {
    Node* node = nullptr;
    WideRegistration* registration = nullptr;
    if (context->get_node(context, index, &node, &registration) != kOk) return kError;
    text += DescribeNode(*context, *node, *registration);
  }
  std::FILE* out = std::fopen(file.c_str(), "w");
  if (out == nullptr) return kError;
  std::fputs(text.c_str(), out);
  return std::fclose(out) == 0 ? kOk : kError;
}

}  // namespace safelight::host
