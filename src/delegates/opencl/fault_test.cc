// SPDX-License-Identifier: Apache-2.0
//
// The program cache, and drivers that fail: stand-ins take the place of single functions of the real library, since no
// device can be lost on purpose.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "delegates/opencl/network_for_tests.h"
#include "delegates/opencl/program_cache.h"

namespace safelight::opencl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using namespace testing_opencl;

const Library* g_real = nullptr;  // what stand-ins call
int g_calls = 0;                  // of the stand-in
int g_good_calls = 0;             // after so many it fails

Graph Small() {
  Network net;
  net.Outputs({net.Op("TANH", {net.Conv(net.Input({1, 9, 7, 3}), 5)})});
  return net.graph;
}

cl_mem CL_API_CALL NoBuffer(cl_context context, cl_mem_flags flags, size_t size, void* data, cl_int* error) {
  if (++g_calls <= g_good_calls) return g_real->clCreateBuffer(context, flags, size, data, error);
  *error = CL_MEM_OBJECT_ALLOCATION_FAILURE;
  return nullptr;
}
cl_int CL_API_CALL LostAtFinish(cl_command_queue queue) {
  g_real->clFinish(queue);
  return ++g_calls <= g_good_calls ? CL_SUCCESS : CL_DEVICE_NOT_AVAILABLE;
}
cl_int CL_API_CALL LostAtLaunch(cl_command_queue queue, cl_kernel kernel, cl_uint dims, const size_t* offset,
                                const size_t* size, const size_t* group, cl_uint count, const cl_event* events,
                                cl_event* event) {
  if (++g_calls > g_good_calls) return CL_OUT_OF_RESOURCES;
  return g_real->clEnqueueNDRangeKernel(queue, kernel, dims, offset, size, group, count, events, event);
}
cl_program CL_API_CALL CountedSource(cl_context context, cl_uint count, const char** texts, const size_t* sizes,
                                     cl_int* error) {
  ++g_calls;
  return g_real->clCreateProgramWithSource(context, count, texts, sizes, error);
}
cl_program CL_API_CALL WrongSource(cl_context context, cl_uint, const char**, const size_t* sizes, cl_int* error) {
  const char* text = "__kernel void kernel1() {\n  this is no program;\n}\n";
  return g_real->clCreateProgramWithSource(context, 1, &text, sizes, error);
}

Library StandIn(const Library* real, int good_calls) {
  g_real = real;
  g_calls = 0;
  g_good_calls = good_calls;
  return *real;
}

TEST(OpenclFaultTest, LackOfMemoryLeavesThePartToTheCpu) {
  SL_NEEDS_DEVICE();
  for (const int good_calls : {0, 1, 3}) {  // among constants, and among values
    Library faulty = StandIn(*library, good_calls);
    faulty.clCreateBuffer = NoBuffer;
    Result<std::unique_ptr<Delegate>> delegate = MakeDelegate(&faulty, {});
    ASSERT_TRUE(delegate.ok());
    Graph divided = Small();
    const auto partition = PartitionGraph(divided, {std::move(*delegate)}, {});
    ASSERT_TRUE(partition.ok());
    EXPECT_THAT(partition->parts, IsEmpty());
    EXPECT_THAT(partition->notes[0], HasSubstr("bytes says CL_MEM_OBJECT_ALLOCATION_FAILURE; the CPU runs them"));
    EXPECT_EQ(OnCpu(divided), OnCpu(Small()));
  }
}

TEST(OpenclFaultTest, ALostDeviceLeavesTheWorkToTheCpu) {
  SL_NEEDS_DEVICE();
  Library finish = StandIn(*library, 0);
  finish.clFinish = LostAtFinish;
  const OnDevice lost = RunOnDevice(Small(), finish, {});
  EXPECT_EQ(lost.partition.parts[0]->failure(), "clFinish says CL_DEVICE_NOT_AVAILABLE");
  testing_passes::ExpectNear(OnCpu(Small()), lost.results, kWinograd);

  // In the second strip, when the first has been enqueued.
  const int64_t whole = RunOnDevice(Mixed(), **library, {}).partition.parts[0]->memory_bytes();
  Library launch = StandIn(*library, 20);
  launch.clEnqueueNDRangeKernel = LostAtLaunch;
  const OnDevice strips = RunOnDevice(Mixed(), launch, With({{"memory", Cat(whole / 2)}}));
  EXPECT_THAT(strips.partition.parts[0]->failure(), HasSubstr("clEnqueueNDRangeKernel says CL_OUT_OF_RESOURCES"));
  EXPECT_THAT(strips.partition.parts[0]->failure(), HasSubstr("node "));
  testing_passes::ExpectNear(OnCpu(Mixed()), strips.results, kWinograd);
}

