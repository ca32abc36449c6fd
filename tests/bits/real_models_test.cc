// SPDX-License-Identifier: Apache-2.0
//
// The same bits from real models, however the work is cut: heights of strips, widths of blocks, threads, place in the
// batch; at odd picture sizes that none of the files names.
//
// The models are found through SAFELIGHT_SHARED, or as `shared` beside the checkout; without them only the built-in
// upscaler is run, and the test says that it skips.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "safelight/model.h"
#include "safelight/session.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;

fs::path Checkout() { return SAFELIGHT_CHECKOUT; }

fs::path FindModels() {
  if (const char* shared = std::getenv("SAFELIGHT_SHARED")) return fs::path(shared) / "data/models";
  for (fs::path folder = Checkout(); folder != folder.root_path(); folder = folder.parent_path()) {
    if (fs::exists(folder.parent_path() / "shared/data/models")) return folder.parent_path() / "shared/data/models";
  }
  return {};
}

struct Case {
  const char* file;
  int64_t height, width;
  bool batches;  // takes several pictures at once
};
// Small networks of every make: rows all the way, barriers, skips, sizes that follow joins, no padding, enlargements,
// two outputs, two inputs.
constexpr Case kCases[] = {
    {"image_to_image/deblur/small_2conv_256_fp32.tflite", 47, 67, true},
    {"image_to_image/isp/learned_isp_544x960x4_fp32.tflite", 37, 33, false},
    {"image_to_image/lowlight/zero_dce_lite_160x160_fp32.tflite", 47, 67, true},
    {"image_to_image/superres/espcn_x2_padding_f16w.tflite", 31, 33, true},
    {"image_to_image/superres/evsrnet_x4_f16w.tflite", 23, 31, true},
    {"image_to_image/superres/video_rrn_16_x4_fp32.tflite", 23, 31, true},
    {"dense/barcode_172_f16w.tflite", 67, 93, false},
    {"dense/selfie_meet_144x256_fp32.tflite", 80, 96, false},
};

// Float values and integer weights: each convolution waits for the range of its input.
constexpr Case kDynamicCases[] = {{"dense/selfie_meet_144x256_dynrange.tflite", 80, 96, false}};

struct Cut {
  int threads;
  int64_t strip, block;  // 0: the planner's choice
};
// Fewer where they cost most: under a sanitizer, for the arithmetic that shares all but one kernel, and for SIMD
// targets that this machine would not choose.
std::vector<Cut> Cuts([[maybe_unused]] bool few) {
  std::vector<Cut> cuts;
#ifdef __SANITIZE_ADDRESS__
  few = true;
#endif
  for (const int threads : {3, 1}) {
    for (const auto& [strip, block] : {std::pair{1, 5}, {0, 32}, {3, 0}, {8, 16}, {1, 0}, {0, 5}}) {
      if (few && cuts.size() == 3) return cuts;
      cuts.push_back({threads, strip, block});
    }
  }
  return cuts;
}

std::vector<Shape> ShapesFor(const Model& model, const Case& c, int64_t batch) {
  std::vector<Shape> shapes;
  for (const Port& port : model.inputs()) {
    Shape shape = port.shape;
    shape[0] = batch;
    shape[1] = c.height;
    shape[2] = c.width;
    shapes.push_back(shape);
  }
  return shapes;
}

// Noise of which every picture of the batch has its own.
std::vector<float> Noise(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> numbers(static_cast<size_t>(count));
  for (float& number : numbers) number = static_cast<float>(random() % 2001) / 1000 - 0.5f;
  return numbers;
}

