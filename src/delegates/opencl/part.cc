// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/part.h"

#include <algorithm>

#include "delegates/opencl/objects.h"
#include "delegates/opencl/profile.h"

namespace safelight::opencl {
namespace {

size_t RoundUp(int64_t size, size_t unit) { return (static_cast<size_t>(size) + unit - 1) / unit * unit; }

// The arguments of a kernel, one after another; the first error stays.
class Arguments {
 public:
  Arguments(const Library& library, cl_kernel kernel) : library_(library), kernel_(kernel) {}
  template <typename T>
  void Add(const T& value) {
    if (error_ == CL_SUCCESS) error_ = library_.clSetKernelArg(kernel_, count_, sizeof(T), &value);
    ++count_;
  }
  cl_int error() const { return error_; }

 private:
  const Library& library_;
  const cl_kernel kernel_;
  cl_uint count_ = 0;
  cl_int error_ = CL_SUCCESS;
};

class Part : public CompiledPart {
 public:
  Part(std::shared_ptr<const Device> device, Settings settings, std::shared_ptr<const Graph> graph, StepList list,
       Plan plan, Objects objects, std::vector<std::string> notes)
      : device_(std::move(device)),
        settings_(std::move(settings)),
        graph_(std::move(graph)),
        list_(std::move(list)),
        plan_(std::move(plan)),
        objects_(std::move(objects)),
        notes_(std::move(notes)) {}

  // Everything is enqueued, in order, before anything is waited for.
  Status Run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) override {
    Status status = Enqueue(inputs, outputs);
    // Also after an error: what is under way reads and writes the caller's memory.
    const cl_int finished = library().clFinish(objects_.queue.get());
    SL_TRY(status);
    SL_TRY(Check(finished, "clFinish"));
    if (beyond_ > 0) {
      const Step& step = list_.steps[static_cast<size_t>(beyond_ - 1)];
      return Unsupported("float16 cannot hold a result of ", Label(step));
    }
    return settings_.profile.empty() ? Status() : profile_.Write(library(), settings_.profile);
  }

  int64_t memory_bytes() const override { return plan_.memory_bytes; }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  const Library& library() const { return *device_->library; }
  std::string Label(const Step& step) const {
    return NodeLabel(*graph_, graph_->nodes[static_cast<size_t>(step.nodes.back())]);
  }
  Layout LayoutOfValue(ValueId id) const { return LayoutOf(graph_->values[static_cast<size_t>(id)].shape); }

  Status Enqueue(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
    profile_.Clear();
    beyond_ = 0;
    SL_TRY(Check(library().clEnqueueWriteBuffer(objects_.queue.get(), objects_.beyond.get(), CL_FALSE, 0,
                                                sizeof(beyond_), &kNothingBeyond, 0, nullptr, nullptr),
                 "clEnqueueWriteBuffer"));
    for (size_t strip = 0; strip < plan_.rows.size(); ++strip) {
      for (size_t i = 0; i < inputs.size(); ++i) SL_TRY(WriteInput(strip, graph_->inputs[i], inputs[i]));
      for (size_t i = 0; i < list_.steps.size(); ++i) {
        const Range made = RowsOf(strip, list_.steps[i].output);
        if (made.empty()) continue;
        SL_TRY(Launch(strip, i, made).With(Label(list_.steps[i])));
        for (size_t k = 0; k < outputs.size(); ++k) {
          if (graph_->outputs[k] == list_.steps[i].output) SL_TRY(ReadOutput(strip, k, outputs[k]));
        }
      }
      // So that the device begins while later strips are being enqueued.
      SL_TRY(Check(library().clFlush(objects_.queue.get()), "clFlush"));
    }
    return Check(library().clEnqueueReadBuffer(objects_.queue.get(), objects_.beyond.get(), CL_FALSE, 0,
                                               sizeof(beyond_), &beyond_, 0, nullptr, nullptr),
                 "clEnqueueReadBuffer");
  }

  Range RowsOf(size_t strip, ValueId id) const { return plan_.rows[strip][static_cast<size_t>(id)]; }
  cl_mem ObjectOf(ValueId id) const {
    return objects_.values[static_cast<size_t>(plan_.object[static_cast<size_t>(id)])].get();
  }

  // Where rows of image n lie on the device and in the host's tensor, in bytes.
  struct Piece {
    size_t device, host, bytes;
  };
  std::vector<Piece> Pieces(size_t strip, ValueId id, Range rows) const {
    const Layout layout = LayoutOfValue(id);
    const auto line = static_cast<size_t>(layout.columns * layout.channels) * sizeof(float);
    const Range there = RowsOf(strip, id);
    const auto held = static_cast<size_t>(plan_.rows_held[static_cast<size_t>(id)]);
    std::vector<Piece> pieces;
    for (size_t n = 0; n < static_cast<size_t>(layout.n); ++n) {
      pieces.push_back({(n * held + static_cast<size_t>(rows.begin - there.begin)) * line,
                        (n * static_cast<size_t>(layout.rows) + static_cast<size_t>(rows.begin)) * line,
                        static_cast<size_t>(rows.size()) * line});
    }
    // Whole values are one piece.
    if (rows.size() != layout.rows || pieces.empty()) return pieces;
    return {{0, 0, line * static_cast<size_t>(layout.n * layout.rows)}};
  }

