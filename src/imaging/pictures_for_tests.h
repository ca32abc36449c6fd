// SPDX-License-Identifier: Apache-2.0
//
// Networks written down in a test, run on pictures made up in a test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "graph/network_for_tests.h"
#include "runtime/model_impl.h"
#include "safelight/image.h"
#include "safelight/picture.h"

namespace safelight {

inline Model ModelOf(Graph graph) {
  Result<Model> model = ModelImpl::FromGraph(std::move(graph), "test.tflite");
  EXPECT_TRUE(model.ok()) << model.status().message();
  return *model;
}

// Float pixels between 0 and 1.
inline Image NoisePicture(int64_t width, int64_t height, int channels = 3, unsigned seed = 1) {
  Result<Image> picture = Image::Create(width, height, channels, PixelType::kF32);
  EXPECT_TRUE(picture.ok());
  std::mt19937 random(seed);
  for (int64_t y = 0; y < height; ++y) {
    float* row = picture->row<float>(y);
    for (int64_t i = 0; i < width * channels; ++i) row[i] = static_cast<float>(random() % 1000) / 1000;
  }
  return std::move(picture).value();
}

inline Image Constant(int64_t width, int64_t height, std::vector<float> pixel) {
  Result<Image> picture = Image::Create(width, height, static_cast<int>(pixel.size()), PixelType::kF32);
  EXPECT_TRUE(picture.ok());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x)
      std::copy(pixel.begin(), pixel.end(), picture->row<float>(y) + x * pixel.size());
  }
  return std::move(picture).value();
}

// The first pixel of a result, rounded to thousandths.
inline std::vector<float> FirstPixel(const Result<Image>& result) {
  EXPECT_TRUE(result.ok()) << result.status().message();
  std::vector<float> pixel(result->row<float>(0), result->row<float>(0) + result->channels());
  for (float& value : pixel) value = std::round(value * 1000) / 1000;
  return pixel;
}

// The picture continued by its own reflection, `border` pixels on every side and then on to a multiple of `border`.
inline Image Extended(const Image& picture, int64_t border) {
  const auto extended = [&](int64_t size) { return (size + 3 * border - 1) / border * border; };
  const auto reflect = [](int64_t i, int64_t size) {
    const int64_t period = 2 * (size - 1);
    i = (i % period + period) % period;
    return i < size ? i : period - i;
  };
  Result<Image> large =
      Image::Create(extended(picture.width()), extended(picture.height()), picture.channels(), PixelType::kF32);
  EXPECT_TRUE(large.ok());
  const int channels = picture.channels();
  for (int64_t y = 0; y < large->height(); ++y) {
    const float* from = picture.row<float>(reflect(y - border, picture.height()));
    for (int64_t x = 0; x < large->width(); ++x) {
      const float* pixel = from + reflect(x - border, picture.width()) * channels;
      std::copy(pixel, pixel + channels, large->row<float>(y) + x * channels);
    }
  }
  return std::move(large).value();
}

// Runs one picture through a network of its own pipeline.
struct PictureRun {
  Result<Image> result;
  std::vector<std::string> notes;
  PictureReport report;
};
inline PictureRun RunPicture(const Model& model, const Image& picture, PictureOptions options = {}) {
  options.session.threads = options.session.threads == 0 ? 1 : options.session.threads;
  Result<PicturePipeline> pipeline = PicturePipeline::Create(model, options);
  if (!pipeline.ok()) return {pipeline.status(), {}, {}};
  Result<Image> result = pipeline->Run(picture);
  return {std::move(result), pipeline->notes(), pipeline->report()};
}

// Float pixels of a rectangle, bit by bit.
inline ::testing::AssertionResult SamePixels(const Image& a, const Image& b, int64_t b_x = 0, int64_t b_y = 0) {
  if (a.channels() != b.channels()) return ::testing::AssertionFailure() << "other channels";
  if (a.width() + b_x > b.width() || a.height() + b_y > b.height()) {
    return ::testing::AssertionFailure() << a.width() << "x" << a.height() << " against " << b.width() << "x"
                                         << b.height();
  }
  for (int64_t y = 0; y < a.height(); ++y) {
    for (int64_t i = 0; i < a.width() * a.channels(); ++i) {
      const float left = a.row<float>(y)[i], right = b.row<float>(y + b_y)[i + b_x * b.channels()];
      if (left == right) continue;
      return ::testing::AssertionFailure() << "row " << y << " column " << i / a.channels() << " channel "
                                           << i % a.channels() << ": " << left << " and " << right;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace safelight
