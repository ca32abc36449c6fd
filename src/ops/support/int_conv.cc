// SPDX-License-Identifier: Apache-2.0
#include "ops/support/int_conv.h"

#include <algorithm>

#include "graph/pack_cache.h"
#include "kernels/int_depthwise.h"
#include "kernels/int_product.h"
#include "kernels/int_winograd.h"
#include "ops/support/int_matrix.h"
#include "ops/support/int_patch.h"
#include "ops/support/int_sums.h"
#include "ops/support/int_winograd.h"

namespace safelight {
namespace {

// Multiply-adds that are made in the time of one of float32, and the time in such that it takes to scale and store a
// sum.
constexpr double kBytesSpeed = 4, kPairsSpeed = 1.7, kScaling = 10;

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
  PatchKernel(const OpContext& context, const Sliding& sliding, int64_t repeat, const IntInputs& inputs)
      : sliding_(sliding), patch_(sliding, context.input(0).shape[3], repeat, inputs) {}

  Status Run(const KernelArgs& args) const override {
    const Range* box = args.box.axis;
    const Window& out = args.outputs[0];
    for (int64_t n = box[0].begin; n < box[0].end; ++n) {
      for (int64_t y = box[1].begin; y < box[1].end; ++y) {
        for (int64_t x = box[2].begin; x < box[2].end;) {
          const int64_t pixels = out.row_axis == 2 ? 1 : std::min(patch_.pixels(), box[2].end - x);
          patch_.Fill(args.inputs[0], n, y, x, pixels, args.scratch);
          RunPixels(args, pixels, out.Offset(0, n) + out.Offset(1, y) + out.Offset(2, x));
          x += pixels;
        }
      }
    }
    return {};
  }

 protected:
  // In scratch: the patch, then what the kind needs.
  std::byte* AfterPatch(const KernelArgs& args) const { return args.scratch + patch_.bytes(); }
  // The pixels whose patch is filled, to elements `to` and on.
  virtual void RunPixels(const KernelArgs& args, int64_t pixels, int64_t to) const = 0;

  static const Window* BiasOf(const KernelArgs& args) { return args.inputs.size() > 2 ? &args.inputs[2] : nullptr; }

  const Sliding sliding_;
  const IntPatch patch_;
};

// The product of a convolution, with whatever runs it takes.
struct ConvProduct {
  ConvProduct(const OpContext& context, const Sliding& sliding, SumScaling scaling, const PrepareOptions& options)
      : in_channels(context.input(1).shape[3]),
        groups(context.input(0).shape[3] / in_channels),
        joined(groups == 1 && sliding.columns.dilation == 1),
        runs(sliding.rows.taps * (joined ? 1 : sliding.columns.taps)),
        matrix(std::move(scaling), context.input(0), context.input(1),
               context.has_input(2) ? &context.input(2) : nullptr,
               {groups, runs, in_channels * (joined ? sliding.columns.taps : 1)}, options.pack_cache) {}

  const int64_t in_channels, groups;
  const bool joined;  // the taps of one filter row are one run
  const int64_t runs;
  const IntMatrix matrix;
};

class ConvKernel : public PatchKernel {
 public:
  ConvKernel(const OpContext& context, const Sliding& sliding, std::shared_ptr<const ConvProduct> product)
      : PatchKernel(context, sliding, 1, product->matrix.inputs()), product_(std::move(product)) {}

  size_t scratch_bytes() const override {
    return patch_.bytes() + static_cast<size_t>(product_->runs + 1) * sizeof(kernels::IntRun) +
           product_->matrix.scratch_bytes(patch_.pixels());
  }

 private:
  void RunPixels(const KernelArgs& args, int64_t pixels, int64_t to) const override {
    const ConvProduct& p = *product_;
    auto* runs = reinterpret_cast<kernels::IntRun*>(AfterPatch(args));
    for (int64_t g = 0; g < p.groups; ++g) {
      for (int64_t r = 0; r < p.runs; ++r) {
        const int64_t ky = p.joined ? r : r / sliding_.columns.taps, kx = p.joined ? 0 : r % sliding_.columns.taps;
        const int64_t channel = g * p.in_channels * p.matrix.inputs().size();
        runs[r] = p.matrix.RunOf(r, args.scratch + patch_.Place(ky, kx) + channel);
      }
      p.matrix.Run({.runs = runs,
                    .num_runs = p.runs,
                    .in_step = patch_.step(),
                    .pixels = pixels,
                    .group = g,
                    .to = to,
                    .out_step = args.outputs[0].strides[2]},
                   args.outputs[0], BiasOf(args), reinterpret_cast<std::byte*>(runs + p.runs));
    }
  }

  const std::shared_ptr<const ConvProduct> product_;
};

class DepthwiseKernel : public PatchKernel {
 public:
  DepthwiseKernel(const OpContext& context, const Sliding& sliding, SumScaling scaling, const PrepareOptions& options)
      : PatchKernel(context, sliding, context.output(0).shape[3] / context.input(0).shape[3],
                    IntInputs(scaling.zero_point())),
        channels_(context.output(0).shape[3]),
        padded_(kernels::PaddedDepthwise(channels_)),
        taps_(sliding.rows.taps * sliding.columns.taps),
        scaling_(std::move(scaling)),
        packed_(Pack(context.input(1), options)) {
    scaling_.PrepareRows(Bounds(context), context.has_input(2) ? &context.input(2) : nullptr);
  }

