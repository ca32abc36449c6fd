// SPDX-License-Identifier: Apache-2.0
//
// TFLite external delegates hosted in this process: ones that keep the rules, ones that do not, and files that are
// none.
#include <elf.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "external_for_tests.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr double kClose = 1e-5;
const std::vector<Shape> kSmall = {{1, 9, 14, 3}};

std::vector<char> OnCpu(const std::string& model, const std::vector<Shape>& shapes, uint32_t seed) {
  Result<RunForTests> run = RunForTests::Create(model, shapes, "");
  EXPECT_TRUE(run.ok()) << run.status().message();
  return run.ok() ? *run->Run(seed) : std::vector<char>();
}

fs::path TemporaryFile(const std::string& name) {
  return fs::path(::testing::TempDir()) / (std::to_string(::getpid()) + "_" + name);
}

TEST(ExternalDelegate, ACleanOneRunsTheWholeUpscaler) {
  const std::vector<char> right = OnCpu(UpscalerPath(), kSmall, 5);
  for (const char* options : {"", ",output:handle", ",output:dynamic", ",temporary:1", ",min_nodes:3"}) {
    SCOPED_TRACE(options);
    Result<RunForTests> run = RunForTests::Create(UpscalerPath(), kSmall, CLEAN_DELEGATE + std::string(options), true);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_EQ(run->taken(), 12);
    for (int k = 0; k < 2; ++k) {
      const Result<std::vector<char>> made = run->Run(5);
      ASSERT_TRUE(made.ok()) << made.status().message();
      EXPECT_LT(LargestDifference(*made, right), kClose);
    }
  }
}

TEST(ExternalDelegate, WhatItDoesNotClaimRunsOnTheCpu) {
  Result<RunForTests> run =
      RunForTests::Create(UpscalerPath(), kSmall, CLEAN_DELEGATE ",ops:CONV_2D+DEPTH_TO_SPACE+RELU", true);
  ASSERT_TRUE(run.ok()) << run.status().message();
  EXPECT_EQ(run->taken(), 9);
  EXPECT_EQ(run->why_not("ADD"), "the library does not claim it");
  EXPECT_LT(LargestDifference(*run->Run(6), OnCpu(UpscalerPath(), kSmall, 6)), kClose);
}

TEST(ExternalDelegate, SubsetsThatItFindsTooSmallStayOnTheCpu) {
  Result<RunForTests> run =
      RunForTests::Create(UpscalerPath(), kSmall, CLEAN_DELEGATE ",ops:CONV_2D+DEPTH_TO_SPACE+RELU,min_nodes:3", true);
  ASSERT_TRUE(run.ok()) << run.status().message();
  EXPECT_EQ(run->taken(), 7);
  EXPECT_EQ(run->why_not("RELU"), "the library does not claim it");
}

TEST(ExternalDelegate, AnotherSizeIsAnotherSession) {
  for (const Shape& shape : {Shape{1, 3, 4, 3}, Shape{2, 5, 3, 3}, Shape{1, 21, 1, 3}}) {
    Result<RunForTests> run = RunForTests::Create(UpscalerPath(), {shape}, CLEAN_DELEGATE, true);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_LT(LargestDifference(*run->Run(7), OnCpu(UpscalerPath(), {shape}, 7)), kClose);
  }
}

// Rules broken in ways that do no harm.
TEST(ExternalDelegate, SloppyOnesRunAllTheSame) {
  const std::vector<char> right = OnCpu(UpscalerPath(), kSmall, 8);
  for (const char* fault : {"none", "zeros_behind", "wrong_questions", "throw_free", "throw_destroy"}) {
    SCOPED_TRACE(fault);
    Result<RunForTests> run =
        RunForTests::Create(UpscalerPath(), kSmall, std::string(UNRULY_DELEGATE ",fault:") + fault, true);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_EQ(run->taken(), 12);
    EXPECT_LT(LargestDifference(*run->Run(8), right), kClose);
  }
}

struct Fault {
  const char* name;
  const char* sentence;
};

class ExternalFault : public ::testing::TestWithParam<Fault> {};

// With the library's own words; the picture is the CPU's.
TEST_P(ExternalFault, IsASentenceAndTheCpuTakesOver) {
  const std::string delegate = std::string(UNRULY_DELEGATE ",fault:") + GetParam().name;
  Result<RunForTests> run = RunForTests::Create(UpscalerPath(), kSmall, delegate);
  ASSERT_TRUE(run.ok()) << run.status().message();
  const std::vector<char> right = OnCpu(UpscalerPath(), kSmall, 9);
  for (int k = 0; k < 2; ++k) {
    const Result<std::vector<char>> made = run->Run(9);
    ASSERT_TRUE(made.ok()) << made.status().message();
    EXPECT_EQ(*made, right);
  }
  EXPECT_THAT(run->said(), HasSubstr(GetParam().sentence));

  // Where the user wants it or nothing, the same sentence is the error.
  Result<RunForTests> required = RunForTests::Create(UpscalerPath(), kSmall, delegate, true);
  const Status status = required.ok() ? required->Run(9).status() : required.status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(GetParam().sentence));
  EXPECT_THAT(status.message(), HasSubstr("delegate " UNRULY_DELEGATE));
}

