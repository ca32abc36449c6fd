// SPDX-License-Identifier: Apache-2.0
//
// A small EXIF block for tests: two tags, the second one the orientation.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <utility>
#include <vector>

namespace safelight {

inline std::vector<std::byte> MakeExif(int orientation, bool big_endian) {
  std::vector<std::byte> exif;
  const auto put = [&](unsigned value, int size) {
    for (int i = 0; i < size; ++i) exif.push_back(std::byte(value >> 8 * (big_endian ? size - 1 - i : i)));
  };
  put(big_endian ? 0x4d4d : 0x4949, 2);
  put(42, 2);
  put(8, 4);
  put(2, 2);
  for (const auto& [tag, value] : {std::pair{0x0103, 6}, std::pair{0x0112, orientation}}) {
    put(static_cast<unsigned>(tag), 2);
    put(3, 2);
    put(1, 4);
    put(static_cast<unsigned>(value), 2);
    put(0, 2);
  }
  put(0, 4);
  return exif;
}

}  // namespace safelight
