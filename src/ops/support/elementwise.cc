// SPDX-License-Identifier: Apache-2.0
#include "ops/support/elementwise.h"

#include <algorithm>
#include <cstring>

#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

// An input's view of the output's axes: which of its own axes each is, or kNone where it is broadcast.
struct Operand {
  int axis[Shape::kMaxRank];
};

Operand Align(const Shape& in, const Shape& out) {
  Operand operand;
  const int shift = out.rank() - in.rank();
  for (int axis = 0; axis < out.rank(); ++axis) {
    const int own = axis - shift;
    operand.axis[axis] = own >= 0 && (in[own] != 1 || out[axis] == 1) ? own : kNone;
  }
  return operand;
}

// Writes `count` runs of the operand's elements behind each other: `repeats` of each of `elements` elements, which
// lie `stride` apart, or (stride 0) the same `repeats` elements each time.
template <typename T>
void Expand(const std::byte* from, int64_t stride, bool next_to_each_other, size_t count, size_t repeats,
            std::byte* to) {
  const T* in = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < count; ++i, in += stride, out += repeats) {
    if (next_to_each_other) {
      std::copy_n(in, repeats, out);
    } else {
      std::fill_n(out, repeats, *in);
    }
  }
}

void ExpandSized(size_t element_bytes, const std::byte* from, int64_t stride, bool next_to_each_other, size_t count,
                 size_t repeats, std::byte* to) {
  switch (element_bytes) {
    case 1: return Expand<uint8_t>(from, stride, next_to_each_other, count, repeats, to);
    case 2: return Expand<uint16_t>(from, stride, next_to_each_other, count, repeats, to);
    case 4:
      if (next_to_each_other) return Expand<uint32_t>(from, stride, true, count, repeats, to);
      // The buffers have room for twice as many elements of four bytes.
      return kernels::RepeatEach(reinterpret_cast<const float*>(from), stride, count, repeats,
                                 reinterpret_cast<float*>(to));
    default: return Expand<uint64_t>(from, stride, next_to_each_other, count, repeats, to);
  }
}

class Walker {
 public:
  Walker(const ElementFunction& function, const KernelArgs& args)
      : function_(function), args_(args), out_(args.outputs[0]) {
    inputs_ = static_cast<int>(args.inputs.size());
    for (int k = 0; k < inputs_; ++k) operands_[k] = Align(args.inputs[k].shape, out_.shape);
    FindRun();
    FindTile();
  }

  bool Run() {
    for (int axis = 0; axis < out_.shape.rank(); ++axis) {
      if (args_.box.axis[axis].empty()) return true;
    }
    int64_t offsets[kMaxElementInputs] = {};
    return Walk(0, 0, offsets);
  }

 private:
  // Joins axes from the last one on while every operand either lies without gaps or is repeated throughout.
  void FindRun() {
    first_ = out_.shape.rank();
    run_.count = 1;
    for (int k = 0; k < inputs_; ++k) run_.step[k] = 0;
    bool decided[kMaxElementInputs] = {};
    while (first_ > 0) {
      const int axis = first_ - 1;
      const int64_t size = args_.box.axis[axis].size();
      if (!OutputContinues(axis)) break;
      bool joins = true;
      for (int k = 0; k < inputs_ && joins; ++k) {
        const bool moves = operands_[k].axis[axis] != kNone;
        if (moves && !InputContinues(k, axis)) joins = false;
        if (decided[k] && moves != (run_.step[k] == 1) && size > 1) joins = false;
      }
      if (!joins) break;
      for (int k = 0; k < inputs_; ++k) {
        if (size == 1 || decided[k]) continue;
        run_.step[k] = operands_[k].axis[axis] != kNone ? 1 : 0;
        decided[k] = true;
      }
      run_.count *= static_cast<size_t>(size);
      --first_;
    }
  }

  // Index i + 1 of the axis stands right after the run at index i.
  bool OutputContinues(int axis) const {
    return IsEven(out_, axis, args_.box.axis[axis]) && out_.strides[axis] == static_cast<int64_t>(run_.count);
  }
  bool InputContinues(int k, int axis) const {
    const int own = operands_[k].axis[axis];
    const Window& in = args_.inputs[k];
    return IsEven(in, own, args_.box.axis[axis]) && in.strides[own] == static_cast<int64_t>(run_.count);
  }

