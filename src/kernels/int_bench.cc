// SPDX-License-Identifier: Apache-2.0
//
// Convolution 3x3, stride 1, of quantized values on a strip of rows in the cache: products and scaling of direct sums
// by every way to multiply, of Winograd tiles, and of depthwise sums. Multiply-adds are those of direct sums.
#include <memory>
#include <string>
#include <vector>

#include "kernels/int_depthwise.h"
#include "kernels/int_product.h"
#include "kernels/int_winograd.h"
#include "kernels/kernel_work.h"
#include "kernels/requantize.h"

namespace safelight::kernels {
namespace {

constexpr int64_t kRows = 8, kColumns = 96, kTaps = 3;

// Scaling of a usual convolution: a ReLU, and shifts that leave bytes.
class Scaling {
 public:
  explicit Scaling(int64_t channels)
      : bias_(static_cast<size_t>(channels) + 16, 100), factor_(bias_.size(), 1500000000), right_(bias_.size(), 8) {}
  Requantize by() const {
    return {.rule = Requantize::Rule::kSmall,
            .bias = bias_.data(),
            .factor = factor_.data(),
            .left = nullptr,
            .right = right_.data(),
            .zero_point = -128,
            .low = -128,
            .high = 127};
  }

 private:
  std::vector<int32_t> bias_, factor_, right_;
};

std::vector<int16_t> Words(size_t count) {
  std::vector<int16_t> words(count);
  for (size_t i = 0; i < count; ++i) words[i] = static_cast<int16_t>(i * 37 % 255) - 127;
  return words;
}

class Direct {
 public:
  Direct(const IntProduct& product, int64_t in, int64_t out)
      : product_(product),
        in_(in),
        out_(out),
        row_groups_((kTaps * in + product.values - 1) / product.values),
        data_(static_cast<size_t>((kRows + kTaps - 1) * RowBytes())),
        packed_(IntPackedBytes(out, kTaps * row_groups_)),
        sums_(static_cast<size_t>(kColumns * PaddedChannels(out))),
        results_(static_cast<size_t>(kRows * kColumns * out)),
        scaling_(out) {
    const auto weights = Words(static_cast<size_t>(out * kTaps * row_groups_ * product.values));
    PackInt(product.values, out, kTaps * row_groups_, weights.data(), packed_.data());
  }
  double macs() const { return static_cast<double>(kRows * kColumns * kTaps * kTaps * in_ * out_); }

  void Run() {
    for (int64_t y = 0; y < kRows; ++y) {
      IntRun runs[kTaps];
      for (int64_t ky = 0; ky < kTaps; ++ky) {
        runs[ky] = {data_.data() + (y + ky) * RowBytes(), ky * row_groups_, row_groups_};
      }
      product_.run(
          out_, kTaps * row_groups_, packed_.data(),
          {.runs = runs, .num_runs = kTaps, .in_step = in_ * ValueBytes(), .pixels = kColumns, .sums = sums_.data()});
      RunRequantize(scaling_.by(),
                    {.sums = sums_.data(),
                     .sum_step = PaddedChannels(out_),
                     .channels = out_,
                     .pixels = kColumns,
                     .out_step = out_},
                    results_.data() + y * kColumns * out_);
    }
  }

 private:
  int64_t ValueBytes() const { return 4 / product_.values; }
  int64_t RowBytes() const { return (kColumns + kTaps - 1) * in_ * ValueBytes() + 4; }

  const IntProduct product_;
  const int64_t in_, out_, row_groups_;
  const std::vector<std::byte> data_;
  std::vector<std::byte> packed_;
  std::vector<int32_t> sums_;
  std::vector<int8_t> results_;
  const Scaling scaling_;
};

class Winograd {
 public:
  Winograd(int64_t in, int64_t out)
      : in_(in),
        out_(out),
        groups_((in + 1) / 2),
        data_(static_cast<size_t>((kRows + 2) * RowValues())),
        columns_(static_cast<size_t>(kIntWinogradPatch * RowValues())),
        values_(static_cast<size_t>(kIntWinogradPoints * ValueStep())),
        packed_(kIntWinogradPoints * IntPackedBytes(out, groups_)),
        sums_(static_cast<size_t>(kIntWinogradPoints * SumStep())),
        results_(static_cast<size_t>(kRows * kColumns * out)),
        scaling_(out) {
    const auto weights = Words(static_cast<size_t>(out * groups_ * 2));
    for (size_t p = 0; p < kIntWinogradPoints; ++p) {
      PackInt(2, out, groups_, weights.data(), packed_.data() + p * IntPackedBytes(out, groups_));
    }
  }
  double macs() const { return static_cast<double>(kRows * kColumns * kTaps * kTaps * in_ * out_); }

