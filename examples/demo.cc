// SPDX-License-Identifier: Apache-2.0
//
// The demo: a photo made small and enlarged again three times, by bicubic and by the built-in model.
//   safelight_demo MODEL PHOTO FOLDER
#include <cstdio>
#include <string>

#include "base/process.h"
#include "quality/psnr.h"
#include "safelight/picture.h"

namespace safelight {
namespace {

constexpr int64_t kScale = 3;

Status Fail(const Status& status, const std::string& what) { return status.With(what); }

// The pictures beside each other, the height of the first.
Result<Image> Beside(const Image& left, const Image& right) {
  const int64_t gap = 8;
  Result<Image> both = Image::Create(left.width() + gap + right.width(), left.height(), 3, PixelType::kU8);
  if (!both.ok()) return both;
  for (int64_t y = 0; y < left.height(); ++y) {
    uint8_t* row = both->row<uint8_t>(y);
    for (int64_t i = 0; i < left.width() * 3; ++i) row[i] = left.row<uint8_t>(y)[i];
    for (int64_t i = 0; i < gap * 3; ++i) row[left.width() * 3 + i] = 255;
    for (int64_t i = 0; i < right.width() * 3; ++i) row[(left.width() + gap) * 3 + i] = right.row<uint8_t>(y)[i];
  }
  return both;
}

Status Run(const std::string& model_path, const std::string& photo_path, const std::string& folder) {
  Result<Model> model = Model::Open(model_path);
  if (!model.ok()) return model.status();
  Result<PicturePipeline> pipeline = PicturePipeline::Create(*model);
  if (!pipeline.ok()) return pipeline.status();
  Result<Image> photo = ReadImage(photo_path);
  if (!photo.ok()) return photo.status();
  Result<Image> rgb =
      ToRgb(photo->view().Crop(0, 0, photo->width() / kScale * kScale, photo->height() / kScale * kScale));
  if (!rgb.ok()) return rgb.status();
  Result<Image> small = Resize(*rgb, rgb->width() / kScale, rgb->height() / kScale, Filter::kBicubic);
  if (!small.ok()) return Fail(small.status(), "making the photo small");
  Result<Image> bicubic = Resize(*small, rgb->width(), rgb->height(), Filter::kBicubic);
  if (!bicubic.ok()) return Fail(bicubic.status(), "bicubic");
  Result<Image> enlarged = pipeline->Run(*small);
  if (!enlarged.ok()) return Fail(enlarged.status(), "enlarging");
  const PsnrOptions luma{.channel = PsnrChannel::kYStudio, .crop = kScale};
  const Result<double> psnr = Psnr(*rgb, *enlarged, luma), psnr_bicubic = Psnr(*rgb, *bicubic, luma);
  if (!psnr.ok()) return psnr.status();
  Result<Image> beside = Beside(*bicubic, *enlarged);
  if (!beside.ok()) return beside.status();
  for (const auto& [name, image] : {std::pair<const char*, const Image*>{"small.png", &*small},
                                    {"bicubic.png", &*bicubic},
                                    {"safelight.png", &*enlarged},
                                    {"bicubic_beside_safelight.png", &*beside}}) {
    const Status written = WriteImage(folder + "/" + name, *image);
    if (!written.ok()) return written;
  }
  for (const std::string& note : pipeline->notes()) std::printf("%s\n", note.c_str());
  std::printf("%lldx%lld enlarged to %lldx%lld\n", static_cast<long long>(small->width()),
              static_cast<long long>(small->height()), static_cast<long long>(enlarged->width()),
              static_cast<long long>(enlarged->height()));
  std::printf("PSNR to the photo itself (luma): bicubic %.2f dB, upscale_x3 %.2f dB\n", *psnr_bicubic, *psnr);

  // The whole photo enlarged: what a first frame and the frames after it cost.
  Result<Image> large = pipeline->Run(*rgb);
  if (!large.ok()) return large.status();
  const PictureReport first = pipeline->report();
  double best = first.run_seconds;
  for (int i = 0; i < 4; ++i) {
    Result<Image> again = pipeline->Run(*rgb);
    if (!again.ok()) return again.status();
    best = std::min(best, pipeline->report().run_seconds);
  }
  const Status written = WriteImage(folder + "/photo_x3.png", *large);
  if (!written.ok()) return written;
  std::printf("%lldx%lld enlarged to %lldx%lld: compile %.1f ms, first run %.1f ms, best of five %.1f ms (%.1f fps)\n",
              static_cast<long long>(rgb->width()), static_cast<long long>(rgb->height()),
              static_cast<long long>(large->width()), static_cast<long long>(large->height()),
              1000 * first.compile_seconds, 1000 * first.run_seconds, 1000 * best, 1 / best);
  std::printf("engine %.1f MB, tensors %.1f MB, peak of the whole process with all pictures %.1f MB\n",
              static_cast<double>(first.session_bytes) / (1 << 20), static_cast<double>(first.buffer_bytes) / (1 << 20),
              static_cast<double>(PeakMemoryBytes()) / (1 << 20));
  std::printf("pictures in %s: bicubic_beside_safelight.png, small.png, bicubic.png, safelight.png, photo_x3.png\n",
              folder.c_str());
  return {};
}

}  // namespace
}  // namespace safelight

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: safelight_demo MODEL PHOTO FOLDER\n");
    return 2;
  }
  const safelight::Status status = safelight::Run(argv[1], argv[2], argv[3]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "safelight_demo: %s\n", status.message().c_str());
  return 1;
}
