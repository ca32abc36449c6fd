// SPDX-License-Identifier: Apache-2.0
//
// TFLite external delegates in a process of their own: crashes and hangs cost a run each, and no picture.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "external_for_tests.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr double kClose = 1e-5;
const std::vector<Shape> kSmall = {{1, 6, 7, 3}};

class Isolated : public ::testing::Test {
 protected:
  void SetUp() override {
    // An emulator of another machine starts no programs of that machine's.
    if (std::system(HELPER " 2>/dev/null") / 256 != 2) GTEST_SKIP() << "the helper program does not start here";
    ::setenv("SAFELIGHT_DELEGATE_PROCESS", HELPER, 1);
  }
  static std::vector<char> OnCpu(uint32_t seed) { return *RunForTests::Create(UpscalerPath(), kSmall, "")->Run(seed); }
  static Result<RunForTests> Open(const std::string& delegate, bool require = false) {
    return RunForTests::Create(UpscalerPath(), kSmall, delegate, require);
  }
  static Result<RunForTests> OpenUnruly(const std::string& fault) {
    return Open(UNRULY_DELEGATE ",isolate:1,start_timeout_ms:5000,timeout_ms:300,fault:" + fault);
  }
};

TEST_F(Isolated, ACleanOneGivesTheSameAsInThisProcess) {
  for (const char* options : {"", ",output:handle", ",output:dynamic", ",ops:CONV_2D"}) {
    SCOPED_TRACE(options);
    Result<RunForTests> apart = Open(CLEAN_DELEGATE ",isolate:1" + std::string(options), true);
    ASSERT_TRUE(apart.ok()) << apart.status().message();
    Result<RunForTests> here = Open(CLEAN_DELEGATE + std::string(options), true);
    EXPECT_EQ(apart->taken(), here->taken());
    for (uint32_t seed = 1; seed < 4; ++seed) EXPECT_EQ(*apart->Run(seed), *here->Run(seed));
    EXPECT_EQ(apart->said(), "");
  }
}

TEST_F(Isolated, OurOwnPluginGivesTheBitsOfTheCpu) {
  Result<RunForTests> run = Open(OUR_PLUGIN ",isolate:1,arithmetic:exact", true);
  ASSERT_TRUE(run.ok()) << run.status().message();
  EXPECT_EQ(*run->Run(4), OnCpu(4));
}

TEST_F(Isolated, WhatTheLibrarySaysComesBack) {
  EXPECT_THAT(OpenUnruly("error_create")->said(), HasSubstr("it could not be made: unruly: this device is busy"));
  EXPECT_THAT(OpenUnruly("error_prepare")->said(), HasSubstr("unruly: no luck in Prepare, number 42"));
  EXPECT_THAT(OpenUnruly("error_kernel_prepare")->said(), HasSubstr("unruly: no luck in kernel prepare"));
  EXPECT_THAT(Open(STRANGER ",isolate:1")->said(), HasSubstr("it is no TFLite external delegate"));
  Result<RunForTests> run = OpenUnruly("error_invoke");
  for (int k = 0; k < 3; ++k) EXPECT_EQ(*run->Run(5), OnCpu(5));
  EXPECT_THAT(run->said(), HasSubstr("unruly: no luck in invoke"));
  EXPECT_THAT(run->said(), Not(HasSubstr("started again")));
}

struct Ending {
  const char* place;
  const char* phase;
};
constexpr Ending kBeforeRuns[] = {{"create", "while the delegate was made"},
                                  {"prepare", "in its Prepare"},
                                  {"init", "in its Prepare"},
                                  {"kernel_prepare", "in its kernel's prepare"}};

TEST_F(Isolated, ACrashBeforeTheFirstRunIsASentence) {
  for (const auto& [place, phase] : kBeforeRuns) {
    SCOPED_TRACE(place);
    Result<RunForTests> run = OpenUnruly(std::string("crash_") + place);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_EQ(run->taken(), 0);
    EXPECT_EQ(*run->Run(6), OnCpu(6));
    EXPECT_THAT(run->said(),
                HasSubstr("its process was ended by signal 11 (segmentation fault) " + std::string(phase)));
    run = OpenUnruly(std::string("exit_") + place);
    EXPECT_THAT(run->said(), HasSubstr("its process ended with exit code 7 " + std::string(phase)));
  }
}