// All outputs of a run on `in`; they hold other numbers before, so that what is not written shows.
std::vector<std::vector<float>> ResultOf(const Model& model, const SessionOptions& options,
                                         const std::vector<std::vector<float>>& in) {
  Result<Session> session = Session::Create(model, options);
  EXPECT_TRUE(session.ok()) << session.status().message();
  if (!session.ok()) return {};
  std::vector<ConstTensorView> inputs;
  for (size_t i = 0; i < in.size(); ++i) inputs.push_back({DType::kFloat32, session->inputs()[i].shape, in[i].data()});
  std::vector<std::vector<float>> out;
  for (const Port& port : session->outputs()) out.emplace_back(port.shape.elements(), -77.0f);
  std::vector<TensorView> outputs;
  for (size_t i = 0; i < out.size(); ++i)
    outputs.push_back({DType::kFloat32, session->outputs()[i].shape, out[i].data()});
  const Status status = session->Run(inputs, outputs);
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

bool SameBits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return false;
    if (std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)) != 0) return false;
  }
  return true;
}

// The whole picture's result.
std::vector<std::vector<float>> ExpectSameBitsForEveryCut(const Model& model, const Case& c, Arithmetic arithmetic,
                                                          bool few, Precision precision = Precision::kFloat32) {
  const std::vector<Shape> shapes = ShapesFor(model, c, 1);
  std::vector<std::vector<float>> in;
  for (const Shape& shape : shapes) in.push_back(Noise(shape.elements(), 1));
  const auto whole = ResultOf(
      model,
      {.input_shapes = shapes, .threads = 1, .arithmetic = arithmetic, .strip_rows = 4096, .precision = precision}, in);
  for (const Cut& cut : Cuts(few)) {
    const auto result = ResultOf(model,
                                 {.input_shapes = shapes,
                                  .threads = cut.threads,
                                  .arithmetic = arithmetic,
                                  .strip_rows = cut.strip,
                                  .block_columns = cut.block,
                                  .precision = precision},
                                 in);
    EXPECT_TRUE(SameBits(result, whole)) << "threads " << cut.threads << " strip " << cut.strip << " block "
                                         << cut.block;
  }
  return whole;
}

void ExpectSameBitsAtEveryPlaceOfABatch(const Model& model, const Case& c) {
  constexpr int64_t kBatch = 3;
  const std::vector<Shape> one = ShapesFor(model, c, 1), all = ShapesFor(model, c, kBatch);
  std::vector<std::vector<float>> in;
  for (const Shape& shape : all) in.push_back(Noise(shape.elements(), 2));
  const auto batch = ResultOf(model, {.input_shapes = all, .threads = 2}, in);
  for (int64_t k = 0; k < kBatch; ++k) {
    const auto part = [&](const std::vector<float>& numbers) {
      const auto size = static_cast<std::ptrdiff_t>(numbers.size() / kBatch);
      return std::vector<float>(numbers.begin() + k * size, numbers.begin() + (k + 1) * size);
    };
    std::vector<std::vector<float>> single_in, parts;
    for (const auto& numbers : in) single_in.push_back(part(numbers));
    for (const auto& numbers : batch) parts.push_back(part(numbers));
    EXPECT_TRUE(SameBits(ResultOf(model, {.input_shapes = one, .threads = 1}, single_in), parts)) << "picture " << k;
  }
}

double LargestDifference(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t k = 0; k < a[i].size(); ++k) largest = std::max<double>(largest, std::abs(a[i][k] - b[i][k]));
  }
  return largest;
}

double LargestValue(const std::vector<std::vector<float>>& values) {
  double largest = 0;
  for (const auto& numbers : values) {
    for (const float number : numbers) largest = std::max<double>(largest, std::abs(number));
  }
  return largest;
}

