// SPDX-License-Identifier: Apache-2.0
//
// Every model of the shared collection: a graph, or the refusal that is listed here.
//
// The collection is found through SAFELIGHT_SHARED, or as `shared` beside the checkout.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "formats/tflite/reader.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;

fs::path FindModels() {
  if (const char* shared = std::getenv("SAFELIGHT_SHARED")) return fs::path(shared) / "data/models";
  for (fs::path folder = fs::path(__FILE__).parent_path(); folder != folder.root_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder.parent_path() / "shared/data/models")) return folder.parent_path() / "shared/data/models";
  }
  return {};
}

// File, and words that its refusal must have.
const std::map<std::string, std::string>& Refused() {
  static const std::map<std::string, std::string> kRefused = {
#include "formats/tflite/refused_for_tests.inc"
  };
  return kRefused;
}

TEST(RealFilesTest, EveryFileIsReadOrRefusedAsListed) {
  const fs::path models = FindModels();
  if (models.empty() || !fs::exists(models)) {
    GTEST_SKIP() << "NO REAL MODELS WERE READ: set SAFELIGHT_SHARED to the folder that holds data/models";
  }
  int read_count = 0, refused_count = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(models)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    const Result<std::shared_ptr<MappedFile>> file = MappedFile::Open(entry.path().string());
    ASSERT_TRUE(file.ok()) << file.status().message();
    const Result<TfliteFile> read = ReadTflite(*file);
    const auto listed = Refused().find(name);
    if (listed == Refused().end()) {
      EXPECT_TRUE(read.ok()) << name << ": " << read.status().message();
      ++read_count;
      continue;
    }
    ++refused_count;
    ASSERT_FALSE(read.ok()) << name << " is listed as refused";
    EXPECT_NE(read.status().message().find(listed->second), std::string::npos)
        << name << ": " << read.status().message() << "\nlisted: " << listed->second;
  }
  EXPECT_EQ(refused_count, static_cast<int>(Refused().size()));
  std::printf("%d real files read, %d refused as listed\n", read_count, refused_count);
}

}  // namespace
}  // namespace safelight
