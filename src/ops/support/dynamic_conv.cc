// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <type_traits>
#include <utility>

#include "graph/pack_cache.h"
#include "kernels/int_depthwise.h"
#include "kernels/int_product.h"
#include "ops/support/dynamic.h"
#include "ops/support/int_patch.h"
#include "ops/support/int_sums.h"

namespace safelight {
namespace {

constexpr int64_t kWordBytes = 2;
constexpr int kWeights = 1, kLowest = 2, kHighest = 3, kBias = 4;

int ChannelAxis(bool depthwise) { return depthwise ? 3 : 0; }

Sliding SlidingOf(const OpContext& context) {
  const Shape& filter = context.input(kWeights).shape;
  return *MakeSliding(context.input(0).shape, filter[1], filter[2], context.attrs<SlidingAttrs>());
}

// What a batch item's sums become.
class Finish {
 public:
  Finish(const OpContext& context, bool depthwise)
      : scales_(DynamicScales(context.input(kWeights), context.output(0).shape[3])),
        clamp_(context.attrs<SlidingAttrs>().clamp),
        symmetric_(IsSymmetricDynamic(context, depthwise)),
        scales_first_(depthwise || symmetric_) {}

  kernels::DynamicResults Of(const KernelArgs& args, int64_t n) const {
    const auto number = [&](int input) {
      const Window& window = args.inputs[static_cast<size_t>(input)];
      return *window.at<float>(window.Offset(0, n));
    };
    const float* bias = args.inputs.size() > kBias ? args.inputs[kBias].at<float>(0) : nullptr;
    return {.scales = scales_.data(),
            .scale = MakeDynamicRange(number(kLowest), number(kHighest), symmetric_).step,
            .scales_first = scales_first_,
            .bias = bias,
            .low = clamp_.low,
            .high = clamp_.high};
  }

 private:
  const std::vector<float> scales_;
  const kernels::Clamp clamp_;
  const bool symmetric_;     // the values
  const bool scales_first_;  // LiteRT's order of the two products
};

// Patches of a few pixels, their sums, their results.
class DynamicConvKernel : public Kernel {
 public:
  DynamicConvKernel(const OpContext& context, bool depthwise, const Sliding& sliding)
      : sliding_(sliding),
        channels_(context.output(0).shape[3]),
        finish_(context, depthwise),
        patch_(sliding, context.input(0).shape[3], depthwise ? channels_ / context.input(0).shape[3] : 1,
               IntInputs(0)) {}

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    const Window& out = args.outputs[0];
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      const kernels::DynamicResults results = finish_.Of(args, n);
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end;) {
          const int64_t pixels = out.row_axis == 2 ? 1 : std::min(patch_.pixels(), box[2].end - x);
          patch_.Fill(args.inputs[0], n, y, x, pixels, args.scratch);
          RunPixels(args.scratch, pixels, results, out.Pixel<float>(n, y, x), out.strides[2]);
          x += pixels;
        }
      }
    }
    return {};
  }

 protected:
  // The pixels whose patch lies at `scratch`.
  virtual void RunPixels(std::byte* scratch, int64_t pixels, const kernels::DynamicResults& results, float* out,
                         int64_t out_step) const = 0;

  const Sliding sliding_;
  const int64_t channels_;
  const Finish finish_;
  const IntPatch patch_;
};

class ConvKernel : public DynamicConvKernel {
 public:
  ConvKernel(const OpContext& context, const Sliding& sliding, const PrepareOptions& options)
      : DynamicConvKernel(context, /*depthwise=*/false, sliding),
        in_channels_(context.input(kWeights).shape[3]),
        groups_(context.input(0).shape[3] / in_channels_),
        group_out_(channels_ / groups_),
        padded_(kernels::PaddedChannels(group_out_)),
        joined_(groups_ == 1 && sliding.columns.dilation == 1),
        runs_(sliding.rows.taps * (joined_ ? 1 : sliding.columns.taps)),
        length_(in_channels_ * (joined_ ? sliding.columns.taps : 1)),
        pairs_((length_ + 1) / 2),
        packed_(Packed(context.input(kWeights), options)) {}