  Status WriteInput(size_t strip, ValueId id, const ConstTensorView& input) {
    const Range rows = RowsOf(strip, id);
    if (rows.empty()) return {};
    for (const Piece& piece : Pieces(strip, id, rows)) {
      SL_TRY(Check(
          library().clEnqueueWriteBuffer(objects_.queue.get(), ObjectOf(id), CL_FALSE, piece.device, piece.bytes,
                                         static_cast<const std::byte*>(input.data) + piece.host, 0, nullptr, nullptr),
          Cat("clEnqueueWriteBuffer of ", piece.bytes, " bytes")));
    }
    return {};
  }

  Status ReadOutput(size_t strip, size_t k, const TensorView& output) {
    const Range rows = plan_.results[strip][k];
    if (rows.empty()) return {};
    const ValueId id = graph_->outputs[k];
    for (const Piece& piece : Pieces(strip, id, rows)) {
      SL_TRY(
          Check(library().clEnqueueReadBuffer(objects_.queue.get(), ObjectOf(id), CL_FALSE, piece.device, piece.bytes,
                                              static_cast<std::byte*>(output.data) + piece.host, 0, nullptr, nullptr),
                Cat("clEnqueueReadBuffer of ", piece.bytes, " bytes")));
    }
    return {};
  }

  // The int4 that says how a value lies (kernels/preamble.cl).
  cl_int4 PlaceOf(size_t strip, ValueId id) const {
    const Layout layout = LayoutOfValue(id);
    const bool constant = graph_->values[static_cast<size_t>(id)].is_constant();
    const bool packed = !constant && list_.lying[static_cast<size_t>(id)] == Lying::kPacked;
    const int64_t held = constant ? layout.rows : plan_.rows_held[static_cast<size_t>(id)];
    const int64_t first = constant ? 0 : RowsOf(strip, id).begin;
    return {{static_cast<cl_int>(held), static_cast<cl_int>(layout.columns),
             static_cast<cl_int>(packed ? layout.channels : layout.slices()), static_cast<cl_int>(first)}};
  }

  Status Launch(size_t strip, size_t i, Range made) {
    const Step& step = list_.steps[i];
    const StepObjects& objects = objects_.steps[i];
    const Layout out = LayoutOfValue(step.output);
    Arguments arguments(library(), objects.kernel.get());
    for (ValueId read : step.reads) {
      const bool constant = graph_->values[static_cast<size_t>(read)].is_constant();
      arguments.Add(constant ? objects_.operands.at(read).get() : ObjectOf(read));
      arguments.Add(PlaceOf(strip, read));
    }
    for (const Memory& constant : objects.constants) arguments.Add(constant.get());
    for (const auto& numbers : step.head.numbers) {
      arguments.Add(cl_int4{{numbers[0], numbers[1], numbers[2], numbers[3]}});
    }
    arguments.Add(ObjectOf(step.output));
    arguments.Add(PlaceOf(strip, step.output));
    arguments.Add(objects_.beyond.get());
    arguments.Add(cl_int4{{static_cast<cl_int>(made.begin), static_cast<cl_int>(made.size()),
                           static_cast<cl_int>(out.channels), static_cast<cl_int>(i + 1)}});
    SL_TRY(Check(arguments.error(), "clSetKernelArg"));
    const int64_t columns = (out.columns + step.head.pixels - 1) / step.head.pixels * out.slices();
    const size_t size[] = {RoundUp(columns, objects.group[0]), RoundUp(made.size(), objects.group[1]),
                           static_cast<size_t>(out.n)};
    const size_t group[] = {objects.group[0], objects.group[1], 1};
    cl_event event = nullptr;
    SL_TRY(Check(library().clEnqueueNDRangeKernel(objects_.queue.get(), objects.kernel.get(), 3, nullptr, size, group,
                                                  0, nullptr, settings_.profile.empty() ? nullptr : &event),
                 "clEnqueueNDRangeKernel"));
    if (event != nullptr)
      profile_.Add(Label(step), step.head_value == kNone ? "elements" : step.head.kernel,
                   Event(device_->library, event));
    return {};
  }

  static constexpr cl_int kNothingBeyond = 0;
  const std::shared_ptr<const Device> device_;
  const Settings settings_;
  const std::shared_ptr<const Graph> graph_;
  const StepList list_;
  const Plan plan_;
  const Objects objects_;
  const std::vector<std::string> notes_;
  cl_int beyond_ = 0;
  Profile profile_;
};

}  // namespace

Result<std::unique_ptr<CompiledPart>> CompilePart(std::shared_ptr<const Device> device, const Settings& settings,
                                                  std::shared_ptr<const Graph> graph) {
  std::vector<std::string> notes;
  SL_ASSIGN(StepList list, MakeSteps(*graph, *device, settings));
  const int64_t limit = settings.memory_limit > 0 ? settings.memory_limit : device->memory_bytes;
  SL_ASSIGN(Plan plan, MakePlan(*graph, list, *device, limit, ConstantBytes(*graph, list)));
  if (plan.rows.size() > 1) {
    notes.push_back(Cat("runs in ", plan.rows.size(), " strips of at most ", plan.strip_rows, " rows, in ",
                        plan.memory_bytes, " bytes on the device"));
  }
  SL_ASSIGN(Objects objects, MakeObjects(*graph, list, plan, *device, settings, &notes));
  return std::unique_ptr<CompiledPart>(std::make_unique<Part>(std::move(device), settings, std::move(graph),
                                                              std::move(list), std::move(plan), std::move(objects),
                                                              std::move(notes)));
}

}  // namespace safelight::opencl