  // Short runs (a few channels against a value per channel, or per pixel) would cost more to start than to compute.
  // Then the operands that stand in the way of a longer run are written out for a number of runs at a time.
  void FindTile() {
    const int axis = first_ - 1;
    if (axis < 0 || run_.count * 2 > kTileElements || !OutputContinues(axis)) return;
    for (int k = 0; k < inputs_; ++k) {
      const int own = operands_[k].axis[axis];
      if (own != kNone && !IsEven(args_.inputs[k], own, args_.box.axis[axis])) return;
      expand_[k] = own == kNone ? run_.step[k] == 1 : run_.step[k] == 0 || !InputContinues(k, axis);
    }
    tile_axis_ = axis;
    tile_runs_ = std::min(args_.box.axis[axis].size(), static_cast<int64_t>(kTileElements / run_.count));
  }

  bool Walk(int axis, int64_t out, const int64_t* in) {
    if (axis == tile_axis_) return EmitTiles(out, in);
    if (axis == first_) return Emit(out, in);
    for (int64_t i = args_.box.axis[axis].begin; i < args_.box.axis[axis].end; ++i) {
      int64_t next[kMaxElementInputs] = {};
      for (int k = 0; k < inputs_; ++k) next[k] = in[k] + InputOffset(k, axis, i);
      if (!Walk(axis + 1, out + out_.Offset(axis, i), next)) return false;
    }
    return true;
  }

  int64_t InputOffset(int k, int axis, int64_t i) const {
    const int own = operands_[k].axis[axis];
    return own == kNone ? 0 : args_.inputs[k].Offset(own, i);
  }

  // The addresses of the run's first elements.
  void Locate(int64_t out, const int64_t* in) {
    for (int axis = first_; axis < out_.shape.rank(); ++axis) out += out_.Offset(axis, args_.box.axis[axis].begin);
    run_.out = out_.data + out * static_cast<int64_t>(DTypeSize(out_.dtype));
    for (int k = 0; k < inputs_; ++k) {
      int64_t offset = in[k];
      for (int axis = first_; axis < out_.shape.rank(); ++axis) {
        offset += InputOffset(k, axis, args_.box.axis[axis].begin);
      }
      run_.in[k] = args_.inputs[k].data + offset * static_cast<int64_t>(DTypeSize(args_.inputs[k].dtype));
    }
  }

  bool Emit(int64_t out, const int64_t* in) {
    Locate(out, in);
    return function_.run(run_, function_.params);
  }

  // All runs along tile_axis_.
  bool EmitTiles(int64_t out, const int64_t* in) {
    const Range range = args_.box.axis[tile_axis_];
    for (int64_t i = range.begin; i < range.end; i += tile_runs_) {
      const size_t runs = static_cast<size_t>(std::min(tile_runs_, range.end - i));
      int64_t at[kMaxElementInputs] = {};
      for (int k = 0; k < inputs_; ++k) at[k] = in[k] + InputOffset(k, tile_axis_, i);
      Locate(out + out_.Offset(tile_axis_, i), at);
      ElementRun tile = run_;
      tile.count *= runs;
      for (int k = 0; k < inputs_; ++k) {
        if (expand_[k]) WriteOut(k, runs, tile);
      }
      if (!function_.run(tile, function_.params)) return false;
    }
    return true;
  }

  void WriteOut(int k, size_t runs, ElementRun& tile) {
    const int own = operands_[k].axis[tile_axis_];
    // A value per channel is written once for all tiles.
    if (own != kNone || written_[k] != tile.in[k] || written_runs_[k] < runs) {
      const int64_t stride = own == kNone ? 0 : args_.inputs[k].strides[own];
      ExpandSized(DTypeSize(args_.inputs[k].dtype), tile.in[k], stride, run_.step[k] == 1, runs, run_.count,
                  buffers_[k]);
      written_[k] = tile.in[k];
      written_runs_[k] = runs;
    }
    tile.in[k] = buffers_[k];
    tile.step[k] = 1;
  }

  static constexpr size_t kTileElements = 512;