  size_t scratch_bytes() const override {
    return patch_.bytes() + static_cast<size_t>(runs_) * sizeof(kernels::IntRun) +
           static_cast<size_t>(patch_.pixels() * padded_) * sizeof(int32_t);
  }

 private:
  size_t GroupBytes() const { return kernels::IntPackedBytes(group_out_, runs_ * pairs_); }

  std::shared_ptr<const AlignedBuffer> Packed(const Value& weights, const PrepareOptions& options) const {
    const auto make = [&] { return Pack(weights); };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(
        weights.constant,
        Cat("dynamic ", groups_, "x", group_out_, "x", runs_, "x", length_, " ", DTypeName(weights.dtype)), make);
  }

  AlignedBuffer Pack(const Value& weights) const {
    AlignedBuffer buffer(GroupBytes() * static_cast<size_t>(groups_));
    std::vector<int16_t> rows(static_cast<size_t>(group_out_ * runs_ * pairs_ * 2), 0);
    for (int64_t g = 0; g < groups_; ++g) {
      for (int64_t r = 0; r < group_out_ * runs_; ++r) {
        for (int64_t i = 0; i < length_; ++i) {
          rows[static_cast<size_t>(r * pairs_ * 2 + i)] = static_cast<int16_t>(
              StoredAt(weights.dtype, weights.constant, (g * group_out_ * runs_ + r) * length_ + i));
        }
      }
      kernels::PackInt(kernels::PairProduct().values, group_out_, runs_ * pairs_, rows.data(),
                       buffer.data() + GroupBytes() * static_cast<size_t>(g));
    }
    return buffer;
  }

  void RunPixels(std::byte* scratch, int64_t pixels, const kernels::DynamicResults& results, float* out,
                 int64_t out_step) const override {
    auto* runs = reinterpret_cast<kernels::IntRun*>(scratch + patch_.bytes());
    auto* sums = reinterpret_cast<int32_t*>(runs + runs_);
    for (int64_t g = 0; g < groups_; ++g) {
      for (int64_t r = 0; r < runs_; ++r) {
        const int64_t ky = joined_ ? r : r / sliding_.columns.taps, kx = joined_ ? 0 : r % sliding_.columns.taps;
        runs[r] = {scratch + patch_.Place(ky, kx) + g * in_channels_ * kWordBytes, r * pairs_, pairs_};
      }
      kernels::PairProduct().run(
          group_out_, runs_ * pairs_, packed_->data() + GroupBytes() * static_cast<size_t>(g),
          {.runs = runs, .num_runs = runs_, .in_step = patch_.step(), .pixels = pixels, .sums = sums});
      kernels::DynamicResults of = results;
      of.scales += g * group_out_;
      if (of.bias != nullptr) of.bias += g * group_out_;
      for (int64_t p = 0; p < pixels; ++p) {
        kernels::FinishDynamic(sums + p * padded_, group_out_, of, out + p * out_step + g * group_out_);
      }
    }
  }

  const int64_t in_channels_, groups_, group_out_, padded_;
  const bool joined_;  // the taps of one filter row are one run
  const int64_t runs_, length_, pairs_;
  const std::shared_ptr<const AlignedBuffer> packed_;
};

class DepthwiseKernel : public DynamicConvKernel {
 public:
  DepthwiseKernel(const OpContext& context, const Sliding& sliding, const PrepareOptions& options)
      : DynamicConvKernel(context, /*depthwise=*/true, sliding),
        padded_(kernels::PaddedDepthwise(channels_)),
        taps_(sliding.rows.taps * sliding.columns.taps),
        packed_(Packed(context.input(kWeights), options)) {}

  size_t scratch_bytes() const override {
    return patch_.bytes() + static_cast<size_t>(taps_ + 1) * sizeof(void*) +
           static_cast<size_t>(patch_.pixels() * padded_) * sizeof(int32_t);
  }

