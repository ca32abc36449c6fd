// SPDX-License-Identifier: Apache-2.0
//
// Separable resampling in float. When the height shrinks, rows are summed first and the sum is
// resampled across; when it grows, rows are resampled across once, kept in a ring of as many rows as
// one output row needs, and then summed. Either way the scalar pass across sees the fewer rows.
// Colours are multiplied by alpha on the way in and divided by it on the way out. Memory: the taps
// and a few rows.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/status.h"
#include "image/rows.h"
#include "image/taps.h"
#include "kernels/image_rows.h"
#include "safelight/image.h"

namespace safelight {
namespace {

constexpr int64_t kMaxSide = int64_t{1} << 20;

void MultiplyAlpha(float* row, int64_t width, int channels, float white) {
  for (int64_t x = 0; x < width; ++x, row += channels) {
    const float alpha = row[channels - 1] / white;
    for (int c = 0; c + 1 < channels; ++c) row[c] *= alpha;
  }
}

void DivideAlpha(float* row, int64_t width, int channels, float white) {
  for (int64_t x = 0; x < width; ++x, row += channels) {
    // Negative lobes may push alpha a little out of its range, and the colours with it: the quotient
    // takes it as it is.
    const float alpha = row[channels - 1] / white;
    for (int c = 0; c + 1 < channels; ++c) row[c] = alpha > 1e-6f ? row[c] / alpha : 0.0f;
    row[channels - 1] = std::clamp(alpha, 0.0f, 1.0f) * white;
  }
}

template <int kChannels>
void AcrossChannels(const float* source, const Taps& taps, float* target) {
  const auto out_size = static_cast<int64_t>(taps.first.size());
  for (int64_t x = 0; x < out_size; ++x) {
    const float* from = source + taps.first[static_cast<size_t>(x)] * kChannels;
    const float* weights = taps.WeightsOf(x);
    float sums[kChannels] = {};
    for (int64_t k = 0; k < taps.run; ++k) {
#pragma GCC unroll 4
      for (int c = 0; c < kChannels; ++c) sums[c] += weights[k] * from[k * kChannels + c];
    }
#pragma GCC unroll 4
    for (int c = 0; c < kChannels; ++c) target[x * kChannels + c] = sums[c];
  }
}

void Across(const float* source, int channels, const Taps& taps, float* target) {
  switch (channels) {
    case 1: AcrossChannels<1>(source, taps, target); return;
    case 2: AcrossChannels<2>(source, taps, target); return;
    case 3: AcrossChannels<3>(source, taps, target); return;
    default: AcrossChannels<4>(source, taps, target); return;
  }
}

class Resampler {
 public:
  Resampler(const ConstImageView& source, const ImageView& target, Filter filter)
      : source_(source),
        target_(target),
        across_(MakeTaps(source.width, target.width, filter)),
        down_(MakeTaps(source.height, target.height, filter)),
        white_(static_cast<float>(PixelTypeMax(source.type))),
        in_count_(static_cast<size_t>(source.width) * static_cast<size_t>(source.channels)),
        out_count_(static_cast<size_t>(target.width) * static_cast<size_t>(target.channels)) {}

  void Run() {
    if (target_.height < source_.height) {
      SumThenAcross();
    } else {
      AcrossThenSum();
    }
  }

 private:
  void Load(int64_t y, float* row) const {
    RowToFloat(source_.row(y), source_.type, in_count_, white_, row);
    if (source_.has_alpha()) MultiplyAlpha(row, source_.width, source_.channels, white_);
  }
  void Store(float* row, int64_t y) const {
    if (target_.has_alpha()) DivideAlpha(row, target_.width, target_.channels, white_);
    FloatToRow(row, target_.type, out_count_, white_, target_.row(y));
  }

  void SumThenAcross() const {
    std::vector<float> row(in_count_), sum(in_count_), out(out_count_);
    for (int64_t y = 0; y < target_.height; ++y) {
      std::fill(sum.begin(), sum.end(), 0.0f);
      for (int64_t k = 0; k < down_.run; ++k) {
        const float weight = down_.WeightsOf(y)[k];
        if (weight == 0) continue;
        Load(down_.first[static_cast<size_t>(y)] + k, row.data());
        ImageAddScaled(row.data(), weight, in_count_, sum.data());
      }
      Across(sum.data(), source_.channels, across_, out.data());
      Store(out.data(), y);
    }
  }

  void AcrossThenSum() const {
    const auto slots = static_cast<size_t>(down_.run);
    std::vector<float> row(in_count_), ring(slots * out_count_), out(out_count_);
    std::vector<const float*> rows(slots);
    int64_t loaded = 0;
    for (int64_t y = 0; y < target_.height; ++y) {
      const int64_t first = down_.first[static_cast<size_t>(y)];
      // The ring holds rows [loaded - slots, loaded). Folded borders may step back by a row.
      if (first > loaded || first < loaded - down_.run) loaded = first;
      for (; loaded < first + down_.run; ++loaded) {
        Load(loaded, row.data());
        Across(row.data(), source_.channels, across_, ring.data() + static_cast<size_t>(loaded) % slots * out_count_);
      }
      for (size_t k = 0; k < slots; ++k) rows[k] = ring.data() + (static_cast<size_t>(first) + k) % slots * out_count_;
      ImageWeightedSum(rows.data(), down_.WeightsOf(y), slots, out_count_, out.data());
      Store(out.data(), y);
    }
  }

  const ConstImageView source_;
  const ImageView target_;
  const Taps across_;
  const Taps down_;
  const float white_;
  const size_t in_count_;
  const size_t out_count_;
};

void PickNearest(const ConstImageView& source, const ImageView& target) {
  std::vector<size_t> offsets(static_cast<size_t>(target.width));
  const size_t size = source.pixel_bytes();
  for (int64_t x = 0; x < target.width; ++x) {
    offsets[static_cast<size_t>(x)] = static_cast<size_t>(NearestPlace(source.width, target.width, x)) * size;
  }
  for (int64_t y = 0; y < target.height; ++y) {
    const std::byte* from = source.row(NearestPlace(source.height, target.height, y));
    std::byte* to = target.row(y);
    for (const size_t offset : offsets) {
      std::memcpy(to, from + offset, size);
      to += size;
    }
  }
}

}  // namespace

Result<Image> Resize(const ConstImageView& view, int64_t width, int64_t height, Filter filter) {
  SL_TRY(CheckView(view));
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide) {
    return InvalidArgument("resize to ", width, "x", height, ", both must be 1 to ", kMaxSide);
  }
  if (width == view.width && height == view.height) return ConvertType(view, view.type);
  SL_ASSIGN(Image result, Image::Create(width, height, view.channels, view.type, view.color_space));
  if (filter == Filter::kNearest) {
    PickNearest(view, result.view());
  } else {
    Resampler(view, result.view(), filter).Run();
  }
  return result;
}

}  // namespace safelight