constexpr Fault kFaults[] = {
    {"error_create", "it could not be made: unruly: this device is busy"},
    {"silent_create", "it could not be made: it does not say why"},
    {"null_report_create", "it could not be made: (a message that is null)"},
    {"throw_create", "the library threw an exception: thrown by the unruly delegate"},
    {"opaque", "it is of the opaque kind of delegates, which is not hosted here"},
    {"error_prepare", "its Prepare returned a delegate error (status 2): unruly: no luck in Prepare, number 42"},
    {"silent_prepare", "its Prepare returned an error (status 1), without a message"},
    {"null_report_prepare", "its Prepare returned an error (status 1): (a message that is null)"},
    {"throw_prepare", "its Prepare: the library threw an exception"},
    {"null_nodes", "it gave null for a list of nodes"},
    {"bad_node", "it listed node 9999, there are 12"},
    {"negative_node", "it listed node -3, there are 12"},
    {"bad_count", "it listed 2147483647 nodes, there are 12"},
    {"negative_count", "it listed -1 nodes, there are 12"},
    {"no_delegate", "it replaced nodes without saying which delegate it is"},
    {"throw_init", "the library threw an exception"},
    {"claims_too_much", "its kernel's prepare returned an error (status 1): unruly: node 11 is beyond me"},
    {"twice", "which is replaced already"},
    {"leaves_part", "it leaves 1 of 11 nodes when it gets the part alone"},
    {"no_invoke", "its kernel has no invoke function"},
    {"error_kernel_prepare",
     "its kernel's prepare returned a delegate error (status 2): unruly: no luck in kernel prepare"},
    {"resize_output", "it makes 24 bytes of output 'output', which has 13608"},
    {"resize_nonsense", "sizes that no tensor has"},
    {"resize_nowhere", "it resized a tensor that is not the host's"},
    {"resize_constant", "which is a constant"},
    {"many_tensors", "it asked for 2147483647 more tensors"},
    {"replace_late", "it replaced nodes outside of its Prepare"},
    {"error_invoke", "its kernel's invoke returned a delegate error (status 2): unruly: no luck in invoke, number 42"},
    {"null_report_invoke", "its kernel's invoke returned an error (status 1): (a message that is null)"},
    {"throw_invoke", "its kernel's invoke: the library threw an exception: thrown by the unruly delegate"},
    {"strange_status", "its kernel's invoke returned an unknown status (status -12345)"},
    {"stale_without_handle", "in a buffer that cannot be read"},
    {"nan", "it made NaN or infinity where the CPU does not"},
    {"corrupt_type", "it changed the type of 'output' behind the host's back"},
    {"corrupt_bytes", "it changed the memory of 'output'"},
    {"corrupt_dims", "it changed the sizes of 'output'"},
    {"corrupt_dims_pointer", "it changed the sizes of 'output'"},
    {"corrupt_data", "it changed the memory of 'output'"},
    {"corrupt_quantization", "it changed the quantization of 'output'"},
    {"corrupt_context", "it changed the context's functions behind the host's back"},
    {"corrupt_node", "it changed a node behind the host's back"},
};
INSTANTIATE_TEST_SUITE_P(Unruly, ExternalFault, ::testing::ValuesIn(kFaults),
                         [](const auto& info) { return std::string(info.param.name); });

// That a session with this delegate runs on the CPU alone, and what it says of it.
std::string WhyNone(const std::string& delegate) {
  Result<RunForTests> run = RunForTests::Create(UpscalerPath(), kSmall, delegate);
  EXPECT_TRUE(run.ok()) << run.status().message();
  if (!run.ok()) return "";
  EXPECT_EQ(run->taken(), 0);
  EXPECT_EQ(*run->Run(3), OnCpu(UpscalerPath(), kSmall, 3));
  const Status required = RunForTests::Create(UpscalerPath(), kSmall, delegate, true).status();
  EXPECT_THAT(required.message(), HasSubstr("delegate "));
  return run->said();
}

