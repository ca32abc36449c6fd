// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/objects.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "base/half.h"
#include "delegates/opencl/program_cache.h"

namespace safelight::opencl {
namespace {

// Work items of a group: neighbours along columns share what they read.
constexpr size_t kGroupColumns = 16, kGroupRows = 4;

Result<Memory> MakeBuffer(const Device& device, int64_t bytes, const void* data) {
  cl_int error = CL_SUCCESS;
  const cl_mem_flags flags = data != nullptr ? CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR : CL_MEM_READ_WRITE;
  Memory memory(device.library, device.library->clCreateBuffer(device.context.get(), flags, static_cast<size_t>(bytes),
                                                               const_cast<void*>(data), &error));
  SL_TRY(Check(error, Cat("clCreateBuffer of ", bytes, " bytes")));
  return memory;
}

Result<Memory> MakeImage(const Device& device, const ObjectSize& size, bool half) {
  const cl_image_format format{CL_RGBA, static_cast<cl_channel_type>(half ? CL_HALF_FLOAT : CL_FLOAT)};
  cl_image_desc what{};
  what.image_type = CL_MEM_OBJECT_IMAGE2D;
  what.image_width = static_cast<size_t>(size.width);
  what.image_height = static_cast<size_t>(size.height);
  cl_int error = CL_SUCCESS;
  Memory memory(device.library, device.library->clCreateImage(device.context.get(), CL_MEM_READ_WRITE, &format, &what,
                                                              nullptr, &error));
  SL_TRY(Check(error, Cat("clCreateImage of ", size.width, " by ", size.height, " pixels")));
  return memory;
}

// Constants that kernels read as values.
std::set<ValueId> OperandsOf(const Graph& graph, const StepList& list) {
  std::set<ValueId> operands;
  for (const Step& step : list.steps) {
    for (ValueId read : step.reads) {
      if (graph.values[static_cast<size_t>(read)].is_constant()) operands.insert(read);
    }
  }
  return operands;
}

Result<Memory> MakeOperand(const Value& value, const Device& device, bool half) {
  const Layout layout = LayoutOf(value.shape);
  const int64_t pixels = layout.n * layout.rows * layout.columns, padded = layout.slices() * 4;
  std::vector<float> sliced(static_cast<size_t>(pixels * padded), 0.0f);
  const auto* from = reinterpret_cast<const float*>(value.constant);
  for (int64_t p = 0; p < pixels; ++p) {
    std::copy_n(from + p * layout.channels, layout.channels, sliced.begin() + p * padded);
  }
  if (!half) return MakeBuffer(device, pixels * padded * 4, sliced.data());
  std::vector<uint16_t> halves;
  for (float number : sliced) {
    if (std::abs(number) > 65504.0f) return Unsupported("number ", number, " of '", value.name, "' is beyond float16");
    halves.push_back(FloatToHalf(number));
  }
  return MakeBuffer(device, pixels * padded * 2, halves.data());
}

Result<StepObjects> MakeStep(const Step& step, const std::string& name, const Program& program, const Device& device) {
  const Library& library = *device.library;
  StepObjects objects;
  cl_int error = CL_SUCCESS;
  objects.kernel = KernelHandle(&library, library.clCreateKernel(program.get(), name.c_str(), &error));
  SL_TRY(Check(error, "clCreateKernel"));
  size_t most = 1;
  SL_TRY(Check(library.clGetKernelWorkGroupInfo(objects.kernel.get(), device.id, CL_KERNEL_WORK_GROUP_SIZE,
                                                sizeof(most), &most, nullptr),
               "clGetKernelWorkGroupInfo"));
  objects.group[0] = std::clamp<size_t>(most, 1, kGroupColumns);
  objects.group[1] = std::clamp<size_t>(most / objects.group[0], 1, kGroupRows);
  for (const Constant& constant : step.head.constants) {
    SL_ASSIGN(Memory memory, MakeBuffer(device, static_cast<int64_t>(constant.bytes.size()), constant.bytes.data()));
    objects.constants.push_back(std::move(memory));
  }
  return objects;
}

}  // namespace

int64_t ConstantBytes(const Graph& graph, const StepList& list) {
  int64_t bytes = 0;
  for (const Step& step : list.steps) {
    for (const Constant& constant : step.head.constants) bytes += static_cast<int64_t>(constant.bytes.size());
  }
  for (ValueId operand : OperandsOf(graph, list)) {
    const Layout layout = LayoutOf(graph.values[static_cast<size_t>(operand)].shape);
    bytes += layout.n * layout.rows * layout.columns * layout.slices() * 4 * list.element_bytes;
  }
  return bytes;
}

Result<Objects> MakeObjects(const Graph& graph, const StepList& list, const Plan& plan, const Device& device,
                            const Settings& settings, std::vector<std::string>* notes) {
  const Library& library = *device.library;
  Objects objects;
  std::vector<std::string> names;
  SL_ASSIGN(const std::string source, WriteProgram(list, settings, &names));
  SL_ASSIGN(objects.program, BuildProgram(device, settings.cache_folder, source, notes));
  cl_int error = CL_SUCCESS;
  const cl_command_queue_properties properties = settings.profile.empty() ? 0 : CL_QUEUE_PROFILING_ENABLE;
  objects.queue = Queue(&library, library.clCreateCommandQueue(device.context.get(), device.id, properties, &error));
  SL_TRY(Check(error, "clCreateCommandQueue"));
  for (size_t i = 0; i < list.steps.size(); ++i) {
    Result<StepObjects> step = MakeStep(list.steps[i], names[i], objects.program, device);
    if (!step.ok()) {
      return step.status().With(NodeLabel(graph, graph.nodes[static_cast<size_t>(list.steps[i].nodes[0])]));
    }
    objects.steps.push_back(std::move(*step));
  }
  for (ValueId operand : OperandsOf(graph, list)) {
    SL_ASSIGN(objects.operands[operand],
              MakeOperand(graph.values[static_cast<size_t>(operand)], device, settings.half_values));
  }
  for (const ObjectSize& size : plan.objects) {
    SL_ASSIGN(Memory memory,
              size.width > 0 ? MakeImage(device, size, settings.half_values) : MakeBuffer(device, size.bytes, nullptr));
    objects.values.push_back(std::move(memory));
  }
  const cl_int none = 0;
  SL_ASSIGN(objects.beyond, MakeBuffer(device, sizeof(none), nullptr));
  return objects;
}

}  // namespace safelight::opencl