  void Run() {
    for (int64_t y = 0; y < kRows; y += kIntWinogradTile) {
      const std::byte* rows[kIntWinogradPatch];
      for (int64_t r = 0; r < kIntWinogradPatch; ++r) rows[r] = data_.data() + (y + r) * RowValues();
      IntWinogradColumns(WinogradBytes::kSigned, rows, (kColumns + 2) * in_, columns_.data(), RowValues());
      const int64_t tile_step = IntWinogradChannels(in_);
      IntWinogradRows(columns_.data(), RowValues(), in_, kTiles, {values_.data(), tile_step, ValueStep()});
      for (int64_t p = 0; p < kIntWinogradPoints; ++p) {
        const IntRun run{values_.data() + p * ValueStep(), 0, groups_};
        PairProduct().run(out_, groups_, packed_.data() + static_cast<size_t>(p) * IntPackedBytes(out_, groups_),
                          {.runs = &run,
                           .num_runs = 1,
                           .in_step = 2 * tile_step,
                           .pixels = kTiles,
                           .sums = sums_.data() + p * SumStep()});
      }
      WinogradProducts of{.products = sums_.data(),
                          .tile_step = PaddedChannels(out_),
                          .point_step = SumStep(),
                          .channels = out_,
                          .columns = kColumns,
                          .out_step = out_};
      for (int64_t r = 0; r < kIntWinogradTile; ++r) of.out[r] = results_.data() + (y + r) * kColumns * out_;
      RunIntWinogradOutputs(scaling_.by(), of, results_.data());
    }
  }

 private:
  static constexpr int64_t kTiles = kColumns / kIntWinogradTile;
  int64_t RowValues() const { return (kColumns + 2) * in_ + 64; }
  // An odd number of cache lines.
  int64_t ValueStep() const { return kTiles * IntWinogradChannels(in_) + 32; }
  int64_t SumStep() const { return kTiles * PaddedChannels(out_) + 16; }

  const int64_t in_, out_, groups_;
  const std::vector<std::byte> data_;
  std::vector<int16_t> columns_, values_;
  std::vector<std::byte> packed_;
  std::vector<int32_t> sums_;
  std::vector<int8_t> results_;
  const Scaling scaling_;
};

class Depthwise {
 public:
  explicit Depthwise(int64_t channels)
      : channels_(channels),
        data_(Words(static_cast<size_t>((kRows + kTaps) * Row()))),
        packed_(IntDepthwiseBytes(kTaps * kTaps, channels)),
        sums_(static_cast<size_t>(kColumns * PaddedDepthwise(channels))),
        results_(static_cast<size_t>(kRows * kColumns * channels)),
        scaling_(channels) {
    const auto weights = Words(static_cast<size_t>(kTaps * kTaps * channels));
    PackIntDepthwise(kTaps * kTaps, channels, weights.data(), packed_.data());
  }
  double macs() const { return static_cast<double>(kRows * kColumns * kTaps * kTaps * channels_); }

  void Run() {
    for (int64_t y = 0; y < kRows; ++y) {
      const int16_t* in[kTaps * kTaps + 1];
      for (int64_t t = 0; t < kTaps * kTaps; ++t) {
        in[t] = data_.data() + (y + t / kTaps) * Row() + t % kTaps * channels_;
      }
      in[kTaps * kTaps] = in[0];
      RunIntDepthwise({.taps = kTaps * kTaps,
                       .channels = channels_,
                       .weights = packed_.data(),
                       .in = in,
                       .in_step = channels_,
                       .pixels = kColumns,
                       .sums = sums_.data()});
      RunRequantize(scaling_.by(),
                    {.sums = sums_.data(),
                     .sum_step = PaddedDepthwise(channels_),
                     .channels = channels_,
                     .pixels = kColumns,
                     .out_step = channels_},
                    results_.data() + y * kColumns * channels_);
    }
  }

 private:
  int64_t Row() const { return (kColumns + kTaps - 1) * channels_; }

  const int64_t channels_;
  const std::vector<int16_t> data_;
  std::vector<std::byte> packed_;
  std::vector<int32_t> sums_;
  std::vector<int8_t> results_;
  const Scaling scaling_;
};

template <class Work>
KernelWork WorkOf(const std::string& name, const std::shared_ptr<Work>& work) {
  return {name, work->macs(), [work] { work->Run(); }};
}

const KernelFamily family([] {
  constexpr int64_t kChannels[][2] = {{3, 32}, {16, 16}, {28, 28}, {32, 32}, {64, 64}, {32, 12}, {32, 3}};
  std::vector<KernelWork> works;
  for (const auto& [in, out] : kChannels) {
    const std::string size = "/" + std::to_string(in) + "/" + std::to_string(out);
    for (const IntProduct& product : AllIntProducts()) {
      std::string name = product.name;
      for (char& letter : name) letter = letter == ' ' ? '_' : letter;
      works.push_back(WorkOf("Int3x3/" + name + size, std::make_shared<Direct>(product, in, out)));
    }
    if (in >= 16 && out >= 12) {
      works.push_back(WorkOf("Int3x3/Winograd" + size, std::make_shared<Winograd>(in, out)));
    }
  }
  for (const int64_t channels : {16, 32, 96}) {
    works.push_back(WorkOf("IntDepthwise3x3/" + std::to_string(channels), std::make_shared<Depthwise>(channels)));
  }
  return works;
});

}  // namespace
}  // namespace safelight::kernels
