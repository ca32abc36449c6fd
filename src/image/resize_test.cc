// SPDX-License-Identifier: Apache-2.0
//
// Resize against a plain reference in double: every output pixel is the weighted mean over the whole
// two-dimensional neighbourhood, weights straight from the kernel's definition.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "image/test_support.h"
#include "safelight/image.h"

namespace safelight {
namespace {

double Cubic(double x) {
  x = std::fabs(x);
  if (x <= 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}
double Sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }
double KernelAt(Filter filter, double x) {
  switch (filter) {
    case Filter::kBilinear: return std::max(0.0, 1 - std::fabs(x));
    case Filter::kBicubic: return Cubic(x);
    default: return std::fabs(x) < 3 ? Sinc(x) * Sinc(x / 3) : 0;
  }
}

int64_t Mirror(int64_t i, int64_t size) {
  while (i < 0 || i >= size) i = i < 0 ? -1 - i : 2 * size - 1 - i;
  return i;
}

// The weight of every input place for one output place, by the definition.
std::vector<double> Weights(int64_t in_size, int64_t out_size, int64_t out, Filter filter) {
  std::vector<double> weights(static_cast<size_t>(in_size), 0.0);
  const double ratio = static_cast<double>(in_size) / static_cast<double>(out_size);
  const double middle = (static_cast<double>(out) + 0.5) * ratio - 0.5;
  if (filter == Filter::kNearest) {
    weights[static_cast<size_t>(std::floor((static_cast<double>(out) + 0.5) * ratio))] = 1;
    return weights;
  }
  if (filter == Filter::kArea) {
    for (int64_t i = 0; i < in_size; ++i) {
      const double low = std::max(static_cast<double>(i), static_cast<double>(out) * ratio);
      const double high = std::min(static_cast<double>(i + 1), static_cast<double>(out + 1) * ratio);
      weights[static_cast<size_t>(i)] = std::max(0.0, high - low) / ratio;
    }
    return weights;
  }
  const double widen = std::max(1.0, ratio);
  const auto reach = static_cast<int64_t>(std::ceil(4 * widen));
  double sum = 0;
  for (int64_t i = std::llround(middle) - reach; i <= std::llround(middle) + reach; ++i) {
    const double weight = KernelAt(filter, (middle - static_cast<double>(i)) / widen);
    weights[static_cast<size_t>(Mirror(i, in_size))] += weight;
    sum += weight;
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

Image ReferenceResize(const Image& in, int64_t width, int64_t height, Filter filter) {
  Image out = Image::Create(width, height, in.channels(), PixelType::kF32).value();
  for (int64_t y = 0; y < height; ++y) {
    const std::vector<double> down = Weights(in.height(), height, y, filter);
    for (int64_t x = 0; x < width; ++x) {
      const std::vector<double> across = Weights(in.width(), width, x, filter);
      for (int c = 0; c < in.channels(); ++c) {
        double sum = 0;
        for (int64_t j = 0; j < in.height(); ++j) {
          for (int64_t i = 0; i < in.width(); ++i) {
            sum += down[static_cast<size_t>(j)] * across[static_cast<size_t>(i)] *
                   static_cast<double>(in.row<float>(j)[i * in.channels() + c]);
          }
        }
        out.row<float>(y)[x * in.channels() + c] = static_cast<float>(sum);
      }
    }
  }
  return out;
}

constexpr Filter kFilters[] = {Filter::kNearest, Filter::kBilinear, Filter::kBicubic, Filter::kLanczos, Filter::kArea};
constexpr int64_t kSizes[] = {1, 7, 8, 9, 31};

class ResizeTest : public testing::TestWithParam<Filter> {};

TEST_P(ResizeTest, IsTheDefinitionAtEverySize) {
  unsigned seed = 100;
  for (const int64_t in_width : kSizes) {
    for (const int64_t out_width : kSizes) {
      const int64_t in_height = kSizes[seed % 5], out_height = kSizes[seed / 5 % 5];
      const int channels = seed % 2 == 0 ? 3 : 1;
      const Image in = RandomImage(in_width, in_height, channels, PixelType::kF32, seed);
      const Image out = Must(Resize(in, out_width, out_height, GetParam()));
      const Image expected = ReferenceResize(in, out_width, out_height, GetParam());
      for (int64_t y = 0; y < out_height; ++y) {
        for (int64_t i = 0; i < out_width * channels; ++i) {
          ASSERT_NEAR(out.row<float>(y)[i], expected.row<float>(y)[i], 3e-6)
              << in_width << "x" << in_height << " to " << out_width << "x" << out_height << ", seed " << seed;
        }
      }
      ++seed;
    }
  }
}

TEST_P(ResizeTest, IntegersAreTheRoundedFloats) {
  for (const PixelType type : {PixelType::kU8, PixelType::kU16}) {
    const Image in = RandomImage(31, 9, 3, type, 200);
    const Image real = Must(Resize(Must(ConvertType(in, PixelType::kF32)), 17, 23, GetParam()));
    const Image out = Must(Resize(in, 17, 23, GetParam()));
    ASSERT_EQ(out.type(), type);
    const Image out_real = Must(ConvertType(out, PixelType::kF32));
    const double step = 0.51 / PixelTypeMax(type);
    for (int64_t y = 0; y < 23; ++y) {
      for (int64_t i = 0; i < 17 * 3; ++i) {
        ASSERT_NEAR(out_real.row<float>(y)[i], std::clamp(real.row<float>(y)[i], 0.0f, 1.0f), step);
      }
    }
  }
}

TEST_P(ResizeTest, KeepsAConstantPicture) {
  for (int channels = 1; channels <= 4; ++channels) {
    Image in = Must(Image::Create(13, 11, channels, PixelType::kU8));
    std::memset(in.row<uint8_t>(0), 201, static_cast<size_t>(13 * 11 * channels));
    for (const auto& [width, height] : {std::pair{40, 30}, std::pair{3, 2}, std::pair{13, 2}, std::pair{90, 11}}) {
      const Image out = Must(Resize(in, width, height, GetParam()));
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t i = 0; i < width * channels; ++i) ASSERT_EQ(out.row<uint8_t>(y)[i], 201);
      }
    }
  }
}

TEST_P(ResizeTest, ColoursUnderTransparentPixelsDoNotBleed) {
  Image in = Must(Image::Create(8, 8, 4, PixelType::kU8));
  for (int64_t y = 0; y < 8; ++y) {
    for (int64_t x = 0; x < 8; ++x) {
      const uint8_t pixel[4] = {static_cast<uint8_t>(x < 4 ? 100 : 255), 100, 100,
                                static_cast<uint8_t>(x < 4 ? 255 : 0)};
      std::memcpy(in.row<uint8_t>(y) + 4 * x, pixel, 4);
    }
  }
  const Image out = Must(Resize(in, 5, 5, GetParam()));
  for (int64_t x = 0; x < 5; ++x) {
    const uint8_t* pixel = out.row<uint8_t>(2) + 4 * x;
    if (pixel[3] > 0) {
      EXPECT_EQ(pixel[0], 100) << x;
    }
  }
}

TEST_P(ResizeTest, ACropIsResizedLikeACopyOfIt) {
  const Image in = RandomImage(31, 29, 3, PixelType::kU8, 300);
  const ConstImageView crop = in.view().Crop(3, 5, 20, 18);
  const Image copy = Must(ConvertType(crop, PixelType::kU8));
  ExpectSame(Must(Resize(crop, 33, 9, GetParam())), Must(Resize(copy, 33, 9, GetParam())));
}

TEST_P(ResizeTest, TheSameSizeIsTheSamePicture) {
  const Image in = RandomImage(9, 7, 4, PixelType::kU16, 301);
  ExpectSame(in, Must(Resize(in, 9, 7, GetParam())));
}

TEST_P(ResizeTest, ImpossibleSizesAreRefused) {
  const Image in = RandomImage(4, 4, 1, PixelType::kU8, 302);
  EXPECT_FALSE(Resize(in, 0, 4, GetParam()).ok());
  EXPECT_FALSE(Resize(in, 4, -3, GetParam()).ok());
  EXPECT_FALSE(Resize(in, int64_t{1} << 40, 4, GetParam()).ok());
  EXPECT_FALSE(Resize(Image(), 4, 4, GetParam()).ok());
}

INSTANTIATE_TEST_SUITE_P(All, ResizeTest, testing::ValuesIn(kFilters),
                         [](const auto& info) { return std::string(FilterName(info.param)); });

}  // namespace
}  // namespace safelight