 private:
  std::shared_ptr<const AlignedBuffer> Packed(const Value& weights, const PrepareOptions& options) const {
    const auto make = [&] {
      std::vector<int16_t> words;
      for (int64_t i = 0; i < taps_ * channels_; ++i) {
        words.push_back(static_cast<int16_t>(StoredAt(weights.dtype, weights.constant, i)));
      }
      AlignedBuffer buffer(kernels::IntDepthwiseBytes(taps_, channels_));
      kernels::PackIntDepthwise(taps_, channels_, words.data(), buffer.data());
      return buffer;
    };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(
        weights.constant, Cat("dynamic depthwise ", taps_, "x", channels_, " ", DTypeName(weights.dtype)), make);
  }

  void RunPixels(std::byte* scratch, int64_t pixels, const kernels::DynamicResults& results, float* out,
                 int64_t out_step) const override {
    auto** in = reinterpret_cast<const int16_t**>(scratch + patch_.bytes());
    auto* sums = reinterpret_cast<int32_t*>(in + taps_ + 1);
    for (int64_t t = 0; t < taps_; ++t) {
      in[t] = reinterpret_cast<const int16_t*>(scratch +
                                               patch_.Place(t / sliding_.columns.taps, t % sliding_.columns.taps));
    }
    in[taps_] = in[0];
    kernels::RunIntDepthwise({.taps = taps_,
                              .channels = channels_,
                              .weights = packed_->data(),
                              .in = in,
                              .in_step = patch_.step() / kWordBytes,
                              .pixels = pixels,
                              .sums = sums});
    for (int64_t p = 0; p < pixels; ++p) {
      kernels::FinishDynamic(sums + p * padded_, channels_, results, out + p * out_step);
    }
  }

  const int64_t padded_, taps_;
  const std::shared_ptr<const AlignedBuffer> packed_;
};

// Plain loops: quantized values, as int16 without zero point.
void RunPlain(bool depthwise, const Sliding& s, const Finish& finish, const KernelArgs& args) {
  const Window &in = args.inputs[0], &weights = args.inputs[kWeights], &out = args.outputs[0];
  const Shape& filter = weights.shape;
  const int64_t channels = depthwise ? 1 : filter[3];
  const int64_t outs = depthwise ? filter[3] : filter[0], group_out = outs / (in.shape[3] / channels);
  for (int64_t i = 0; i < out.shape.elements(); ++i) {
    const int64_t o = i % outs, x = i / outs % out.shape[2], y = i / outs / out.shape[2] % out.shape[1];
    const int64_t n = i / outs / out.shape[2] / out.shape[1];
    const Range ky_range = s.rows.ValidTaps(y), kx_range = s.columns.ValidTaps(x);
    uint32_t sum = 0;  // modulo 2^32
    for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
      for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx) {
        const int16_t* from =
            in.Pixel<int16_t>(n, s.rows.InputOf(y, ky), s.columns.InputOf(x, kx)) + o / group_out * channels;
        const int64_t w =
            depthwise ? (ky * filter[2] + kx) * outs + o : ((o * filter[1] + ky) * filter[2] + kx) * channels;
        for (int64_t c = 0; c < channels; ++c) {
          sum += static_cast<uint32_t>(from[c] * StoredAt(weights.dtype, weights.data, w + c));
        }
      }
    }
    kernels::DynamicResults by = finish.Of(args, n);
    by.scales += o;
    if (by.bias != nullptr) by.bias += o;
    const int32_t whole = static_cast<int32_t>(sum);
    kernels::FinishDynamic(&whole, 1, by, out.at<float>(i));
  }
}

}  // namespace

template <bool depthwise>
Status InferDynamicConv(InferContext& context) {
  const Shape &in = context.input(0).shape, &filter = context.input(kWeights).shape;
  for (int i : {0, kWeights}) SL_TRY(CheckPicture(context, i));
  SL_TRY(CheckBias(context, kBias, filter[ChannelAxis(depthwise)]));
  SL_ASSIGN(const Sliding sliding, MakeSliding(in, filter[1], filter[2], context.attrs<SlidingAttrs>()));
  context.SetOutput(0, DType::kFloat32, {in[0], sliding.rows.out, sliding.columns.out, filter[ChannelAxis(depthwise)]});
  return {};
}