TEST(OpenclFaultTest, TheCompilersLogIsInTheError) {
  SL_NEEDS_DEVICE();
  Library faulty = StandIn(*library, 0);
  faulty.clCreateProgramWithSource = WrongSource;
  Result<std::unique_ptr<Delegate>> delegate = MakeDelegate(&faulty, {});
  ASSERT_TRUE(delegate.ok());
  const auto compiled = (*delegate)->Compile(std::make_shared<const Graph>(Small()));
  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(compiled.status().message(), HasSubstr("the driver's compiler says CL_BUILD_PROGRAM_FAILURE: "));
  EXPECT_EQ(compiled.status().message().find('\n'), std::string::npos);
}

// The notes of a compilation of Small(), and how often a source was compiled.
struct Compiled {
  std::vector<std::string> notes;
  int sources = 0;
};
Compiled CompileWithCache(const Library* real, const std::string& folder) {
  Library counting = StandIn(real, 0);
  counting.clCreateProgramWithSource = CountedSource;
  DelegateOptions options;
  options.cache_folder = folder;
  const OnDevice run = RunOnDevice(Small(), counting, options);
  EXPECT_EQ(run.partition.parts[0]->failure(), "");
  testing_passes::ExpectNear(OnCpu(Small()), run.results, 1e-5f);
  return {run.partition.notes, g_calls};
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

TEST(OpenclCacheTest, AProgramIsCompiledOnce) {
  SL_NEEDS_DEVICE();
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "opencl_cache";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  EXPECT_EQ(CompileWithCache(*library, folder).sources, 1);
  const Compiled again = CompileWithCache(*library, folder);
  EXPECT_EQ(again.sources, 0);
  EXPECT_THAT(again.notes, IsEmpty());
  ASSERT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  const std::filesystem::path file = std::filesystem::directory_iterator(folder)->path();
  const std::string whole = ReadText(file);

  const auto expect_anew = [&](const std::string& bytes, const char* why) {
    WriteText(file, bytes);
    const Compiled compiled = CompileWithCache(*library, folder);
    EXPECT_EQ(compiled.sources, 1) << why;
    ASSERT_EQ(compiled.notes.size(), 1u) << why;
    EXPECT_THAT(compiled.notes[0], HasSubstr(why));
    EXPECT_THAT(compiled.notes[0], HasSubstr("it is compiled anew"));
    EXPECT_EQ(CompileWithCache(*library, folder).sources, 0) << why;  // mended
  };
  expect_anew(whole.substr(0, 20), "is cut");
  expect_anew(whole.substr(0, whole.size() - 1), "is cut");
  expect_anew("hello" + whole, "is no program of ours");
  std::string other = whole;
  other[48] ^= 1;  // in the device's name
  expect_anew(other, "belongs to another device, driver or network");
  other = whole;
  other.back() ^= 1;
  expect_anew(other, "has other bytes than were written");
  std::filesystem::remove_all(folder);
  const Compiled nowhere = CompileWithCache(*library, folder);
  ASSERT_EQ(nowhere.notes.size(), 1u);
  EXPECT_THAT(nowhere.notes[0], HasSubstr("the compiled program is not kept"));
}

TEST(OpenclCacheTest, ABinaryThatTheDriverRefusesIsReplaced) {
  SL_NEEDS_DEVICE();
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "opencl_refused";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  EXPECT_EQ(CompileWithCache(*library, folder).sources, 1);
  Library refusing = StandIn(*library, 0);
  refusing.clCreateProgramWithSource = CountedSource;
  refusing.clCreateProgramWithBinary = [](cl_context, cl_uint, const cl_device_id*, const size_t*,
                                          const unsigned char**, cl_int*, cl_int* error) -> cl_program {
    *error = CL_INVALID_BINARY;
    return nullptr;
  };
  DelegateOptions options;
  options.cache_folder = folder;
  const OnDevice run = RunOnDevice(Small(), refusing, options);
  ASSERT_EQ(run.partition.notes.size(), 1u);
  EXPECT_THAT(run.partition.notes[0], HasSubstr("clCreateProgramWithBinary says CL_INVALID_BINARY"));
  testing_passes::ExpectNear(OnCpu(Small()), run.results, 1e-5f);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace safelight::opencl
