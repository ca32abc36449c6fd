// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's door to the reader: any bytes give a graph or a sentence.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "formats/tflite/reader.h"
#include "graph/infer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using safelight::MappedFile;
  auto file = safelight::ReadTflite(MappedFile::FromCopy({reinterpret_cast<const std::byte*>(data), size}));
  if (!file.ok()) {
    if (file.status().message().empty()) std::abort();
    return 0;
  }
  const safelight::Status status = safelight::Infer(file->graph);
  if (!status.ok() && status.message().empty()) std::abort();
  return 0;
}