TEST_F(Isolated, AHangBeforeTheFirstRunIsASentence) {
  for (const auto& [place, phase] : kBeforeRuns) {
    SCOPED_TRACE(place);
    Result<RunForTests> run = Open(std::string(UNRULY_DELEGATE ",isolate:1,start_timeout_ms:700,fault:hang_") + place);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_EQ(*run->Run(6), OnCpu(6));
    EXPECT_THAT(run->said(), HasSubstr("it did not answer for 700 ms " + std::string(phase)));
  }
}

TEST_F(Isolated, OneThatCrashesInEachRunIsGivenUp) {
  for (const char* fault : {"crash_invoke", "hang_invoke", "exit_invoke"}) {
    SCOPED_TRACE(fault);
    Result<RunForTests> run = OpenUnruly(std::string(fault) + ",restarts:2");
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_EQ(run->taken(), 12);
    EXPECT_EQ(*run->Run(7), OnCpu(7));
    EXPECT_THAT(run->said(),
                AnyOf(HasSubstr("signal 11"), HasSubstr("it did not answer for 300 ms"), HasSubstr("code 7")));
    EXPECT_THAT(run->said(), HasSubstr("in its kernel's invoke"));
    EXPECT_THAT(run->said(), HasSubstr("it is started again for the next run"));
    for (int k = 0; k < 4; ++k) EXPECT_EQ(*run->Run(7), OnCpu(7));
    EXPECT_THAT(run->said(), HasSubstr("3 times in a row, so it is given up"));
  }
}

TEST_F(Isolated, WhereItIsRequiredACrashIsTheRunsError) {
  Result<RunForTests> run = Open(UNRULY_DELEGATE ",isolate:1,fault:crash_invoke", true);
  ASSERT_TRUE(run.ok()) << run.status().message();
  EXPECT_THAT(run->Run(1).status().message(), HasSubstr("signal 11"));
}

TEST_F(Isolated, AHangAtTheEndHoldsNobodyUpForLong) {
  const auto begin = std::chrono::steady_clock::now();
  for (const char* fault : {"hang_free", "hang_destroy", "crash_free", "crash_destroy"}) {
    SCOPED_TRACE(fault);
    Result<RunForTests> run = OpenUnruly(fault);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_LT(LargestDifference(*run->Run(1), OnCpu(1)), kClose);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(2));
}

// Numbers of processes, one for each run that has begun.
std::vector<pid_t> ReadLog(const fs::path& log) {
  std::ifstream file(log);
  std::vector<pid_t> pids;
  for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
  return pids;
}

// Its process is killed while it runs, a hundred times: a hundred right pictures. Then it runs by itself again.
TEST_F(Isolated, AHundredKillsCostNoPicture) {
  constexpr size_t kKills = 100;
  const std::string stem = ::testing::TempDir() + "/" + std::to_string(::getpid());
  const fs::path log = stem + "_log", wait = stem + "_wait";
  fs::remove(log);
  std::ofstream(wait) << "wait";
  Result<RunForTests> run =
      Open(CLEAN_DELEGATE ",isolate:1,timeout_ms:60000,restarts:1000,log:" + log.string() + ",wait:" + wait.string());
  ASSERT_TRUE(run.ok()) << run.status().message();
  ASSERT_EQ(run->taken(), 12);
  std::atomic<bool> done{false};
  std::atomic<size_t> kills{0};
  std::thread killer([&] {
    while (!done) {
      const std::vector<pid_t> begun = ReadLog(log);
      if (begun.size() > kills && ::kill(begun.back(), SIGKILL) == 0) ++kills;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  size_t right = 0;
  for (size_t k = 0; k < kKills; ++k) {
    const Result<std::vector<char>> made = run->Run(static_cast<uint32_t>(k));
    if (made.ok() && *made == OnCpu(static_cast<uint32_t>(k))) ++right;
    EXPECT_THAT(run->said(), HasSubstr("its process was ended by signal 9 (killed) in its kernel's invoke"));
  }
  done = true;
  killer.join();
  EXPECT_EQ(kills, kKills);
  EXPECT_EQ(right, kKills);
  EXPECT_EQ(ReadLog(log).size(), kKills);
  RecordProperty("kills", static_cast<int>(kKills));

  fs::remove(wait);
  const std::vector<char> after = *run->Run(500);
  EXPECT_EQ(ReadLog(log).size(), kKills + 1) << "the library did not run again";
  EXPECT_LT(LargestDifference(after, OnCpu(500)), kClose);
  fs::remove(log);
}

}  // namespace
}  // namespace safelight
