// SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution 3x3, stride 1, on a strip of rows in the cache: channels.
#include <limits>
#include <memory>

#include "kernels/depthwise.h"
#include "kernels/kernel_work.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 96, kTaps = 3;

class Depthwise3x3 {
 public:
  explicit Depthwise3x3(int64_t channels)
      : channels_(channels),
        in_(FilledFloats(static_cast<size_t>((kRows + kTaps - 1) * InRow()))),
        weights_(FilledFloats(static_cast<size_t>(kTaps * kTaps * channels))),
        out_(static_cast<size_t>(kRows * kColumns * channels)) {}
  double macs() const { return static_cast<double>(kRows * kColumns * kTaps * kTaps * channels_); }

  void Run() {
    for (int64_t y = 0; y < kRows; ++y) {
      DepthwiseRow rows[kTaps];
      for (int64_t k = 0; k < kTaps; ++k) {
        rows[k] = {in_.data() + (y + k) * InRow(), weights_.data() + k * kTaps * channels_};
      }
      RunDepthwise({.rows = rows,
                    .num_rows = kTaps,
                    .taps = kTaps,
                    .tap_step = channels_,
                    .weight_step = channels_,
                    .in_step = channels_,
                    .channels = channels_,
                    .out = out_.data() + y * kColumns * channels_,
                    .out_step = channels_,
                    .pixels = kColumns,
                    .low = -std::numeric_limits<float>::infinity(),
                    .high = std::numeric_limits<float>::infinity()});
    }
  }

 private:
  int64_t InRow() const { return (kColumns + kTaps - 1) * channels_; }

  const int64_t channels_;
  const std::vector<float> in_, weights_;
  std::vector<float> out_;
};

const KernelFamily family([] {
  std::vector<KernelWork> works;
  for (const int64_t channels : {1, 3, 16, 28, 32, 64}) {
    const auto conv = std::make_shared<Depthwise3x3>(channels);
    works.push_back({"Depthwise3x3/" + std::to_string(channels), conv->macs(), [conv] { conv->Run(); }});
  }
  return works;
});

}  // namespace
}  // namespace safelight::kernels
