// SPDX-License-Identifier: Apache-2.0
//
// Devices of all platforms, the one that is used, and how it is used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "delegates/opencl/library.h"
#include "engine/delegate.h"

namespace safelight::opencl {

// What DelegateOptions ask for, read and checked.
struct Settings {
  int platform = 0;          // its number among the platforms
  int device = -1;           // its number among the platform's devices; -1: the first GPU, else the first of any kind
  bool half_values = false;  // values and weights are stored as float16
  bool half_sums = false;    // and convolutions sum in float16
  bool images = false;       // values lie in images where the device's limits allow
  int64_t memory_limit = 0;  // bytes on the device; 0: what the device has
  std::string cache_folder;  // of compiled programs; empty: none
  std::string profile;       // a file that gets the time of each step; empty: none
};
// Errors: an unknown option or a value that is none.
Result<Settings> ReadSettings(const DelegateOptions& options);

// A device with a context of its own. Shared by the delegate and all of its parts.
struct Device {
  const Library* library = nullptr;
  cl_device_id id = nullptr;
  Context context;
  std::string name, driver, platform;  // driver: its version
  bool has_half = false;               // arithmetic in float16 (cl_khr_fp16)
  bool has_images = false;
  int64_t image_width = 0, image_height = 0;  // largest image
  int64_t memory_bytes = 0, largest_buffer = 0;

  // What decides a compiled program and its results.
  std::string Identity() const { return Cat(name, ", driver ", driver, " (", platform, ")"); }
};
// Errors: no platform, no device of that number, no compiler, no context.
Result<std::shared_ptr<const Device>> OpenDevice(const Library* library, const Settings& settings);

// All devices of all platforms, in the order in which options count them.
std::vector<DelegateDevice> ListDevices(const Library& library);

}  // namespace safelight::opencl
