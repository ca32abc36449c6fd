// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_conv.h"

#include <algorithm>

#include "graph/pack_cache.h"
#include "ops/support/int_matrix.h"
#include "ops/support/int_patch.h"
#include "ops/support/int_sums.h"

namespace safelight {
namespace {

Result<SumScaling> ScalingOf(const OpContext& context, bool depthwise) {
  return SumScaling::Make(context, {.channel_axis = depthwise ? 3 : 0, .always_wide = depthwise},
                          context.attrs<SlidingAttrs>().clamp);
}

// Plain loops over any windows: the reference, and the path of weights that are computed at run time.
void RunPlain(bool depthwise, const Sliding& s, const SumScaling& scaling, const KernelArgs& args) {
  const Window &in = args.inputs[0], &weights = args.inputs[1], &out = args.outputs[0];
  const Window* bias = args.inputs.size() > 2 ? &args.inputs[2] : nullptr;
  const Shape& filter = weights.shape;
  const int64_t channels = depthwise ? 1 : filter[3];
  const int64_t outs = depthwise ? filter[3] : filter[0], group_out = outs / (in.shape[3] / channels);
  const auto pixel = [&](int64_t n, int64_t y, int64_t x, int64_t o) {
    const Range ky_range = s.rows.ValidTaps(y), kx_range = s.columns.ValidTaps(x);
    int64_t sum = 0;
    for (int64_t ky = ky_range.begin; ky < ky_range.end; ++ky) {
      for (int64_t kx = kx_range.begin; kx < kx_range.end; ++kx) {
        const int64_t from = in.Offset(0, n) + in.Offset(1, s.rows.InputOf(y, ky)) +
                             in.Offset(2, s.columns.InputOf(x, kx)) + o / group_out * channels;
        const int64_t w =
            depthwise ? (ky * filter[2] + kx) * outs + o : ((o * filter[1] + ky) * filter[2] + kx) * channels;
        for (int64_t i = 0; i < channels; ++i) {
          sum += int64_t{StoredAt(in.dtype, in.data, from + i) - scaling.zero_point()} *
                 (StoredAt(weights.dtype, weights.data, w + i) - scaling.weight_zero_point());
        }
      }
    }
    return scaling.Finish(sum, o, bias);
  };
  StoreEach(out, args.box, pixel);
}

class PlainKernel : public Kernel {
 public:
  PlainKernel(bool depthwise, const Sliding& sliding, SumScaling scaling)
      : depthwise_(depthwise), sliding_(sliding), scaling_(std::move(scaling)) {}
  Status Run(const KernelArgs& args) const override {
    RunPlain(depthwise_, sliding_, scaling_, args);
    return {};
  }

 private:
  const bool depthwise_;
  const Sliding sliding_;
  const SumScaling scaling_;
};

// What both kinds share: patches of a few pixels.
class PatchKernel : public Kernel {
 public:
  PatchKernel(const OpContext& context, const Sliding& sliding, int64_t repeat, int32_t zero_point)
      : sliding_(sliding), patch_(sliding, context.input(0).shape[3], repeat, zero_point) {}

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    const Window& out = args.outputs[0];
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end;) {
          const int64_t pixels = out.row_axis == 2 ? 1 : std::min(patch_.pixels(), box[2].end - x);
          patch_.Fill(args.inputs[0], n, y, x, pixels, Patch(args));
          RunPixels(args, pixels, out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x));
          x += pixels;
        }
      }
    }
    return {};
  }

 protected:
  // In scratch: the patch, then what the kind needs.
  int16_t* Patch(const KernelArgs& args) const { return reinterpret_cast<int16_t*>(args.scratch); }
  std::byte* AfterPatch(const KernelArgs& args) const { return args.scratch + patch_.bytes(); }
  // The pixels whose patch is filled, to elements `to` and on.
  virtual void RunPixels(const KernelArgs& args, int64_t pixels, int64_t to) const = 0;

  static const Window* BiasOf(const KernelArgs& args) { return args.inputs.size() > 2 ? &args.inputs[2] : nullptr; }

  const Sliding sliding_;
  const IntPatch patch_;
};

class ConvKernel : public PatchKernel {
 public:
  ConvKernel(const OpContext& context, const Sliding& sliding, SumScaling scaling, const PrepareOptions& options)
      : PatchKernel(context, sliding, 1, scaling.zero_point()),
        in_channels_(context.input(1).shape[3]),
        groups_(context.input(0).shape[3] / in_channels_),
        joined_(groups_ == 1 && sliding.columns.dilation == 1),
        runs_(sliding.rows.taps * (joined_ ? 1 : sliding.columns.taps)),
        matrix_(std::move(scaling), context.input(1), context.has_input(2) ? &context.input(2) : nullptr, groups_,
                runs_, in_channels_ * (joined_ ? sliding.columns.taps : 1), options.pack_cache) {}

  size_t scratch_bytes() const override {
    return patch_.bytes() + static_cast<size_t>(runs_ + 1) * sizeof(kernels::IntRun) +
           matrix_.scratch_bytes(patch_.pixels());
  }

 private:
  void RunPixels(const KernelArgs& args, int64_t pixels, int64_t to) const override {
    auto* runs = reinterpret_cast<kernels::IntRun*>(AfterPatch(args));
    for (int64_t g = 0; g < groups_; ++g) {
      for (int64_t r = 0; r < runs_; ++r) {
        const int64_t ky = joined_ ? r : r / sliding_.columns.taps, kx = joined_ ? 0 : r % sliding_.columns.taps;
        runs[r] = matrix_.RunOf(r, Patch(args) + patch_.Place(ky, kx) + g * in_channels_);
      }
      matrix_.Run({.runs = runs,
                   .num_runs = runs_,
                   .in_step = patch_.step(),
                   .pixels = pixels,
                   .group = g,
                   .to = to,
                   .out_step = args.outputs[0].strides[2]},
                  args.outputs[0], BiasOf(args), reinterpret_cast<std::byte*>(runs + runs_));
    }
  }

