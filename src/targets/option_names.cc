// SPDX-License-Identifier: Apache-2.0
#include "targets/option_names.h"

#include <iterator>

namespace safelight {
namespace {

using K = OptionKind;

// Fields of the options tables of the TFLite schema, by slot.
constexpr OptionName kConv[] = {{"padding", 0, K::kPadding, 0}, {"stride_w", 1, K::kInt, 0},
                                {"stride_h", 2, K::kInt, 0},    {"activation", 3, K::kActivation, 0},
                                {"dilation_w", 4, K::kInt, 1},  {"dilation_h", 5, K::kInt, 1}};
constexpr OptionName kDepthwise[] = {{"padding", 0, K::kPadding, 0},       {"stride_w", 1, K::kInt, 0},
                                     {"stride_h", 2, K::kInt, 0},          {"depth_multiplier", 3, K::kInt, 0},
                                     {"activation", 4, K::kActivation, 0}, {"dilation_w", 5, K::kInt, 1},
                                     {"dilation_h", 6, K::kInt, 1}};
constexpr OptionName kPool[] = {{"padding", 0, K::kPadding, 0}, {"stride_w", 1, K::kInt, 0},
                                {"stride_h", 2, K::kInt, 0},    {"filter_w", 3, K::kInt, 0},
                                {"filter_h", 4, K::kInt, 0},    {"activation", 5, K::kActivation, 0}};
constexpr OptionName kTransposeConv[] = {{"padding", 0, K::kPadding, 0},
                                         {"stride_w", 1, K::kInt, 0},
                                         {"stride_h", 2, K::kInt, 0},
                                         {"activation", 3, K::kActivation, 0}};
constexpr OptionName kFullyConnected[] = {{"activation", 0, K::kActivation, 0},
                                          {"weights_format", 1, K::kWeightsFormat, 0},
                                          {"keep_num_dims", 2, K::kBool, 0}};
constexpr OptionName kActivationOnly[] = {{"activation", 0, K::kActivation, 0}};
constexpr OptionName kConcat[] = {{"axis", 0, K::kInt, 0}, {"activation", 1, K::kActivation, 0}};
constexpr OptionName kBilinear[] = {{"align_corners", 2, K::kBool, 0}, {"half_pixel_centers", 3, K::kBool, 0}};
constexpr OptionName kNearest[] = {{"align_corners", 0, K::kBool, 0}, {"half_pixel_centers", 1, K::kBool, 0}};
constexpr OptionName kBlock[] = {{"block_size", 0, K::kInt, 0}};
constexpr OptionName kMirror[] = {{"mode", 0, K::kMirror, 0}};
constexpr OptionName kSoftmax[] = {{"beta", 0, K::kFloat, 0}};
constexpr OptionName kReduce[] = {{"keep_dims", 0, K::kBool, 0}};
constexpr OptionName kStridedSlice[] = {{"begin_mask", 0, K::kInt, 0},
                                        {"end_mask", 1, K::kInt, 0},
                                        {"ellipsis_mask", 2, K::kInt, 0},
                                        {"new_axis_mask", 3, K::kInt, 0},
                                        {"shrink_axis_mask", 4, K::kInt, 0}};
constexpr OptionName kPack[] = {{"values_count", 0, K::kInt, 0}, {"axis", 1, K::kInt, 0}};
constexpr OptionName kUnpack[] = {{"num", 0, K::kInt, 0}, {"axis", 1, K::kInt, 0}};
constexpr OptionName kSplit[] = {{"num_splits", 0, K::kInt, 0}};
constexpr OptionName kArg[] = {{"output_type", 0, K::kType, 0}};
constexpr OptionName kGather[] = {{"axis", 0, K::kInt, 0}, {"batch_dims", 1, K::kInt, 0}};
constexpr OptionName kLeaky[] = {{"alpha", 0, K::kFloat, 0}};

struct OpOptions {
  std::string_view op;
  const OptionName* begin;
  size_t count;
};
template <size_t N>
constexpr OpOptions Of(std::string_view op, const OptionName (&names)[N]) {
  return {op, names, N};
}
constexpr OpOptions kOps[] = {
    Of("CONV_2D", kConv),
    Of("DEPTHWISE_CONV_2D", kDepthwise),
    Of("AVERAGE_POOL_2D", kPool),
    Of("MAX_POOL_2D", kPool),
    Of("L2_POOL_2D", kPool),
    Of("TRANSPOSE_CONV", kTransposeConv),
    Of("FULLY_CONNECTED", kFullyConnected),
    Of("ADD", kActivationOnly),
    Of("SUB", kActivationOnly),
    Of("MUL", kActivationOnly),
    Of("DIV", kActivationOnly),
    Of("L2_NORMALIZATION", kActivationOnly),
    Of("CONCATENATION", kConcat),
    Of("RESIZE_BILINEAR", kBilinear),
    Of("RESIZE_NEAREST_NEIGHBOR", kNearest),
    Of("DEPTH_TO_SPACE", kBlock),
    Of("SPACE_TO_DEPTH", kBlock),
    Of("MIRROR_PAD", kMirror),
    Of("SOFTMAX", kSoftmax),
    Of("MEAN", kReduce),
    Of("SUM", kReduce),
    Of("REDUCE_MAX", kReduce),
    Of("REDUCE_MIN", kReduce),
    Of("STRIDED_SLICE", kStridedSlice),
    Of("PACK", kPack),
    Of("UNPACK", kUnpack),
    Of("SPLIT", kSplit),
    Of("ARG_MAX", kArg),
    Of("ARG_MIN", kArg),
    Of("GATHER", kGather),
    Of("LEAKY_RELU", kLeaky),
};

struct Word {
  OptionKind kind;
  std::string_view word;
  double number;
};
// Padding, ActivationFunctionType, MirrorPadMode, FullyConnectedOptionsWeightsFormat and TensorType of the schema.
constexpr Word kWords[] = {
    {K::kPadding, "same", 0},
    {K::kPadding, "valid", 1},
    {K::kActivation, "none", 0},
    {K::kActivation, "relu", 1},
    {K::kActivation, "relu_n1_to_1", 2},
    {K::kActivation, "relu6", 3},
    {K::kActivation, "tanh", 4},
    {K::kActivation, "sign_bit", 5},
    {K::kMirror, "reflect", 0},
    {K::kMirror, "symmetric", 1},
    {K::kWeightsFormat, "default", 0},
    {K::kWeightsFormat, "shuffled", 1},
    {K::kType, "float32", 0},
    {K::kType, "int32", 2},
    {K::kType, "int64", 4},
};

const OpOptions* OptionsOfOp(std::string_view op) {
  for (const OpOptions& options : kOps) {
    if (options.op == op) return &options;
  }
  return nullptr;
}

}  // namespace

const OptionName* FindOption(std::string_view op, std::string_view name) {
  const OpOptions* options = OptionsOfOp(op);
  for (size_t i = 0; options != nullptr && i < options->count; ++i) {
    if (options->begin[i].name == name) return &options->begin[i];
  }
  return nullptr;
}

std::string OptionsOf(std::string_view op) {
  const OpOptions* options = OptionsOfOp(op);
  std::string text;
  for (size_t i = 0; options != nullptr && i < options->count; ++i) {
    text += (text.empty() ? "" : ", ") + std::string(options->begin[i].name);
  }
  return text.empty() ? "none" : text;
}

std::optional<double> NumberOf(OptionKind kind, std::string_view word) {
  for (const Word& entry : kWords) {
    if (entry.kind == kind && entry.word == word) return entry.number;
  }
  return std::nullopt;
}

double ReadOption(const AttrReader& options, const OptionName& option) {
  if (option.kind == OptionKind::kFloat) return options.Float(option.slot, static_cast<float>(option.fallback));
  return static_cast<double>(options.Int(option.slot, static_cast<int64_t>(option.fallback)));
}

}  // namespace safelight
