// SPDX-License-Identifier: Apache-2.0
#include "ops/support/tail.h"

#include <algorithm>

#include "kernels/epilogue.h"

namespace safelight {

Status CheckTail(const OpContext& context, const Tail& tail, int own_inputs) {
  for (int i = own_inputs; i < context.num_inputs(); ++i) {
    if (i != tail.residual && i != tail.slopes) return InvalidArgument("input ", i, " is one too many");
  }
  const Shape& out = context.output(0).shape;
  if (tail.residual != kNone && !(context.input(tail.residual).shape == out)) {
    return InvalidArgument("a residual of shape ", context.input(tail.residual).shape.ToString(), ", must be ",
                           out.ToString());
  }
  if (tail.slopes != kNone && context.input(tail.slopes).shape.elements() != out[3]) {
    return InvalidArgument(context.input(tail.slopes).shape.elements(), " slopes, must be ", out[3]);
  }
  return {};
}

void SetTailRules(const OpContext& context, const Tail& tail, int out_axis, std::vector<AxisRule>* rules) {
  if (tail.residual == kNone) return;
  (*rules)[tail.residual] = AxisRule::Same(out_axis, context.output(0).shape[out_axis]);
}

float ApplyTail(const Tail& tail, const kernels::Clamp& clamp, const KernelArgs& args, const int64_t* index,
                float sum) {
  float residual = 0;
  if (tail.residual != kNone) {
    residual = args.inputs[tail.residual].Pixel<float>(index[0], index[1], index[2])[index[3]];
    if (!tail.residual_last) sum += residual;
  }
  if (tail.slopes != kNone && !(sum >= 0)) sum *= args.inputs[tail.slopes].at<float>(0)[index[3]];
  sum = clamp(sum);
  return tail.residual != kNone && tail.residual_last ? sum + residual : sum;
}

void RunTail(const Tail& tail, const kernels::Clamp& clamp, const KernelArgs& args, const TailPixels& at) {
  const Window& out = args.outputs[0];
  kernels::EpiloguePixels pixels{.out = out.Pixel<float>(at.n, at.y, at.x),
                                 .out_step = at.step * out.strides[2],
                                 .channels = out.shape[3],
                                 .pixels = at.pixels,
                                 .residual_last = tail.residual_last,
                                 .low = clamp.low,
                                 .high = clamp.high};
  if (tail.residual != kNone) {
    const Window& residual = args.inputs[tail.residual];
    pixels.residual = residual.Pixel<float>(at.n, at.y, at.x);
    pixels.residual_step = at.step * residual.strides[2];
  }
  if (tail.slopes != kNone) pixels.slopes = args.inputs[tail.slopes].at<float>(0);
  kernels::RunEpilogue(pixels);
}

int64_t TailPiece(int64_t channels) {
  constexpr int64_t kFloats = 4096;  // 16 KB
  constexpr int64_t kTiles = 84;     // a whole number of register tiles of 6, 12, 14 and 28 pixels
  const int64_t pixels = kFloats / channels;
  return pixels >= kTiles ? pixels / kTiles * kTiles : std::max<int64_t>(pixels, 1);
}

}  // namespace safelight