TEST(ExternalFile, ThatIsNoLibraryOfThisMachineIsNamed) {
  EXPECT_THAT(WhyNone("/nowhere/libnothing.so"), HasSubstr("there is no such file"));
  EXPECT_THAT(WhyNone("libno_such_delegate_anywhere.so"), HasSubstr("it does not load"));
  EXPECT_THAT(WhyNone(UpscalerPath()), HasSubstr("no ELF file"));
  EXPECT_THAT(WhyNone("/dev/null"), HasSubstr("no ELF file"));

  std::ifstream file(CLEAN_DELEGATE, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_GT(bytes.size(), sizeof(Elf64_Ehdr));
  const fs::path copy = TemporaryFile("library.so");
  const auto with = [&](const std::string& content) {
    std::ofstream(copy, std::ios::binary) << content;
    return WhyNone(copy.string());
  };
  EXPECT_THAT(with(bytes.substr(0, 30)), HasSubstr("was cut off: it ends after 30 bytes"));
  // In the midst of what the loader would map; what lies behind, symbols for debuggers, is nothing to it.
  size_t last_mapped = 0;
  const auto* whole = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
  for (int i = 0; i < whole->e_phnum; ++i) {
    const auto& segment = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + whole->e_phoff)[i];
    last_mapped = std::max<size_t>(last_mapped, segment.p_offset + segment.p_filesz);
  }
  EXPECT_THAT(with(bytes.substr(0, last_mapped - 1)), HasSubstr("was cut off"));
  std::string other = bytes;
  auto* head = reinterpret_cast<Elf64_Ehdr*>(other.data());
  const bool arm = head->e_machine == EM_AARCH64;
  head->e_machine = arm ? EM_X86_64 : EM_AARCH64;
  EXPECT_THAT(with(other), HasSubstr(arm ? "it is for x86-64, this program runs on arm64"
                                         : "it is for arm64, this program runs on x86-64"));
  fs::remove(copy);
  EXPECT_THAT(WhyNone(STRANGER),
              HasSubstr("it is no TFLite external delegate: it has no tflite_plugin_create_delegate"));
  EXPECT_THAT(WhyNone(HALF_STRANGER), HasSubstr("it has no tflite_plugin_destroy_delegate"));
}

TEST(ExternalOptions, ThatMakeNoSenseAreNamed) {
  std::string many = CLEAN_DELEGATE;
  for (int i = 0; i < 257; ++i) many += ",key" + std::to_string(i) + ":value";
  EXPECT_THAT(WhyNone(many), HasSubstr("257 options for the library, it gets at most 256"));
  EXPECT_THAT(WhyNone(CLEAN_DELEGATE ",isolate:2"), HasSubstr("option isolate: '2' is no number from 0 to 1"));
  EXPECT_THAT(WhyNone(CLEAN_DELEGATE ",isolate:1,timeout_ms:0"), HasSubstr("option timeout_ms: '0'"));
  EXPECT_THAT(WhyNone(CLEAN_DELEGATE ",timeout_ms:5"), HasSubstr("option timeout_ms needs isolate:1"));
  EXPECT_THAT(WhyNone(CLEAN_DELEGATE ",nonsense"), HasSubstr("is not key:value"));
}

TEST(ExternalOptions, TheLibraryGetsAllOthersAndAsManyAsItMay) {
  std::string many = CLEAN_DELEGATE;
  for (int i = 0; i < 255; ++i) many += ",key" + std::to_string(i) + ":a:b";
  Result<RunForTests> run = RunForTests::Create(UpscalerPath(), kSmall, many + ",ops:ADD", true);
  ASSERT_TRUE(run.ok()) << run.status().message();
  EXPECT_EQ(run->taken(), 1);
}

// Our own plug-in for TFLite as a real library of somebody's, whole networks to the bit.
fs::path FindModels() {
  if (const char* shared = std::getenv("SAFELIGHT_SHARED")) return fs::path(shared) / "data/models";
  for (fs::path folder = SAFELIGHT_CHECKOUT; folder != folder.root_path(); folder = folder.parent_path()) {
    if (fs::exists(folder.parent_path() / "shared/data/models")) return folder.parent_path() / "shared/data/models";
  }
  return {};
}

TEST(ExternalPlugin, OurOwnGivesTheBitsOfTheCpu) {
  struct Case {
    fs::path model;
    std::vector<Shape> shapes;
  };
  std::vector<Case> cases = {{UpscalerPath(), {{1, 33, 47, 3}}}};
  const fs::path models = FindModels();
  const std::pair<const char*, Shape> shared[] = {
      {"image_to_image/deblur/small_2conv_256_fp32.tflite", {1, 47, 67, 3}},
      {"image_to_image/lowlight/zero_dce_lite_160x160_fp32.tflite", {1, 47, 67, 3}},
      {"image_to_image/superres/espcn_x2_padding_f16w.tflite", {1, 31, 33, 1}},
      {"image_to_image/superres/abpn_x3_ptq_u8io_dynamic.tflite", {1, 31, 33, 3}},
      {"dense/selfie_meet_144x256_fp32.tflite", {1, 80, 96, 3}},
      {"dense/selfie_meet_144x256_dynrange.tflite", {1, 80, 96, 3}},
  };
  for (const auto& [file, shape] : shared) {
    if (fs::exists(models / file)) cases.push_back({models / file, {shape}});
  }
  for (const Case& one : cases) {
    SCOPED_TRACE(one.model.string());
    Result<RunForTests> run =
        RunForTests::Create(one.model.string(), one.shapes, OUR_PLUGIN ",arithmetic:exact,threads:2", true);
    ASSERT_TRUE(run.ok()) << run.status().message();
    EXPECT_GT(run->taken(), 0);
    EXPECT_EQ(*run->Run(2), OnCpu(one.model.string(), one.shapes, 2));
  }
  if (cases.size() < 7) GTEST_SKIP() << "networks of the shared folder are not at hand";
}

}  // namespace
}  // namespace safelight