  const int64_t in_channels_, groups_;
  const bool joined_;  // the taps of one filter row are one run
  const int64_t runs_;
  const IntMatrix matrix_;
};

class DepthwiseKernel : public PatchKernel {
 public:
  DepthwiseKernel(const OpContext& context, const Sliding& sliding, SumScaling scaling, const PrepareOptions& options)
      : PatchKernel(context, sliding, context.output(0).shape[3] / context.input(0).shape[3], scaling.zero_point()),
        channels_(context.output(0).shape[3]),
        padded_(kernels::PaddedChannels(channels_)),
        taps_(sliding.rows.taps * sliding.columns.taps),
        scaling_(std::move(scaling)),
        packed_(Pack(context.input(1), options)) {
    const bool narrow = context.has_input(2) && context.input(2).dtype == DType::kInt32;
    scaling_.PrepareRows(channels_, narrow ? context.constant<int32_t>(2) : nullptr);
  }

  size_t scratch_bytes() const override {
    return patch_.bytes() + static_cast<size_t>(padded_) * (sizeof(int64_t) + sizeof(int32_t)) +
           static_cast<size_t>(taps_) * 2 * sizeof(void*);
  }

 private:
  static constexpr int64_t kTapsOf32Bits = 510;

  std::shared_ptr<const AlignedBuffer> Pack(const Value& weights, const PrepareOptions& options) const {
    const int32_t zero = scaling_.weight_zero_point();
    const auto make = [&] {
      AlignedBuffer buffer(static_cast<size_t>(taps_ * channels_) * sizeof(int32_t));
      for (int64_t i = 0; i < taps_ * channels_; ++i) {
        const int32_t w = StoredAt(weights.dtype, weights.constant, i) - zero;
        reinterpret_cast<int32_t*>(buffer.data())[i] = w & 0xFFFF;
      }
      return buffer;
    };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(
        weights.constant, Cat("int depthwise ", taps_, "x", channels_, " ", DTypeName(weights.dtype), " ", zero), make);
  }

  void RunPixels(const KernelArgs& args, int64_t pixels, int64_t to) const override {
    int64_t* wide = reinterpret_cast<int64_t*>(AfterPatch(args));
    auto** in = reinterpret_cast<const int16_t**>(wide + padded_);
    auto** weights = reinterpret_cast<const int32_t**>(in + taps_);
    int32_t* sums = reinterpret_cast<int32_t*>(weights + taps_);
    for (int64_t t = 0; t < taps_; ++t) {
      in[t] = Patch(args) + patch_.Place(t / sliding_.columns.taps, t % sliding_.columns.taps);
      weights[t] = reinterpret_cast<const int32_t*>(packed_->data()) + t * channels_;
    }
    const Window& out = args.outputs[0];
    for (int64_t p = 0; p < pixels; ++p, to += out.strides[2]) {
      if (!scaling_.wide()) {
        std::fill_n(sums, padded_, 0);
        kernels::AddIntDepthwise(in, weights, taps_, channels_, sums);
        StoreSums(scaling_, sums, 0, channels_, out, to);
      } else {
        std::fill_n(wide, channels_, 0);
        for (int64_t t = 0; t < taps_; t += kTapsOf32Bits) {
          std::fill_n(sums, padded_, 0);
          kernels::AddIntDepthwise(in + t, weights + t, std::min(kTapsOf32Bits, taps_ - t), channels_, sums);
          for (int64_t c = 0; c < channels_; ++c) wide[c] += sums[c];
        }
        for (int64_t c = 0; c < channels_; ++c) {
          out.at<int16_t>(to)[c] = static_cast<int16_t>(scaling_.Finish(wide[c], c, BiasOf(args)));
        }
      }
      for (int64_t t = 0; t < taps_; ++t) in[t] += patch_.step();
    }
  }

  const int64_t channels_, padded_, taps_;
  SumScaling scaling_;
  const std::shared_ptr<const AlignedBuffer> packed_;
};

}  // namespace

bool IsIntConv(const OpContext& context) {
  return context.input(0).dtype != DType::kFloat32 || context.input(1).dtype != DType::kFloat32;
}

Status IntConvReference(const OpContext& context, bool depthwise, const Sliding& sliding,
                        std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  SL_ASSIGN(const SumScaling scaling, ScalingOf(context, depthwise));
  std::vector<Window> in;
  for (const ConstTensorView& view : inputs) {
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  }
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  RunPlain(depthwise, sliding, scaling, {in, {&out, 1}, WholeBox(out.shape), nullptr});
  return {};
}

Result<std::unique_ptr<Kernel>> PrepareIntConv(const OpContext& context, bool depthwise, const Sliding& sliding,
                                               const PrepareOptions& options) {
  SL_ASSIGN(SumScaling scaling, ScalingOf(context, depthwise));
  const bool constant = context.input(1).is_constant() && (!context.has_input(2) || context.input(2).is_constant());
  if (!constant) return std::unique_ptr<Kernel>(std::make_unique<PlainKernel>(depthwise, sliding, std::move(scaling)));
  if (depthwise) {
    return std::unique_ptr<Kernel>(std::make_unique<DepthwiseKernel>(context, sliding, std::move(scaling), options));
  }
  return std::unique_ptr<Kernel>(std::make_unique<ConvKernel>(context, sliding, std::move(scaling), options));
}

}  // namespace safelight