  size_t scratch_bytes() const override {
    const size_t sums = static_cast<size_t>(patch_.pixels() * padded_);
    return patch_.bytes() + sums * (sizeof(int32_t) + (scaling_.sums_wide() ? sizeof(int64_t) : 0)) +
           static_cast<size_t>(taps_ + 1) * sizeof(void*);
  }

 private:
  static constexpr int64_t kTapsOf32Bits = 510;

  std::shared_ptr<const AlignedBuffer> Pack(const Value& weights, const PrepareOptions& options) const {
    const int32_t zero = scaling_.weight_zero_point();
    const auto make = [&] {
      std::vector<int16_t> words;
      for (int64_t i = 0; i < taps_ * channels_; ++i) {
        words.push_back(static_cast<int16_t>(StoredAt(weights.dtype, weights.constant, i) - zero));
      }
      AlignedBuffer buffer(kernels::IntDepthwiseBytes(taps_, channels_));
      kernels::PackIntDepthwise(taps_, channels_, words.data(), buffer.data());
      return buffer;
    };
    if (options.pack_cache == nullptr) return std::make_shared<const AlignedBuffer>(make());
    return options.pack_cache->Get(
        weights.constant, Cat("int depthwise ", taps_, "x", channels_, " ", DTypeName(weights.dtype), " ", zero), make);
  }

  std::vector<SumBound> Bounds(const OpContext& context) const {
    const Value& weights = context.input(1);
    std::vector<SumBound> bounds(static_cast<size_t>(channels_));
    for (int64_t i = 0; i < taps_ * channels_; ++i) {
      const int64_t w = StoredAt(weights.dtype, weights.constant, i) - scaling_.weight_zero_point();
      bounds[static_cast<size_t>(i % channels_)].largest += std::abs(w) * scaling_.LargestInput(context.input(0).dtype);
    }
    return bounds;
  }

  void RunPixels(const KernelArgs& args, int64_t pixels, int64_t to) const override {
    auto** in = reinterpret_cast<const int16_t**>(AfterPatch(args));
    std::byte* const sums = reinterpret_cast<std::byte*>(in + taps_ + 1);
    for (int64_t t = 0; t < taps_; ++t) {
      in[t] = reinterpret_cast<const int16_t*>(args.scratch +
                                               patch_.Place(t / sliding_.columns.taps, t % sliding_.columns.taps));
    }
    in[taps_] = in[0];
    kernels::IntDepthwise of{.taps = taps_,
                             .channels = channels_,
                             .weights = packed_->data(),
                             .in = in,
                             .in_step = patch_.step() / 2,
                             .pixels = pixels,
                             .sums = reinterpret_cast<int32_t*>(sums)};
    const Window& out = args.outputs[0];
    if (scaling_.sums_wide()) return RunWide(args, of, reinterpret_cast<int64_t*>(sums), to);
    kernels::RunIntDepthwise(of);
    StoreSums(
        scaling_,
        {.sums = of.sums, .sum_step = padded_, .channels = channels_, .pixels = pixels, .out_step = out.strides[2]}, 0,
        out, to);
  }

  // Sums of 64 bits, from as many of 32 as it takes.
  void RunWide(const KernelArgs& args, kernels::IntDepthwise of, int64_t* wide, int64_t to) const {
    const kernels::IntDepthwise all = of;
    const int64_t count = of.pixels * padded_;
    of.sums = reinterpret_cast<int32_t*>(wide + count);
    std::fill_n(wide, count, 0);
    for (int64_t t = 0; t < taps_; t += kTapsOf32Bits) {
      of.taps = std::min(kTapsOf32Bits, taps_ - t);
      of.in = all.in + t;
      of.weights = all.weights + t / 2 * padded_ * 4;
      kernels::RunIntDepthwise(of);
      for (int64_t i = 0; i < count; ++i) wide[i] += of.sums[i];
    }
    const Window& out = args.outputs[0];
    for (int64_t p = 0; p < of.pixels; ++p, to += out.strides[2]) {
      for (int64_t c = 0; c < channels_; ++c) {
        out.at<int16_t>(to)[c] = static_cast<int16_t>(scaling_.Finish(wide[p * padded_ + c], c, BiasOf(args)));
      }
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

Cost IntConvCost(const OpContext& context, const Sliding& sliding) {
  if (IntWinogradPays(context, sliding)) return IntWinogradCost(context);
  const Shape &out = context.output(0).shape, &filter = context.input(1).shape;
  const int64_t inner = filter[1] * filter[2] * filter[3];
  Cost cost;
  cost.macs = out.elements() * inner;
  const bool bytes = kernels::BytesProduct() != nullptr && context.input(0).dtype != DType::kInt16;
  cost.macs_done = static_cast<int64_t>(static_cast<double>(out.Product(0, 3) * kernels::PaddedChannels(out[3])) *
                                        (static_cast<double>(inner) / (bytes ? kBytesSpeed : kPairsSpeed) + kScaling));
  cost.weight_bytes = TensorBytes(context.input(1).dtype, filter);
  return cost;
}

int IntConvGrain(const OpContext& context, const Sliding& sliding) {
  return IntWinogradPays(context, sliding) ? static_cast<int>(kernels::kIntWinogradTile) : 1;
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
  if (IntWinogradPays(context, sliding)) {
    std::unique_ptr<Kernel> tiles = PrepareIntWinograd(context, sliding, scaling, options);
    if (tiles != nullptr) return tiles;
  }
  auto product = std::make_shared<const ConvProduct>(context, sliding, std::move(scaling), options);
  return std::unique_ptr<Kernel>(std::make_unique<ConvKernel>(context, sliding, std::move(product)));
}

}  // namespace safelight
