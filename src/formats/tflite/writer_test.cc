// SPDX-License-Identifier: Apache-2.0
//
// Files of real models are rewritten by tests/rewrite/run.py.
#include "formats/tflite/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/tflite/file_for_tests.h"
#include "formats/tflite/reader.h"

namespace safelight {
namespace {

using ::testing::HasSubstr;

FileTree TreeOf(const ModelForTests& model) {
  Result<FileTree> tree = LoadFileTree(FileOf(model));
  EXPECT_TRUE(tree.ok()) << tree.status().message();
  return tree.ok() ? std::move(tree).value() : FileTree();
}

FileTree Again(const FileTree& tree) {
  Result<std::vector<std::byte>> bytes = WriteTflite(tree);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  Result<FileTree> again = LoadFileTree(MappedFile::FromCopy(*bytes));
  EXPECT_TRUE(again.ok()) << again.status().message();
  return again.ok() ? std::move(again).value() : FileTree();
}

TEST(WriterTest, WhatIsReadIsWrittenAgain) {
  ModelForTests model = SmallModel();
  model.main().tensors[0].signature = {-1, 4};
  model.signatures = {{"serve", {{"x", 0}}, {{"y", 3}}, 0}};
  model.metadata = {1, 2, 3};
  const FileTree tree = TreeOf(model);
  EXPECT_EQ(tree.signatures[0].inputs[0].name, "x");
  EXPECT_TRUE(SameContent(tree, Again(tree)));
}

TEST(WriterTest, AnEmptyListIsNotOneThatIsLeftOut) {
  FileTree tree = TreeOf(SmallModel());
  FileSubgraph& main = tree.subgraphs[0];
  main.tensors[0].shape.clear();
  main.tensors[0].shape.written = true;
  main.tensors[1].shape.clear();
  main.tensors[1].shape.written = false;
  const FileTree again = Again(tree);
  EXPECT_TRUE(again.subgraphs[0].tensors[0].shape.written);
  EXPECT_FALSE(again.subgraphs[0].tensors[1].shape.written);
}

TEST(WriterTest, OptionsKeepEachFieldEvenAtItsDefault) {
  FileTree tree = TreeOf(SmallModel());
  FileOptions& options = tree.subgraphs[0].nodes[0].options;
  options = {kAddOptionsType, true, {}};
  options.SetInt(1, 'b', 0);  // pot_scale_int16, true where it is left out
  const FileTree again = Again(tree);
  EXPECT_EQ(again.subgraphs[0].nodes[0].options, options);
  EXPECT_EQ(again.subgraphs[0].nodes[0].options.Int(1, 1), 0);
  EXPECT_EQ(again.subgraphs[0].nodes[0].options.Int(0, 7), 7);
}

TEST(WriterTest, ElementsLieOnSixteenBytes) {
  FileTree tree = TreeOf(SmallModel());
  const std::byte bytes[3] = {};
  for (size_t size = 1; size <= 3; ++size) tree.AddBuffer({bytes, size});
  Result<std::vector<std::byte>> written = WriteTflite(tree);
  ASSERT_TRUE(written.ok());
  const Result<FileTree> again = LoadFileTree(MappedFile::FromCopy(*written));
  ASSERT_TRUE(again.ok());
  for (const FileBuffer& buffer : again->buffers) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.bytes.data()) % 16, 0u) << buffer.bytes.size();
  }
}

TEST(WriterTest, AnOpIsFoundAgainOrAdded) {
  FileTree tree = TreeOf(SmallModel());
  const size_t before = tree.op_codes.size();
  const uint32_t added = tree.FindOpCode(kAddCode, 9);
  EXPECT_EQ(tree.op_codes.size(), before + 1);
  EXPECT_EQ(tree.FindOpCode(kAddCode, 9), added);
  EXPECT_EQ(tree.FindOpCode(kAddCode, tree.op_codes[0].version), 0u);
}

TEST(WriterTest, WhatCannotBeCarriedOverIsNamed) {
  ModelForTests model = SmallModel();
  model.main().tensors[0].quantization_details = 2;
  const Result<FileTree> blockwise = LoadFileTree(FileOf(model));
  ASSERT_FALSE(blockwise.ok());
  EXPECT_THAT(blockwise.status().message(), HasSubstr("subgraph 0: tensor 0: blockwise"));
  model = SmallModel();
  model.main().nodes[0].options_type = kAddOptionsType;
  model.main().nodes[0].options = {{7, 1, 1}};
  const Result<FileTree> newer = LoadFileTree(FileOf(model));
  ASSERT_FALSE(newer.ok());
  EXPECT_THAT(newer.status().message(), HasSubstr("subgraph 0: node 0: field 7 of a table that ends at 2"));
}

}  // namespace
}  // namespace safelight
