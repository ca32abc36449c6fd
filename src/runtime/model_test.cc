// SPDX-License-Identifier: Apache-2.0
#include "safelight/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/file.h"
#include "formats/tflite/file_for_tests.h"
#include "runtime/networks_for_tests.h"

namespace safelight {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::span<const std::byte> AsBytes(const std::vector<uint8_t>& bytes) { return std::as_bytes(std::span(bytes)); }

TEST(ModelTest, AFileAndItsBytesAreTheSameModel) {
  const std::vector<uint8_t> bytes = SmallModel().Bytes();
  const std::string path = testing::TempDir() + "/model_test.tflite";
  ASSERT_TRUE(WriteFileAtomically(path, AsBytes(bytes)).ok());
  const Result<Model> from_file = Model::Open(path), from_bytes = Model::FromBytes(AsBytes(bytes), "bytes");
  ASSERT_TRUE(from_file.ok() && from_bytes.ok());
  EXPECT_EQ(from_file->path(), path);
  EXPECT_EQ(from_bytes->path(), "bytes");
  EXPECT_EQ(from_file->description(), "made by a test");
  Session a = MustCreate(*from_file), b = MustCreate(*from_bytes);
  EXPECT_EQ(ResultOf(a), ResultOf(b));
  std::remove(path.c_str());
}

TEST(ModelTest, SessionsOutliveTheModel) {
  std::optional<Model> model = RowsNetwork();
  Session session = MustCreate(*model);
  const auto before = ResultOf(session);
  model.reset();
  EXPECT_EQ(ResultOf(session), before);
  EXPECT_TRUE(session.Resize({Shape{1, 9, 9, 2}}).ok());
}

TEST(ModelTest, ErrorsNameTheFile) {
  const Result<Model> none = Model::Open("no/such.tflite");
  EXPECT_EQ(none.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(none.status().message(), StartsWith("no/such.tflite: "));
  const Result<Model> text = Model::FromBytes(AsBytes(std::vector<uint8_t>(100, 'x')), "text");
  EXPECT_EQ(text.status().code(), StatusCode::kCorruptData);
  EXPECT_THAT(text.status().message(), StartsWith("text: "));
  ModelForTests unknown = SmallModel();
  unknown.main().nodes[1].code = kIfCode;
  const Result<Model> refused = Model::FromBytes(AsBytes(unknown.Bytes()), "unknown");
  EXPECT_EQ(refused.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(refused.status().message(), HasSubstr("node 1 IF"));
}

TEST(ModelTest, PortsAndNodesAreThoseOfTheFile) {
  const Model model = RowsNetwork(40, 12);
  ASSERT_EQ(model.inputs().size(), 1u);
  EXPECT_EQ(model.inputs()[0].name, "x");
  EXPECT_EQ(model.inputs()[0].dtype, DType::kFloat32);
  EXPECT_EQ(model.outputs()[0].shape, (Shape{1, 40, 12, 2}));
  const std::vector<NodeInfo> nodes = model.nodes();
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_EQ(nodes[0].op, "CONV_2D");
  EXPECT_EQ(nodes[0].macs, 40 * 12 * 4 * 9 * 2);
  EXPECT_EQ(nodes[0].weight_bytes, 4 * (4 * 9 * 2 + 4));
  EXPECT_EQ(nodes[0].inputs, (std::vector<int>{-1, -2, -2}));
  EXPECT_EQ(nodes[2].inputs, (std::vector<int>{-1, 1}));
  EXPECT_EQ(nodes[1].file_nodes, (std::vector<int>{1}));
}

TEST(ModelTest, OpsAreListedOnceInOrder) {
  const std::vector<OpInfo> ops = ListOps();
  EXPECT_TRUE(std::is_sorted(ops.begin(), ops.end(), [](const OpInfo& a, const OpInfo& b) { return a.name < b.name; }));
  std::set<std::string> names;
  for (const OpInfo& op : ops) names.insert(op.name);
  EXPECT_EQ(names.size(), ops.size());
  EXPECT_TRUE(names.contains("CONV_2D") && names.contains("ADD"));
}

}  // namespace
}  // namespace safelight
