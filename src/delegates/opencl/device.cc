// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/device.h"

#include <algorithm>
#include <charconv>

#include "delegates/delegates.h"

namespace safelight::opencl {
namespace {

// A whole number that is not negative, with KB, MB or GB behind it where `bytes`.
Result<int64_t> ReadNumber(const std::string& key, std::string text, bool bytes) {
  int64_t unit = 1;
  for (const auto& [name, size] :
       {std::pair{"KB", int64_t{1000}}, {"MB", int64_t{1000000}}, {"GB", int64_t{1000000000}}}) {
    if (!bytes || text.size() < 3 || text.substr(text.size() - 2) != name) continue;
    unit = size;
    text.resize(text.size() - 2);
    break;
  }
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > INT64_MAX / unit) {
    return InvalidArgument("option ", key, ":", text, " must be a whole number",
                           bytes ? " of bytes, KB, MB or GB" : "");
  }
  return number * unit;
}

Status ReadWord(const DelegateOptions& options, const char* key, const char* no, const char* yes, bool* is_yes) {
  const std::string* text = FindOption(options, key);
  if (text == nullptr) return {};
  if (*text != no && *text != yes) return InvalidArgument("option ", key, ":", *text, " must be ", no, " or ", yes);
  *is_yes = *text == yes;
  return {};
}

std::string DeviceText(const Library& library, cl_device_id id, cl_device_info what) {
  size_t size = 0;
  if (library.clGetDeviceInfo(id, what, 0, nullptr, &size) != CL_SUCCESS || size == 0) return "";
  std::string text(size, '\0');
  if (library.clGetDeviceInfo(id, what, size, text.data(), nullptr) != CL_SUCCESS) return "";
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

template <typename T>
T DeviceNumber(const Library& library, cl_device_id id, cl_device_info what) {
  T number{};
  return library.clGetDeviceInfo(id, what, sizeof(number), &number, nullptr) == CL_SUCCESS ? number : T{};
}

std::string PlatformVersion(const Library& library, cl_platform_id platform) {
  char text[256] = {};
  library.clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof(text) - 1, text, nullptr);
  return text;
}

std::vector<cl_platform_id> Platforms(const Library& library) {
  cl_uint count = 0;
  if (library.clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) return {};
  std::vector<cl_platform_id> platforms(count);
  if (count == 0 || library.clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return {};
  return platforms;
}

std::vector<cl_device_id> DevicesOf(const Library& library, cl_platform_id platform) {
  cl_uint count = 0;
  if (library.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) return {};
  std::vector<cl_device_id> devices(count);
  if (count == 0 ||
      library.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices.data(), nullptr) != CL_SUCCESS) {
    return {};
  }
  return devices;
}

bool HasExtension(const std::string& extensions, const std::string& name) {
  return (" " + extensions + " ").find(" " + name + " ") != std::string::npos;
}

// Of a CPU: units, clock and vectors as the driver tells them, with a multiply-add in each lane and cycle. How many
// lanes a unit of a GPU has no core query says, so its peak is not known.
double PeakOf(const Library& library, cl_device_id id) {
  if (DeviceNumber<cl_device_type>(library, id, CL_DEVICE_TYPE) != CL_DEVICE_TYPE_CPU) return 0;
  const double units = DeviceNumber<cl_uint>(library, id, CL_DEVICE_MAX_COMPUTE_UNITS);
  const double clock = DeviceNumber<cl_uint>(library, id, CL_DEVICE_MAX_CLOCK_FREQUENCY) * 1e6;
  return units * clock * DeviceNumber<cl_uint>(library, id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT) * 2;
}

Result<cl_device_id> ChooseDevice(const Library& library, cl_platform_id platform, int number) {
  const std::vector<cl_device_id> devices = DevicesOf(library, platform);
  if (devices.empty()) return NotFound("platform ", PlatformVersion(library, platform), " has no device");
  if (number >= static_cast<int>(devices.size())) {
    return NotFound("device ", number, " is asked for, the platform has ", devices.size());
  }
  if (number >= 0) return devices[static_cast<size_t>(number)];
  const auto gpu = std::find_if(devices.begin(), devices.end(), [&](cl_device_id id) {
    return (DeviceNumber<cl_device_type>(library, id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_GPU) != 0;
  });
  return gpu == devices.end() ? devices.front() : *gpu;
}

}  // namespace

Result<Settings> ReadSettings(const DelegateOptions& options) {
  constexpr const char* kKnown[] = {"platform", "device", "precision", "sums", "storage", "memory", "profile"};
  SL_TRY(CheckOptions(options, kKnown));
  Settings settings;
  settings.half_values = options.precision == Precision::kFloat16;
  settings.memory_limit = options.memory_limit_bytes;
  settings.cache_folder = options.cache_folder;
  for (const auto& [key, number] : {std::pair{"platform", &settings.platform}, {"device", &settings.device}}) {
    const std::string* text = FindOption(options, key);
    if (text == nullptr) continue;
    SL_ASSIGN(const int64_t read, ReadNumber(key, *text, false));
    *number = static_cast<int>(std::min<int64_t>(read, 1 << 20));
  }
  if (const std::string* text = FindOption(options, "memory")) {
    SL_ASSIGN(settings.memory_limit, ReadNumber("memory", *text, true));
  }
  SL_TRY(ReadWord(options, "precision", "float32", "float16", &settings.half_values));
  SL_TRY(ReadWord(options, "sums", "float32", "float16", &settings.half_sums));
  SL_TRY(ReadWord(options, "storage", "buffer", "image", &settings.images));
  if (settings.half_sums && !settings.half_values) {
    return InvalidArgument("option sums:float16 needs precision:float16");
  }
  if (const std::string* text = FindOption(options, "profile")) settings.profile = *text;
  return settings;
}

Result<std::shared_ptr<const Device>> OpenDevice(const Library* library, const Settings& settings) {
  const std::vector<cl_platform_id> platforms = Platforms(*library);
  if (platforms.empty()) return NotFound("no driver is installed");
  if (settings.platform >= static_cast<int>(platforms.size())) {
    return NotFound("platform ", settings.platform, " is asked for, there are ", platforms.size());
  }
  const cl_platform_id platform = platforms[static_cast<size_t>(settings.platform)];
  auto device = std::make_shared<Device>();
  device->library = library;
  SL_ASSIGN(device->id, ChooseDevice(*library, platform, settings.device));
  device->name = DeviceText(*library, device->id, CL_DEVICE_NAME);
  device->driver = DeviceText(*library, device->id, CL_DRIVER_VERSION);
  device->platform = PlatformVersion(*library, platform);
  const auto flag = [&](cl_device_info what) { return DeviceNumber<cl_bool>(*library, device->id, what) == CL_TRUE; };
  if (!flag(CL_DEVICE_AVAILABLE)) return NotFound("device ", device->name, " is not available");
  if (!flag(CL_DEVICE_COMPILER_AVAILABLE)) return Unsupported("device ", device->name, " has no compiler");
  device->has_half = HasExtension(DeviceText(*library, device->id, CL_DEVICE_EXTENSIONS), "cl_khr_fp16");
  if (settings.half_sums && !device->has_half) {
    return Unsupported("device ", device->name, " has no float16 arithmetic (cl_khr_fp16), which sums:float16 needs");
  }
  device->has_images = flag(CL_DEVICE_IMAGE_SUPPORT);
  const auto size = [&](cl_device_info what) {
    return static_cast<int64_t>(DeviceNumber<size_t>(*library, device->id, what));
  };
  device->image_width = size(CL_DEVICE_IMAGE2D_MAX_WIDTH);
  device->image_height = size(CL_DEVICE_IMAGE2D_MAX_HEIGHT);
  device->memory_bytes = static_cast<int64_t>(DeviceNumber<cl_ulong>(*library, device->id, CL_DEVICE_GLOBAL_MEM_SIZE));
  device->largest_buffer =
      static_cast<int64_t>(DeviceNumber<cl_ulong>(*library, device->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE));
  cl_int error = CL_SUCCESS;
  device->context = Context(library, library->clCreateContext(nullptr, 1, &device->id, nullptr, nullptr, &error));
  SL_TRY(Check(error, Cat("clCreateContext on ", device->name)));
  return std::shared_ptr<const Device>(std::move(device));
}

std::vector<DelegateDevice> ListDevices(const Library& library) {
  std::vector<DelegateDevice> list;
  for (const cl_platform_id platform : Platforms(library)) {
    for (const cl_device_id id : DevicesOf(library, platform)) {
      const auto type = DeviceNumber<cl_device_type>(library, id, CL_DEVICE_TYPE);
      list.push_back(
          {.name = DeviceText(library, id, CL_DEVICE_NAME),
           .kind = (type & CL_DEVICE_TYPE_GPU) != 0   ? "gpu"
                   : (type & CL_DEVICE_TYPE_CPU) != 0 ? "cpu"
                                                      : "unknown",
           .memory_bytes = static_cast<int64_t>(DeviceNumber<cl_ulong>(library, id, CL_DEVICE_GLOBAL_MEM_SIZE)),
           .peak_flops = PeakOf(library, id)});
    }
  }
  return list;
}

}  // namespace safelight::opencl
