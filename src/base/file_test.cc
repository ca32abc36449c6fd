// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace safelight {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = (fs::temp_directory_path() / "safelight-file-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FileTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  int FilesInFolder() const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

std::span<const std::byte> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
std::string TextOf(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

TEST_F(FileTest, WhatWasWrittenIsMapped) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes("silver halide")).ok());
  const auto file = MappedFile::Open(Path("a"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(TextOf((*file)->bytes()), "silver halide");
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(FileTest, ReleasedPagesComeBackFromTheFile) {
  const std::vector<std::byte> bytes(100'000, std::byte{7});
  ASSERT_TRUE(WriteFileAtomically(Path("a"), bytes).ok());
  const auto file = MappedFile::Open(Path("a"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  for (const std::shared_ptr<MappedFile>& map : {*file, MappedFile::FromCopy(bytes)}) {
    map->ReleasePages();
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), map->bytes().begin(), map->bytes().end()));
  }
}

TEST_F(FileTest, ACopyIsIndependentOfWhatItWasMadeFrom) {
  std::string text = "abc";
  const auto copy = MappedFile::FromCopy(Bytes(text));
  text = "xyz";
  EXPECT_EQ(TextOf(copy->bytes()), "abc");
  EXPECT_TRUE(MappedFile::FromCopy({})->bytes().empty());
}

TEST_F(FileTest, AMissingFileIsSaidByName) {
  const auto file = MappedFile::Open(Path("absent.tflite"));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), StatusCode::kNotFound);
  EXPECT_NE(file.status().message().find("absent.tflite"), std::string::npos);
}

TEST_F(FileTest, AnEmptyFileIsRefused) {
  std::ofstream(Path("empty"));
  const auto file = MappedFile::Open(Path("empty"));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), StatusCode::kCorruptData);
  EXPECT_NE(file.status().message().find("the file is empty"), std::string::npos);
}

TEST_F(FileTest, AFolderIsNotAFile) {
  const auto file = MappedFile::Open(folder_.string());
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), StatusCode::kIoError);
  EXPECT_NE(file.status().message().find("not a file"), std::string::npos);
}

TEST_F(FileTest, APipeIsRefusedWithoutWaitingForAWriter) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const auto file = MappedFile::Open(Path("pipe"));
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.status().message().find("not a file"), std::string::npos);
}

TEST_F(FileTest, WritingReplacesTheWholeFile) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes("a long first text")).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes("short")).ok());
  const auto file = MappedFile::Open(Path("a"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(TextOf((*file)->bytes()), "short");
}

TEST_F(FileTest, TheUsersRightsForFilesHold) {
  const mode_t former = umask(027);
  const Status status = WriteFileAtomically(Path("a"), Bytes("x"));
  umask(former);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(fs::status(Path("a")).permissions(), fs::perms(0640));
}

TEST_F(FileTest, AMissingFolderIsSaidAndNothingIsLeft) {
  const Status status = WriteFileAtomically(Path("nowhere/out.png"), Bytes("x"));
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("nowhere/out.png"), std::string::npos);
  EXPECT_EQ(FilesInFolder(), 0);
}

TEST_F(FileTest, AFailedRenameLeavesNothingBeside) {
  fs::create_directory(Path("out"));
  EXPECT_FALSE(WriteFileAtomically(Path("out"), Bytes("x")).ok());
  EXPECT_EQ(FilesInFolder(), 1);
}

// A limit on the file size stands for a full disk: the write stops in the middle.
TEST_F(FileTest, AFullDiskLeavesTheFormerFileAsItWas) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), Bytes("former")).ok());
  const auto former_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit former{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &former), 0);
  const rlimit low{4096, former.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  const Status status = WriteFileAtomically(Path("a"), Bytes(std::string(10000, 'x')));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &former), 0);
  std::signal(SIGXFSZ, former_handler);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_EQ(FilesInFolder(), 1);
  const auto file = MappedFile::Open(Path("a"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(TextOf((*file)->bytes()), "former");
}

}  // namespace
}  // namespace safelight
