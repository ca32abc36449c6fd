// SPDX-License-Identifier: Apache-2.0
//
// Finding the plug-in, and turning its C structs into pictures.
#include "image/oiio/oiio_bridge.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/codecs/codec.h"
#include "image/oiio/oiio_plugin.h"
#include "image/rows.h"

namespace safelight {
namespace {

constexpr char kLibrary[] = "libsafelight_oiio.so";
// The most that one byte of a file stands for in formats with run lengths and flat tiles.
constexpr int64_t kMaxPixelsPerByte = 100000;

constexpr const char* kReadable[] = {"tif", "tiff", "exr", "bmp", "gif", "hdr", "dpx",  "cin",  "tga",  "psd", "pnm",
                                     "ppm", "pgm",  "pbm", "pfm", "jp2", "j2k", "heic", "heif", "avif", "ico", "dds",
                                     "dng", "cr2",  "cr3", "nef", "arw", "raf", "rw2",  "orf",  "pef",  "srw"};
constexpr const char* kWritable[] = {"tif", "tiff", "exr", "bmp", "hdr", "dpx",
                                     "tga", "ppm",  "pgm", "pnm", "jp2", "gif"};
// Numbers in these are in proportion to light by definition; in those, when a tag says so.
constexpr const char* kLinearFormats[] = {"exr", "hdr"};
constexpr const char* kSaysLinear[] = {"tif", "tiff", "dpx"};

// The formats of kReadable that tell themselves by their first bytes; the rest are RAW kinds of TIFF.
struct Magic {
  std::string_view bytes;
  const char* name;
  size_t at = 0;
};
constexpr Magic kMagics[] = {{{"II*\0", 4}, "TIFF or RAW"},
                             {{"MM\0*", 4}, "TIFF or RAW"},
                             {{"II+\0", 4}, "TIFF"},
                             {{"MM\0+", 4}, "TIFF"},
                             {"\x76\x2f\x31\x01", "OpenEXR"},
                             {"BM", "BMP"},
                             {"GIF8", "GIF"},
                             {"#?RADIANCE", "Radiance HDR"},
                             {"#?RGBE", "Radiance HDR"},
                             {"SDPX", "DPX"},
                             {"XPDS", "DPX"},
                             {"8BPS", "Photoshop"},
                             {"DDS ", "DDS"},
                             {{"\0\0\0\x0cjP  ", 8}, "JPEG 2000"},
                             {"\xff\x4f\xff\x51", "JPEG 2000"},
                             {"ftyp", "HEIF", 4},
                             {"FUJIFILM", "RAW"},
                             {{"IIRO", 4}, "RAW"},
                             {{"IIU\0", 4}, "RAW"}};

template <typename List>
bool Holds(const List& list, const std::string& word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// "TIFF or RAW", or empty for a file of no known kind.
std::string FormatName(std::span<const std::byte> head, const std::string& path) {
  for (const Magic& magic : kMagics) {
    if (head.size() > magic.at && StartsWith(head.subspan(magic.at), magic.bytes)) return magic.name;
  }
  const bool netpbm = head.size() > 2 && StartsWith(head, "P") && std::strchr("1234567fF", static_cast<char>(head[1]));
  if (netpbm) return "PNM";
  // TGA and a few others have no magic; only a name tells them.
  const std::string extension = LowerExtension(path);
  return extension == "tga" || extension == "ico" || extension == "cin" ? extension : std::string();
}

std::string FolderOf(std::string path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

std::vector<std::string> UsualFolders() {
  std::vector<std::string> folders;
  char program[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", program, sizeof(program));
  if (length > 0) {
    const std::string folder = FolderOf(std::string(program, static_cast<size_t>(length)));
    folders.push_back(folder);
    folders.push_back(folder + "/../lib");
  }
  Dl_info self;
  if (::dladdr(reinterpret_cast<const void*>(&PluginWrites), &self) != 0 && self.dli_fname != nullptr) {
    folders.push_back(FolderOf(self.dli_fname));
  }
#ifdef SAFELIGHT_PLUGIN_DIR
  folders.push_back(SAFELIGHT_PLUGIN_DIR);
#endif
  return folders;
}

std::vector<std::string> SearchFolders() {
  std::vector<std::string> folders;
  const char* variable = std::getenv("SAFELIGHT_PLUGIN_PATH");
  if (variable == nullptr) return UsualFolders();
  std::string rest = variable;
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) folders.push_back(rest.substr(0, colon));
    rest.erase(0, colon + 1);
  }
  return folders;
}

Result<const SlOiioPlugin*> OpenPlugin() {
  std::string reason = "it was not found";
  std::string looked;
  for (const std::string& folder : SearchFolders()) {
    const std::string path = folder + "/" + kLibrary;
    looked += (looked.empty() ? "" : ", ") + folder;
    if (::access(path.c_str(), F_OK) != 0) continue;
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      reason = Cat("it does not load (", ::dlerror(), ")");
      continue;
    }
    const auto get = reinterpret_cast<decltype(&safelight_oiio_plugin)>(::dlsym(library, "safelight_oiio_plugin"));
    const SlOiioPlugin* plugin = get == nullptr ? nullptr : get();
    if (plugin != nullptr && plugin->abi == SL_OIIO_ABI) return plugin;
    reason = "it belongs to another version of safelight";
    ::dlclose(library);
  }
  return Unsupported("the plug-in ", kLibrary, " is needed, and ", reason, "; looked in ", looked,
                     " (SAFELIGHT_PLUGIN_PATH names other folders)");
}

const Result<const SlOiioPlugin*>& Plugin() {
  static const Result<const SlOiioPlugin*> plugin = OpenPlugin();
  return plugin;
}

// Colours times alpha, or back; a colour under alpha 0 stays 0.
void ScaleByAlpha(const ImageView& view, bool multiply) {
  const size_t count = static_cast<size_t>(view.width) * static_cast<size_t>(view.channels);
  std::vector<float> row(count);
  for (int64_t y = 0; y < view.height; ++y) {
    RowToFloat(view.row(y), view.type, count, 1.0f, row.data());
    for (size_t i = 0; i < count; i += static_cast<size_t>(view.channels)) {
      const float alpha = row[i + static_cast<size_t>(view.channels) - 1];
      const float factor = multiply ? alpha : alpha > 0 ? 1 / alpha : 0;
      for (int c = 0; c + 1 < view.channels; ++c) row[i + static_cast<size_t>(c)] *= factor;
    }
    FloatToRow(row.data(), view.type, count, 1.0f, view.row(y));
  }
}

std::vector<std::byte> Copy(const SlOiioBytes& bytes) {
  const auto* begin = static_cast<const std::byte*>(bytes.data);
  return begin == nullptr ? std::vector<std::byte>() : std::vector<std::byte>(begin, begin + bytes.size_bytes);
}

struct Opened {
  const SlOiioPlugin* plugin;
  void* handle = nullptr;
  ~Opened() {
    if (handle != nullptr) plugin->close(handle);
  }
};

}  // namespace

Result<Image> ReadByPlugin(const std::string& path, std::span<const std::byte> head, const ReadOptions& options,
                           int* orientation) {
  const std::string format = FormatName(head, path);
  if (format.empty()) return CorruptData("not a picture of a known format");
  if (!Plugin().ok()) return Plugin().status().With(format);
  Opened opened{Plugin().value()};
  SlOiioPicture header{};
  char error[SL_OIIO_ERROR_BYTES] = "";
  if (opened.plugin->open(path.c_str(), &opened.handle, &header, error) != 0) {
    return CorruptData("cannot read it as ", format, ": ", error);
  }
  struct stat info;
  const size_t file_bytes = ::stat(path.c_str(), &info) == 0 ? static_cast<size_t>(info.st_size) : 0;
  SL_TRY(CheckSize(header.width, header.height, file_bytes, kMaxPixelsPerByte, options));
  const auto type = static_cast<PixelType>(header.type);
  SL_ASSIGN(Image image, Image::Create(header.width, header.height, header.channels, type,
                                       header.linear != 0 ? ColorSpace::kLinear : ColorSpace::kSrgb));
  const auto stride_bytes = static_cast<int64_t>(image.view().stride_bytes);
  if (opened.plugin->read(opened.handle, image.view().data, stride_bytes, error) != 0) {
    return CorruptData("cannot read it as ", format, ": ", error);
  }
  if (image.has_alpha() && header.associated_alpha != 0) ScaleByAlpha(image.view(), false);
  image.metadata.icc = Copy(header.icc);
  if (header.linear == 0) image.set_color_space(ColorSpaceOf(image.metadata.icc, image.channels()));
  *orientation = header.orientation;
  return image;
}

bool PluginWrites(const std::string& extension) { return Holds(kWritable, extension); }

std::span<const char* const> PluginExtensions() { return kReadable; }

Status WriteByPlugin(const ConstImageView& view, const std::string& extension, const WriteOptions& options,
                     OutputFile* file) {
  if (!Plugin().ok()) return Plugin().status().With("." + extension);
  Image converted;
  ConstImageView source = view;
  const bool to_linear = Holds(kLinearFormats, extension);
  if (to_linear) {
    SL_ASSIGN(converted, ConvertType(source, PixelType::kF32));
    SL_ASSIGN(converted, ConvertCurve(converted, ColorSpace::kLinear));
    if (converted.has_alpha()) ScaleByAlpha(converted.view(), true);
    source = converted.view();
  } else if (view.color_space == ColorSpace::kLinear && !Holds(kSaysLinear, extension)) {
    SL_ASSIGN(converted, ConvertCurve(view, ColorSpace::kSrgb));
    source = converted.view();
  }
  SlOiioPicture picture{};
  picture.width = source.width;
  picture.height = source.height;
  picture.channels = source.channels;
  picture.type = static_cast<int32_t>(source.type);
  picture.linear = source.color_space == ColorSpace::kLinear;
  picture.associated_alpha = to_linear;
  picture.orientation = 1;
  // The plug-in's struct serves reading too, so its pointer lacks the const; it reads only.
  picture.pixels = const_cast<std::byte*>(source.data);
  picture.stride_bytes = static_cast<int64_t>(source.stride_bytes);
  const std::span<const std::byte> icc = FittingIcc(options, view.channels);
  if (!icc.empty() && !to_linear) picture.icc = {icc.data(), icc.size()};
  char error[SL_OIIO_ERROR_BYTES] = "";
  if (Plugin().value()->write(file->temporary_path().c_str(), extension.c_str(), &picture, error) != 0) {
    return IoError("cannot write .", extension, ": ", error);
  }
  return {};
}

}  // namespace safelight
