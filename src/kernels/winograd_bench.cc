// SPDX-License-Identifier: Apache-2.0
//
// Winograd 3x3 on strips of tiles in the cache: in and out channels. Counted as direct convolution.
#include <limits>
#include <memory>

#include "kernels/kernel_work.h"
#include "kernels/winograd.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 192, kTile = 4;

class Winograd3x3 {
 public:
  Winograd3x3(int64_t in_channels, int64_t out_channels)
      : size_{in_channels, out_channels},
        in_(FilledFloats(static_cast<size_t>((kRows + 2) * kColumns * in_channels))),
        packed_(WinogradPackedBytes(size_) / sizeof(float)),
        out_(static_cast<size_t>(kRows * kColumns * out_channels)),
        scratch_(WinogradScratchBytes(size_) / sizeof(float) + 16) {
    const std::vector<float> weights = FilledFloats(static_cast<size_t>(out_channels * 9 * in_channels));
    PackWinograd(size_, weights.data(), nullptr, packed_.data());
  }
  double macs() const { return static_cast<double>(kRows * kColumns * 9 * size_.in_channels * size_.out_channels); }

  void Run() {
    for (int64_t y = 0; y < kRows; y += kTile) {
      WinogradStrip strip;
      for (int64_t i = 0; i < kTile + 2; ++i) strip.in[i] = in_.data() + (y + i) * kColumns * size_.in_channels;
      for (int64_t i = 0; i < kTile; ++i) strip.out[i] = out_.data() + (y + i) * kColumns * size_.out_channels;
      strip.in_step = size_.in_channels;
      strip.out_step = size_.out_channels;
      strip.width = kColumns;
      strip.pad = 1;
      strip.x_end = kColumns;
      strip.high = std::numeric_limits<float>::infinity();
      strip.scratch = scratch_.data();
      RunWinograd(size_, packed_.data(), strip);
    }
  }

 private:
  const WinogradSize size_;
  const std::vector<float> in_;
  std::vector<float> packed_, out_, scratch_;
};

const KernelFamily family([] {
  std::vector<KernelWork> works;
  for (const int64_t channels : {16, 28, 32, 48, 64}) {
    const auto conv = std::make_shared<Winograd3x3>(channels, channels);
    const std::string name = std::to_string(channels);
    works.push_back({"Winograd3x3/" + name + "/" + name, conv->macs(), [conv] { conv->Run(); }});
  }
  return works;
});

}  // namespace
}  // namespace safelight::kernels
