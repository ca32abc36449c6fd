// SPDX-License-Identifier: Apache-2.0
//
// Files that appear whole or not at all: on success, on a full disk, without permission.
#include "image/output_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "image/test_support.h"

namespace safelight {
namespace {

std::string TextOf(const std::string& path) {
  const std::vector<char> bytes = ReadBytes(path);
  return {bytes.begin(), bytes.end()};
}

TEST(OutputFileTest, TheNameAppearsAtCommit) {
  const TempFolder folder;
  {
    OutputFile file;
    ExpectOk(file.Open(folder / "a.bin"));
    ExpectOk(file.Write(BytesOf("hello")));
    EXPECT_FALSE(std::filesystem::exists(folder / "a.bin"));
    ExpectOk(file.Commit());
  }
  EXPECT_EQ(TextOf(folder / "a.bin"), "hello");
  EXPECT_EQ(folder.Files(), 1u);
}

TEST(OutputFileTest, WithoutACommitTheFormerFileStays) {
  const TempFolder folder;
  WriteBytes(folder / "a.bin", {'o', 'l', 'd'});
  {
    OutputFile file;
    ExpectOk(file.Open(folder / "a.bin"));
    ExpectOk(file.Write(BytesOf("half")));
  }
  EXPECT_EQ(TextOf(folder / "a.bin"), "old");
  EXPECT_EQ(folder.Files(), 1u);
}

TEST(OutputFileTest, AMissingFolderIsNamedAsTheReason) {
  const TempFolder folder;
  OutputFile file;
  const Status status = file.Open(folder / "none/a.bin");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("folder is missing"), std::string::npos) << status.message();
  EXPECT_EQ(folder.Files(), 0u);
}

TEST(OutputFileTest, AFolderIsNotOverwritten) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "a.png");
  OutputFile file;
  EXPECT_FALSE(file.Open(folder / "a.png").ok());
  EXPECT_EQ(folder.Files(), 1u);
}

TEST(OutputFileTest, PermissionsOfAnExistingFileAreKept) {
  const TempFolder folder;
  WriteBytes(folder / "a.bin", {'x'});
  ::chmod((folder / "a.bin").c_str(), 0640);
  OutputFile file;
  ExpectOk(file.Open(folder / "a.bin"));
  ExpectOk(file.Commit());
  struct stat info;
  ASSERT_EQ(::stat((folder / "a.bin").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(OutputFileTest, ALinkStaysALinkAndItsTargetIsReplaced) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "real");
  WriteBytes(folder / "real/a.bin", {'x'});
  std::filesystem::create_symlink("real/a.bin", folder / "link.bin");
  OutputFile file;
  ExpectOk(file.Open(folder / "link.bin"));
  ExpectOk(file.Write(BytesOf("through")));
  ExpectOk(file.Commit());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.bin"));
  EXPECT_EQ(TextOf(folder / "real/a.bin"), "through");
}

TEST(OutputFileTest, AFullDeviceIsASentence) {
  const TempFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / "a.bin");
  OutputFile file;
  ExpectOk(file.Open(folder / "a.bin"));
  const std::vector<std::byte> block(1 << 16);
  Status status = file.Write(block);
  if (status.ok()) status = file.Commit();
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_NE(status.message().find("no space"), std::string::npos) << status.message();
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

// A limit on the file's size fails writes in the middle, as a disk that fills up does.
TEST(OutputFileTest, ADiskThatFillsUpLeavesNothing) {
  const TempFolder folder;
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 10000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Status status;
  {
    OutputFile file;
    ExpectOk(file.Open(folder / "a.bin"));
    const std::vector<std::byte> block(4096);
    for (int i = 0; i < 4 && status.ok(); ++i) status = file.Write(block);
    if (status.ok()) status = file.Commit();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_EQ(folder.Files(), 0u);
}

}  // namespace
}  // namespace safelight