// On every SIMD target of this machine; a model packs its weights for one, so each opens its own.
void ExpectSameBits(const std::string& path, const Case& c) {
  SCOPED_TRACE(path);
  std::vector<std::vector<float>> best;
  const auto targets = hwy::SupportedTargets();
  // The lowest bit is the best target.
  for (auto left = targets; left != 0; left &= left - 1) {
    const auto target = left & -left;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    const Result<Model> model = Model::Open(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    const bool is_best = best.empty();
    const auto result = ExpectSameBitsForEveryCut(*model, c, Arithmetic::kFast, !is_best);
    ExpectSameBitsForEveryCut(*model, c, Arithmetic::kExact, true);
    if (c.batches && is_best) ExpectSameBitsAtEveryPlaceOfABatch(*model, c);
    if (is_best) {
      const auto half = ExpectSameBitsForEveryCut(*model, c, Arithmetic::kFast, true, Precision::kFloat16);
      EXPECT_LT(LargestDifference(half, result), 0.1 * LargestValue(result));
    }
    if (is_best) best = result;
    // Between targets floats agree within roundings, which networks that iterate a curve on noise enlarge; wrong code
    // differs by the range itself. The kernels' tests have the tight bounds.
    EXPECT_LT(LargestDifference(result, best), 1e-3 * LargestValue(best));
  }
  hwy::SetSupportedTargetsForTest(0);
}

TEST(RealModelsTest, TheBuiltInUpscalerHasTheSameBitsForEveryCut) {
  ExpectSameBits((Checkout() / "models/upscale_x3.tflite").string(), {"", 29, 35, true});
}

TEST(RealModelsTest, OddSizesAndOddOptionsGiveTheSameBits) {
  const Result<Model> model = Model::Open((Checkout() / "models/upscale_x3.tflite").string());
  ASSERT_TRUE(model.ok()) << model.status().message();
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 50}, {50, 1}, {2, 3}, {3, 200}, {200, 3}}) {
    SCOPED_TRACE(testing::Message() << width << "x" << height);
    const std::vector<Shape> shapes = ShapesFor(*model, {"", height, width, false}, 1);
    const std::vector<std::vector<float>> in = {Noise(shapes[0].elements(), 3)};
    const auto whole = ResultOf(*model, {.input_shapes = shapes, .threads = 1, .strip_rows = 4096}, in);
    EXPECT_TRUE(SameBits(ResultOf(*model, {.input_shapes = shapes, .threads = 512}, in), whole));
    const Result<Session> many = Session::Create(*model, {.input_shapes = shapes, .threads = 512});
    ASSERT_TRUE(many.ok());
    EXPECT_THAT(many->notes(), testing::Contains(testing::HasSubstr("512 threads asked for, ")));
    const auto limited = ResultOf(*model, {.input_shapes = shapes, .threads = 2, .memory_limit_bytes = 1'000'000}, in);
    EXPECT_TRUE(SameBits(limited, whole));
  }
}

TEST(RealModelsTest, SharedModelsHaveTheSameBitsForEveryCut) {
  const fs::path models = FindModels();
  if (models.empty() || !fs::exists(models)) {
    GTEST_SKIP() << "NO SHARED MODELS WERE RUN: set SAFELIGHT_SHARED to the folder that holds data/models";
  }
  for (const Case& c : kCases) ExpectSameBits((models / c.file).string(), c);
}

// What a last digit does before a rounding is a step behind it: no bound between targets or precisions here.
TEST(RealModelsTest, DynamicRangeNetworksHaveTheSameBitsForEveryCut) {
  const fs::path models = FindModels();
  if (models.empty()) GTEST_SKIP() << "no models beside the checkout";
  for (const Case& c : kDynamicCases) {
    SCOPED_TRACE(c.file);
    const Result<Model> model = Model::Open((models / c.file).string());
    ASSERT_TRUE(model.ok()) << model.status().message();
    ExpectSameBitsForEveryCut(*model, c, Arithmetic::kExact, true);
    ExpectSameBitsForEveryCut(*model, c, Arithmetic::kByType, true);
    ExpectSameBitsForEveryCut(*model, c, Arithmetic::kFast, true);
    ExpectSameBitsForEveryCut(*model, c, Arithmetic::kByType, true, Precision::kFloat16);
  }
}

}  // namespace
}  // namespace safelight
