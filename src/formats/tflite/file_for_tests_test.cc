// SPDX-License-Identifier: Apache-2.0
#include "formats/tflite/file_for_tests.h"

#include <gtest/gtest.h>

namespace safelight {
namespace {

namespace format = tflite_format;

TEST(FileForTests, TheSmallModelIsAWellFormedContainer) {
  const std::vector<uint8_t> bytes = SmallModel().Bytes();
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  EXPECT_TRUE(format::VerifyModelBuffer(verifier));
  EXPECT_EQ(format::GetModel(bytes.data())->subgraphs()->Get(0)->tensors()->size(), 4u);
}

}  // namespace
}  // namespace safelight
