// SPDX-License-Identifier: Apache-2.0
//
// Winograd 3x3 and 5x5 on strips of tiles in the cache: in and out channels. Counted as direct convolution.
#include <limits>
#include <memory>

#include "kernels/kernel_work.h"
#include "kernels/winograd.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 192;

class Winograd {
 public:
  explicit Winograd(const WinogradSize& size)
      : size_(size),
        in_(FilledFloats(static_cast<size_t>((kRows + size.taps - 1) * kColumns * size.in_channels))),
        packed_(WinogradPackedBytes(size_) / sizeof(float)),
        out_(static_cast<size_t>(kRows * kColumns * size.out_channels)),
        scratch_(WinogradScratchBytes(size_) / sizeof(float) + 16) {
    const std::vector<float> weights = FilledFloats(static_cast<size_t>(FilterFloats()));
    PackWinograd(size_, weights.data(), nullptr, packed_.data());
  }
  double macs() const { return static_cast<double>(kRows * kColumns * FilterFloats()); }

  void Run() {
    for (int64_t y = 0; y < kRows; y += size_.tile()) {
      WinogradStrip strip;
      for (int64_t i = 0; i < 6; ++i) strip.in[i] = in_.data() + (y + i) * kColumns * size_.in_channels;
      for (int64_t i = 0; i < size_.tile(); ++i) strip.out[i] = out_.data() + (y + i) * kColumns * size_.out_channels;
      strip.in_step = size_.in_channels;
      strip.out_step = size_.out_channels;
      strip.width = kColumns;
      strip.pad = size_.taps / 2;
      strip.x_end = kColumns;
      strip.high = std::numeric_limits<float>::infinity();
      strip.scratch = scratch_.data();
      RunWinograd(size_, packed_.data(), strip);
    }
  }

 private:
  int64_t FilterFloats() const { return size_.taps * size_.taps * size_.in_channels * size_.out_channels; }

  const WinogradSize size_;
  const std::vector<float> in_;
  std::vector<float> packed_, out_, scratch_;
};

const KernelFamily family([] {
  std::vector<KernelWork> works;
  for (const int64_t taps : {3, 5}) {
    for (const int64_t channels : {16, 28, 32, 48, 64}) {
      const auto conv = std::make_shared<Winograd>(WinogradSize{channels, channels, taps});
      const std::string size = std::to_string(taps) + "x" + std::to_string(taps), name = std::to_string(channels);
      works.push_back({"Winograd" + size + "/" + name + "/" + name, conv->macs(), [conv] { conv->Run(); }});
    }
  }
  return works;
});

}  // namespace
}  // namespace safelight::kernels
