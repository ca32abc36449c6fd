// SPDX-License-Identifier: Apache-2.0
//
// Rows to floats and back, by pixel type.
#include "image/rows.h"

#include <cstring>

#include "base/status.h"
#include "kernels/image_rows.h"

namespace safelight {

void RowToFloat(const std::byte* row, PixelType type, size_t count, float white, float* target) {
  switch (type) {
    case PixelType::kU8: ImageU8ToF32(reinterpret_cast<const uint8_t*>(row), count, 255.0f / white, target); return;
    case PixelType::kU16:
      ImageU16ToF32(reinterpret_cast<const uint16_t*>(row), count, 65535.0f / white, target);
      return;
    case PixelType::kF32:
      std::memcpy(target, row, count * sizeof(float));
      if (white != 1.0f) {
        for (size_t i = 0; i < count; ++i) target[i] *= white;
      }
      return;
  }
}

void FloatToRow(const float* source, PixelType type, size_t count, float white, std::byte* row) {
  switch (type) {
    case PixelType::kU8: ImageF32ToU8(source, count, 255.0f / white, reinterpret_cast<uint8_t*>(row)); return;
    case PixelType::kU16: ImageF32ToU16(source, count, 65535.0f / white, reinterpret_cast<uint16_t*>(row)); return;
    case PixelType::kF32:
      std::memcpy(row, source, count * sizeof(float));
      if (white != 1.0f) {
        float* target = reinterpret_cast<float*>(row);
        for (size_t i = 0; i < count; ++i) target[i] /= white;
      }
      return;
  }
}

Status CheckView(const ConstImageView& view) {
  if (view.data == nullptr) return InvalidArgument("an empty picture");
  if (view.width < 1 || view.height < 1) {
    return InvalidArgument("a picture of ", view.width, "x", view.height, ", both must be at least 1");
  }
  if (view.channels < 1 || view.channels > 4) return InvalidArgument(view.channels, " channels, must be 1 to 4");
  if (view.height > 1 && view.stride_bytes < view.row_bytes()) {
    return InvalidArgument("rows of ", view.row_bytes(), " bytes that stand ", view.stride_bytes, " bytes apart");
  }
  return {};
}

}  // namespace safelight