  const ElementFunction& function_;
  const KernelArgs& args_;
  const Window& out_;
  int inputs_ = 0;
  Operand operands_[kMaxElementInputs];
  int first_ = 0;  // axes from here on are one run
  ElementRun run_{};
  int tile_axis_ = kNone;  // kNone: runs are handed over one by one
  int64_t tile_runs_ = 1;
  bool expand_[kMaxElementInputs] = {};
  const std::byte* written_[kMaxElementInputs] = {};
  size_t written_runs_[kMaxElementInputs] = {};
  alignas(64) std::byte buffers_[kMaxElementInputs][kTileElements * sizeof(uint64_t)];
};

class ElementKernel : public Kernel {
 public:
  explicit ElementKernel(const ElementFunction& function) : function_(function) {}
  Status Run(const KernelArgs& args) const override { return RunElements(function_, args); }

 private:
  const ElementFunction function_;
};

}  // namespace

std::vector<AxisRule> ElementAxes(const OpContext& context, int out_axis) {
  const Shape& out = context.output(0).shape;
  std::vector<AxisRule> rules;
  for (int k = 0; k < context.num_inputs(); ++k) {
    const Shape& in = context.input(k).shape;
    const int own = out_axis - (out.rank() - in.rank());
    if (own < 0) {
      rules.push_back(AxisRule::All());
    } else if (in[own] == out[out_axis]) {
      rules.push_back(AxisRule::Same(own, in[own]));
    } else {
      rules.push_back(AxisRule::Broadcast(own));
    }
  }
  return rules;
}

Status RunElements(const ElementFunction& function, const KernelArgs& args) {
  if (Walker(function, args).Run()) return {};
  return InvalidArgument("an integer is divided by zero");
}

Status ElementReference(ElementChooser choose, const OpContext& context, std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs) {
  SL_ASSIGN(const ElementFunction function, choose(context, /*plain=*/true));
  std::vector<Window> in;
  for (const ConstTensorView& view : inputs)
    in.push_back(WholeWindow(view.dtype, view.shape, const_cast<void*>(view.data)));
  const Window out = WholeWindow(outputs[0].dtype, outputs[0].shape, outputs[0].data);
  return RunElements(function, {in, {&out, 1}, WholeBox(out.shape), nullptr});
}

Result<std::unique_ptr<Kernel>> PrepareElements(ElementChooser choose, const OpContext& context) {
  SL_ASSIGN(const ElementFunction function, choose(context, /*plain=*/false));
  return std::unique_ptr<Kernel>(std::make_unique<ElementKernel>(function));
}

Result<Shape> BroadcastShape(const OpContext& context) {
  Shape shape = context.input(0).shape;
  for (int k = 1; k < context.num_inputs(); ++k) {
    const Shape& other = context.input(k).shape;
    const Shape& longer = shape.rank() >= other.rank() ? shape : other;
    const Shape& shorter = shape.rank() >= other.rank() ? other : shape;
    Shape joined = longer;
    const int shift = longer.rank() - shorter.rank();
    for (int axis = shift; axis < longer.rank(); ++axis) {
      const int64_t a = longer[axis], b = shorter[axis - shift];
      if (a != b && a != 1 && b != 1) {
        return InvalidArgument("shapes ", context.input(0).shape.ToString(), " and ", other.ToString(),
                               " cannot be broadcast against each other");
      }
      joined[axis] = a == 1 ? b : a;
    }
    shape = joined;
  }
  return shape;
}

Status InferSameType(InferContext& context) {
  for (int k = 1; k < context.num_inputs(); ++k) {
    if (context.input(k).dtype != context.input(0).dtype) {
      return InvalidArgument("input ", k, " is ", DTypeName(context.input(k).dtype), ", input 0 is ",
                             DTypeName(context.input(0).dtype), "; they must be the same");
    }
  }
  SL_ASSIGN(const Shape shape, BroadcastShape(context));
  context.SetOutput(0, context.input(0).dtype, shape);
  return {};
}

Result<kernels::Clamp> ClampOfActivation(int64_t code) {
  switch (code) {
    case 0: return kernels::Clamp{};
    case 1: return kernels::Clamp{.low = 0};
    case 2: return kernels::Clamp{-1, 1};
    case 3: return kernels::Clamp{0, 6};
    case 4: return Unsupported("fused activation TANH");
    case 5: return Unsupported("fused activation SIGN_BIT");
    default: return CorruptData("fused activation ", code, ", must be 0 to 5");
  }
}

Status UnsupportedElementType(const OpContext& context) {
  return Unsupported(DTypeName(context.input(0).dtype), " arithmetic is not built yet");
}

}  // namespace safelight
