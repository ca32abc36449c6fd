// SPDX-License-Identifier: Apache-2.0
#include "imaging/quantize_mixed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "imaging/pictures_for_tests.h"
#include "quantize/network_for_tests.h"
#include "safelight/quantize.h"

namespace safelight {
namespace {

using ::testing::HasSubstr;

// 1x1, each result `weight` times an input channel.
int Scaled(FileNetworkForTests* net, int in, const std::string& name, int channels_in,
           const std::vector<std::pair<int, float>>& results, const std::vector<int32_t>& shape) {
  std::vector<float> weights(results.size() * static_cast<size_t>(channels_in), 0);
  for (size_t r = 0; r < results.size(); ++r) {
    weights[r * static_cast<size_t>(channels_in) + static_cast<size_t>(results[r].first)] = results[r].second;
  }
  const auto count = static_cast<int32_t>(results.size());
  const int w = net->Constant(name + "/weights", {count, 1, 1, channels_in}, weights);
  const int b = net->Constant(name + "/bias", {count}, std::vector<float>(results.size(), 0));
  return net->Node("CONV_2D", {in, w, b}, net->Value(name, shape), 1,
                   {{1, 'i', 1}, {2, 'i', 1}, {3, 'b', 0}, {4, 'i', 1}, {5, 'i', 1}});
}

// Three layers that copy, but the second makes also hundredfold values, which share its scale: int8 has nothing left
// for the picture there.
FileTree BadInTheMiddle() {
  FileNetworkForTests net;
  const std::vector<int32_t> rgb = {1, 24, 24, 3};
  const int x = net.Input("x", rgb);
  const int a = Scaled(&net, x, "a", 3, {{0, 1}, {1, 1}, {2, 1}}, rgb);
  const int bad = Scaled(&net, a, "bad", 3, {{0, 1}, {1, 1}, {2, 1}, {0, 100}}, {1, 24, 24, 4});
  const int c = Scaled(&net, bad, "c", 4, {{0, 1}, {1, 1}, {2, 1}}, rgb);
  net.main().outputs = FileList<int32_t>({Scaled(&net, c, "d", 3, {{0, 1}, {1, 1}, {2, 1}}, rgb)});
  return net.tree;
}

class MixedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("mixed_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "truth");
    for (const unsigned seed : {1u, 2u, 3u}) {
      const std::string name = std::to_string(seed) + ".png";
      const Result<Image> picture = ConvertType(NoisePicture(24, 24, 3, seed), PixelType::kU8);
      ASSERT_TRUE(WriteImage(folder_ / name, *picture).ok());
      ASSERT_TRUE(
          WriteImage(folder_ / "truth" / name, *ConvertType(NoisePicture(24, 24, 3, seed + 9), PixelType::kU8)).ok());
      pictures_.push_back(folder_ / name);
    }
    options_.type = QuantizeType::kMixed;
    options_.picture.session.threads = 1;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<QuantizedModel> Quantize() { return QuantizeModel(ModelOf(BadInTheMiddle()), pictures_, options_); }
  std::string Message() { return Quantize().status().message(); }

  std::filesystem::path folder_;
  std::vector<std::string> pictures_;
  QuantizeOptions options_;
};

std::vector<LayerType> TypesOf(const MixedReport& report) {
  std::vector<LayerType> types;
  for (const MixedLayer& layer : report.layers) types.push_back(layer.type);
  return types;
}

TEST_F(MixedTest, TheBadLayerAndItsReaderGetMoreBits) {
  options_.mixed.types = {LayerType::kInt8, LayerType::k16x8};
  size_t last = 0, all = 0;
  const Result<QuantizedModel> made =
      QuantizeModel(ModelOf(BadInTheMiddle()), pictures_, options_, [&](size_t done, size_t of) {
        EXPECT_EQ(done, last + 1);
        last = done;
        all = of;
        return true;
      });
  ASSERT_TRUE(made.ok()) << made.status().message();
  const MixedReport& report = *made->mixed;
  EXPECT_THAT(TypesOf(report),
              ::testing::ElementsAre(LayerType::kInt8, LayerType::k16x8, LayerType::k16x8, LayerType::kInt8));
  EXPECT_LE(report.drop, 0.1);
  EXPECT_LE(report.mean_drop, report.drop);
  EXPECT_GT(report.cost, 0.5);
  EXPECT_LT(report.cost, 1);
  EXPECT_GT(report.curve.front().measured_drop.value_or(0), 1);  // all of int8
  EXPECT_LE(last, all);
  EXPECT_THAT(report.reference, HasSubstr("the float network's own"));
}

TEST_F(MixedTest, SameFileFromAnyNumberOfThreads) {
  const Result<QuantizedModel> one = Quantize();
  options_.picture.session.threads = 3;
  const Result<QuantizedModel> three = Quantize();
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->bytes, three->bytes);
}

TEST_F(MixedTest, CostsOfAFileDecide) {
  const std::string file = folder_ / "costs";
  // float32 alone is cheap, but for `a`, which is cheap as int8.
  const std::string text = "* int8 2\n* 16x8 2\n* float16 2\n* float32 1\na int8 1\n";
  ASSERT_TRUE(WriteFileAtomically(file, std::as_bytes(std::span<const char>(text))).ok());
  options_.mixed.cost = file;
  const Result<QuantizedModel> made = Quantize();
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_THAT(TypesOf(*made->mixed),
              ::testing::ElementsAre(LayerType::kInt8, LayerType::kFloat32, LayerType::kFloat32, LayerType::kFloat32));
}

TEST_F(MixedTest, MeasuredCostsAreTold) {
  options_.mixed.cost = "measured";
  options_.mixed.types = {LayerType::k16x8, LayerType::kFloat32};
  const Result<QuantizedModel> made = Quantize();
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_THAT(made->mixed->costs, ::testing::ContainsRegex("on this machine: 16x8 .* ms, float32 .* ms"));
}

TEST_F(MixedTest, PicturesOfAFolderAreTheTruth) {
  options_.mixed.truth = folder_ / "truth";
  const Result<QuantizedModel> made = Quantize();
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_NEAR(made->mixed->float_psnr, 7.8, 0.3);  // of two pictures of noise, 10 lg 6
}

TEST_F(MixedTest, AMissingPartnerIsNamed) {
  options_.mixed.truth = folder_ / "truth";
  std::filesystem::remove(folder_ / "truth" / "2.png");
  EXPECT_THAT(Message(),
              ::testing::AllOf(HasSubstr("2.png: the picture that should come out"), HasSubstr("truth/2.png")));
}

TEST_F(MixedTest, APartnerOfAnotherSizeIsNamed) {
  options_.mixed.truth = folder_ / "truth";
  ASSERT_TRUE(WriteImage(folder_ / "truth" / "3.png", *ConvertType(NoisePicture(23, 24), PixelType::kU8)).ok());
  EXPECT_THAT(Message(), HasSubstr("truth/3.png has 23x24 pixels, the network makes 24x24 of this picture"));
}

TEST_F(MixedTest, OptionsOutOfRangeAreRefused) {
  for (const double target : {-0.1, 0.0, std::nan("")}) {
    options_.mixed.target_drop = target;
    EXPECT_THAT(Message(), HasSubstr("must be above 0"));
  }
  options_.mixed = {};
  options_.mixed.pictures = 0;
  EXPECT_THAT(Message(), HasSubstr("at least one"));
  options_.mixed = {};
  options_.mixed.size = 3;
  EXPECT_THAT(Message(), HasSubstr("at least 16"));
  options_.mixed = {};
  options_.mixed.float_psnr = 0;
  EXPECT_THAT(Message(), HasSubstr("above 0 and at most 100"));
  options_.mixed = {};
  options_.mixed.cost = folder_ / "nothing";
  EXPECT_EQ(Quantize().status().code(), StatusCode::kNotFound);
}

TEST_F(MixedTest, ATargetThatNoTypeReachesIsRefused) {
  options_.mixed.types = {LayerType::kInt8};
  EXPECT_THAT(Message(), HasSubstr("the least loss that these types reach is"));
}

TEST_F(MixedTest, CanBeCancelled) {
  const Result<QuantizedModel> made =
      QuantizeModel(ModelOf(BadInTheMiddle()), pictures_, options_, [](size_t done, size_t) { return done < 20; });
  EXPECT_EQ(made.status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace safelight