template <bool depthwise>
std::vector<AxisRule> DynamicConvAxes(const OpContext& context, int out_axis) {
  if (out_axis > 2) return {};
  const Sliding sliding = SlidingOf(context);
  std::vector<AxisRule> rules(static_cast<size_t>(context.num_inputs()), AxisRule::All());
  rules[0] = out_axis == 0   ? AxisRule::Same(0, context.input(0).shape[0])
             : out_axis == 1 ? sliding.rows.Rule(1)
                             : sliding.columns.Rule(2);
  return rules;
}

template <bool depthwise>
Cost DynamicConvCost(const OpContext& context) {
  const Value& weights = context.input(kWeights);
  const int64_t inner = weights.shape[1] * weights.shape[2] * (depthwise ? 1 : weights.shape[3]);
  return {.macs = context.output(0).shape.elements() * inner,
          .weight_bytes = TensorBytes(weights.dtype, weights.shape)};
}

template <bool depthwise>
Result<std::unique_ptr<Kernel>> PrepareDynamicConv(const OpContext& context, const PrepareOptions& options) {
  SL_TRY(CheckDynamicWeights(context.input(kWeights), ChannelAxis(depthwise)));
  SL_TRY(CheckDynamicBias(context, kBias));
  using OwnKernel = std::conditional_t<depthwise, DepthwiseKernel, ConvKernel>;
  return std::unique_ptr<Kernel>(std::make_unique<OwnKernel>(context, SlidingOf(context), options));
}

template <bool depthwise>
Status DynamicConvReference(const OpContext& context, std::span<const ConstTensorView> inputs,
                            std::span<const TensorView> outputs) {
  std::vector<Window> in;
  for (const ConstTensorView& view : inputs) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(depthwise, SlidingOf(context), Finish(context, depthwise), {in, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

#define INSTANTIATE(depthwise)                                                                        \
  template Status InferDynamicConv<depthwise>(InferContext&);                                         \
  template std::vector<AxisRule> DynamicConvAxes<depthwise>(const OpContext&, int);                   \
  template Cost DynamicConvCost<depthwise>(const OpContext&);                                         \
  template Status DynamicConvReference<depthwise>(const OpContext&, std::span<const ConstTensorView>, \
                                                  std::span<const TensorView>);                       \
  template Result<std::unique_ptr<Kernel>> PrepareDynamicConv<depthwise>(const OpContext&, const PrepareOptions&);
INSTANTIATE(false)
INSTANTIATE(true)
#undef INSTANTIATE

Status WholeDynamicConvReference(const OpContext& context, bool depthwise, const Sliding& sliding,
                                 std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  SL_TRY(CheckDynamicWeights(context.input(kWeights), ChannelAxis(depthwise)));
  SL_TRY(CheckDynamicBias(context, 2));
  const Shape& shape = inputs[0].shape;
  const float* values = static_cast<const float*>(inputs[0].data);
  const int64_t items = shape[0], each = shape.Product(1, 4);
  Tensor quantized(DType::kInt16, shape), low(DType::kFloat32, {items}), high(DType::kFloat32, {items});
  for (int64_t n = 0; n < items && each > 0; ++n) {
    const auto [least, most] = std::minmax_element(values + n * each, values + (n + 1) * each);
    low.data<float>()[n] = *least;
    high.data<float>()[n] = *most;
    const DynamicRange range = MakeDynamicRange(*least, *most, IsSymmetricDynamic(context, depthwise));
    kernels::QuantizeDynamic(values + n * each, each, range.values, quantized.data<int16_t>() + n * each);
  }
  std::vector<Window> in;
  for (const ConstTensorView& view :
       {std::as_const(quantized).view(), inputs[1], std::as_const(low).view(), std::as_const(high).view()}) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  if (inputs.size() > 2) in.push_back(WholeWindow(inputs[2].dtype, inputs[2].shape, const_cast<void*>(inputs[2].data)));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(depthwise, sliding, Finish(context, depthwise), {in, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

}  // namespace safelight
