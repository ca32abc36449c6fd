// SPDX-License-Identifier: Apache-2.0
//
// The plug-in library libsafelight_oiio.so: TIFF, EXR, RAW, BMP and the rest by OpenImageIO.
//
// It is a library of its own because OpenImageIO brings some 120 MB of others with it. OpenImageIO
// may throw on broken files; nothing leaves the calls below but a sentence.
#include "image/oiio/oiio_plugin.h"

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr OIIO::TypeDesc::BASETYPE kTypes[] = {OIIO::TypeDesc::UINT8, OIIO::TypeDesc::UINT16, OIIO::TypeDesc::FLOAT};

struct Reader {
  std::unique_ptr<OIIO::ImageInput> input;
  OIIO::TypeDesc type;
  int first_channel = 0;
  int channels = 0;
  std::vector<char> icc;
};

int32_t Fail(char* error, const std::string& sentence) {
  std::string line = sentence.empty() ? "OpenImageIO gives no reason" : sentence;
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::strncpy(error, line.c_str(), SL_OIIO_ERROR_BYTES - 1);
  error[SL_OIIO_ERROR_BYTES - 1] = 0;
  return 1;
}

// Runs the body and turns what it throws into a sentence.
template <typename Body>
int32_t Guarded(char* error, const Body& body) {
  try {
    return body();
  } catch (const std::exception& thrown) {
    return Fail(error, thrown.what());
  } catch (...) {
    return Fail(error, "OpenImageIO failed");
  }
}

// Which channels make the picture: all of up to four, or R, G, B and A among more.
bool ChooseChannels(const OIIO::ImageSpec& spec, Reader* reader) {
  const auto at = [&](const char* name) { return spec.channelindex(name); };
  const int red = at("R");
  if (red >= 0 && at("G") == red + 1 && at("B") == red + 2) {
    reader->first_channel = red;
    reader->channels = spec.alpha_channel == red + 3 ? 4 : 3;
    return true;
  }
  if (spec.nchannels == 2 && spec.alpha_channel != 1) return false;
  if (spec.nchannels == 4 && spec.alpha_channel != 3) return false;
  reader->channels = spec.nchannels;
  return spec.nchannels <= 4;
}

int32_t TypeOf(const OIIO::TypeDesc& format) {
  if (format == OIIO::TypeDesc::UINT8) return 0;
  return format == OIIO::TypeDesc::UINT16 ? 1 : 2;
}

void FillIn(const OIIO::ImageSpec& spec, Reader* reader, SlOiioPicture* picture) {
  picture->width = spec.width;
  picture->height = spec.height;
  picture->channels = reader->channels;
  picture->type = TypeOf(spec.format);
  reader->type = OIIO::TypeDesc(kTypes[picture->type]);
  const std::string space = spec.get_string_attribute("oiio:ColorSpace");
  const std::string format = reader->input->format_name();
  picture->linear = space == "Linear" || space == "linear" || format == "openexr" || format == "hdr";
  picture->associated_alpha = spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == 0;
  picture->orientation = spec.get_int_attribute("Orientation", 1);
  const OIIO::ParamValue* icc = spec.find_attribute("ICCProfile");
  if (icc != nullptr && icc->type().basetype == OIIO::TypeDesc::UINT8) {
    const auto* bytes = static_cast<const char*>(icc->data());
    reader->icc.assign(bytes, bytes + icc->type().size());
    picture->icc = {reader->icc.data(), reader->icc.size()};
  }
}

int32_t Open(const char* path, void** handle, SlOiioPicture* picture, char* error) {
  return Guarded(error, [&] {
    OIIO::ImageSpec config;
    config["oiio:UnassociatedAlpha"] = 1;  // as stored: safelight's alpha is straight
    auto reader = std::make_unique<Reader>();
    reader->input = OIIO::ImageInput::open(path, &config);
    if (reader->input == nullptr) return Fail(error, OIIO::geterror());
    const OIIO::ImageSpec& spec = reader->input->spec();
    if (spec.depth > 1) return Fail(error, "a volume of several slices, not a picture");
    if (spec.width < 1 || spec.height < 1) return Fail(error, "a picture without pixels");
    if (!ChooseChannels(spec, reader.get())) {
      std::string names;
      for (const std::string& name : spec.channelnames) names += (names.empty() ? "" : ", ") + name;
      return Fail(error, "channels " + names + " are neither gray nor RGB, with or without alpha");
    }
    FillIn(spec, reader.get(), picture);
    *handle = reader.release();
    return 0;
  });
}

int32_t Read(void* handle, void* pixels, int64_t stride_bytes, char* error) {
  auto* reader = static_cast<Reader*>(handle);
  return Guarded(error, [&] {
    const bool done = reader->input->read_image(0, 0, reader->first_channel, reader->first_channel + reader->channels,
                                                reader->type, pixels, OIIO::AutoStride, stride_bytes);
    return done ? 0 : Fail(error, reader->input->geterror());
  });
}

void Close(void* handle) { delete static_cast<Reader*>(handle); }

OIIO::ImageSpec SpecOf(const SlOiioPicture& picture) {
  OIIO::ImageSpec spec(static_cast<int>(picture.width), static_cast<int>(picture.height), picture.channels,
                       kTypes[picture.type]);
  if (picture.channels == 2) {
    spec.channelnames = {"Y", "A"};
    spec.alpha_channel = 1;
  }
  spec.attribute("Orientation", 1);
  spec.attribute("oiio:ColorSpace", picture.linear != 0 ? "Linear" : "sRGB");
  if (picture.associated_alpha == 0) spec.attribute("oiio:UnassociatedAlpha", 1);
  if (picture.icc.data != nullptr) {
    spec.attribute("ICCProfile", OIIO::TypeDesc(OIIO::TypeDesc::UINT8, static_cast<int>(picture.icc.size_bytes)),
                   picture.icc.data);
  }
  return spec;
}

int32_t Write(const char* path, const char* extension, const SlOiioPicture* picture, char* error) {
  return Guarded(error, [&] {
    const auto output = OIIO::ImageOutput::create(std::string("x.") + extension);
    if (output == nullptr) return Fail(error, OIIO::geterror());
    const bool alpha = picture->channels == 2 || picture->channels == 4;
    if (alpha && output->supports("alpha") == 0) return Fail(error, "the format holds no transparency");
    const OIIO::ImageSpec spec = SpecOf(*picture);
    if (!output->open(path, spec)) return Fail(error, output->geterror());
    const bool done = output->write_image(OIIO::TypeDesc(kTypes[picture->type]), picture->pixels, OIIO::AutoStride,
                                          picture->stride_bytes);
    if (!done) return Fail(error, output->geterror());
    if (!output->close()) return Fail(error, output->geterror());
    return 0;
  });
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const SlOiioPlugin* safelight_oiio_plugin(void) {
  static const SlOiioPlugin plugin = {SL_OIIO_ABI, Open, Read, Close, Write};
  return &plugin;
}
