// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution 3x3 and 1x1, stride 1, on a strip of rows in the cache, as conv_2d lists its pixels: in and out
// channels.
#include <limits>
#include <memory>

#include "kernels/conv.h"
#include "kernels/kernel_work.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 96, kMaxTaps = 3;

class Conv {
 public:
  Conv(int64_t taps, int64_t in_channels, int64_t out_channels)
      : size_{in_channels, out_channels, taps, taps},
        in_(FilledFloats(static_cast<size_t>((kRows + taps - 1) * InRow()))),
        packed_(ConvPackedBytes(size_) / sizeof(float)),
        out_(static_cast<size_t>(kRows * kColumns * out_channels)) {
    const std::vector<float> weights = FilledFloats(static_cast<size_t>(out_channels * taps * taps * in_channels));
    PackConv(size_, weights.data(), nullptr, packed_.data());
  }
  double macs() const {
    return static_cast<double>(kRows * kColumns * size_.filter_h * size_.filter_w * size_.in_channels *
                               size_.out_channels);
  }

  void Run() {
    for (int64_t y = 0; y < kRows; ++y) {
      // The taps of one kernel row are neighbours in memory: three runs.
      const int64_t length = size_.filter_w * size_.in_channels;
      ConvRun runs[kMaxTaps];
      for (int64_t ky = 0; ky < size_.filter_h; ++ky) runs[ky] = {in_.data() + (y + ky) * InRow(), ky * length, length};
      RunConv(size_, packed_.data(),
              {.runs = runs,
               .num_runs = size_.filter_h,
               .in_step = size_.in_channels,
               .out = out_.data() + y * kColumns * size_.out_channels,
               .out_step = size_.out_channels,
               .pixels = kColumns,
               .low = 0.0f,
               .high = std::numeric_limits<float>::infinity()});
    }
  }

 private:
  int64_t InRow() const { return (kColumns + size_.filter_w - 1) * size_.in_channels; }

  const ConvSize size_;
  const std::vector<float> in_;
  std::vector<float> packed_, out_;
};

const KernelFamily family([] {
  constexpr int64_t kSizes[][3] = {{3, 3, 16},  {3, 3, 28},  {3, 3, 32},  {3, 3, 64},  {3, 16, 16}, {3, 28, 28},
                                   {3, 32, 32}, {3, 48, 48}, {3, 64, 64}, {3, 28, 27}, {3, 16, 3},  {3, 32, 3},
                                   {3, 64, 3},  {1, 16, 16}, {1, 32, 32}, {1, 64, 64}, {1, 32, 16}};
  std::vector<KernelWork> works;
  for (const auto& [taps, in, out] : kSizes) {
    const auto conv = std::make_shared<Conv>(taps, in, out);
    const std::string size = std::to_string(taps) + "x" + std::to_string(taps);
    works.push_back(
        {"Conv" + size + "/" + std::to_string(in) + "/" + std::to_string(out), conv->macs(), [conv] { conv->Run(); }});
  }
  return works;
});

}  // namespace
}  // namespace safelight::kernels
