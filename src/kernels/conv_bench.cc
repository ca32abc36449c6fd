// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution 3x3, stride 1, on a strip of rows in the cache, as conv_2d lists its pixels: in and out channels.
#include <limits>
#include <memory>

#include "kernels/conv.h"
#include "kernels/kernel_work.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 96, kTaps = 3;

class Conv3x3 {
 public:
  Conv3x3(int64_t in_channels, int64_t out_channels)
      : size_{in_channels, out_channels, kTaps, kTaps},
        in_(FilledFloats(static_cast<size_t>((kRows + kTaps - 1) * InRow()))),
        packed_(ConvPackedBytes(size_) / sizeof(float)),
        out_(static_cast<size_t>(kRows * kColumns * out_channels)) {
    const std::vector<float> weights = FilledFloats(static_cast<size_t>(out_channels * kTaps * kTaps * in_channels));
    PackConv(size_, weights.data(), nullptr, packed_.data());
  }
  double macs() const {
    return static_cast<double>(kRows * kColumns * kTaps * kTaps * size_.in_channels * size_.out_channels);
  }

  void Run() {
    for (int64_t y = 0; y < kRows; ++y) {
      // The taps of one kernel row are neighbours in memory: three runs.
      ConvRun runs[kTaps];
      for (int64_t ky = 0; ky < kTaps; ++ky) {
        runs[ky] = {in_.data() + (y + ky) * InRow(), ky * kTaps * size_.in_channels, kTaps * size_.in_channels};
      }
      RunConv(size_, packed_.data(),
              {.runs = runs,
               .num_runs = kTaps,
               .in_step = size_.in_channels,
               .out = out_.data() + y * kColumns * size_.out_channels,
               .out_step = size_.out_channels,
               .pixels = kColumns,
               .low = 0.0f,
               .high = std::numeric_limits<float>::infinity()});
    }
  }

 private:
  int64_t InRow() const { return (kColumns + kTaps - 1) * size_.in_channels; }

  const ConvSize size_;
  const std::vector<float> in_;
  std::vector<float> packed_, out_;
};

const KernelFamily family([] {
  constexpr int64_t kChannels[][2] = {{3, 16},  {3, 28},  {3, 32},  {3, 64}, {16, 16}, {28, 28}, {32, 32},
                                      {48, 48}, {64, 64}, {28, 27}, {16, 3}, {32, 3},  {64, 3}};
  std::vector<KernelWork> works;
  for (const auto& [in, out] : kChannels) {
    const auto conv = std::make_shared<Conv3x3>(in, out);
    works.push_back(
        {"Conv3x3/" + std::to_string(in) + "/" + std::to_string(out), conv->macs(), [conv] { conv->Run(); }});
  }
  return works;
});

}  // namespace
}  // namespace safelight::kernels
