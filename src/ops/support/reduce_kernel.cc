// SPDX-License-Identifier: Apache-2.0
//
// The kernel of the reductions: finds the longest stretches of memory that the loops can take at once,
// in windows of any ring and any columns, and keeps the order of the lanes whatever it found.
#include <algorithm>
#include <cstring>

#include "kernels/reduce.h"
#include "ops/support/reduce_lanes.h"
#include "ops/support/reduce_walk.h"

namespace safelight {
namespace {

// Kept elements that are accumulated side by side; more are done in parts.
constexpr int64_t kMaxSideBySide = 1024;

// The axes of the input by their part in one Run.
struct Plan {
  // Kept axes that are looped over, outermost first.
  int kept[Shape::kMaxRank];
  Range kept_range[Shape::kMaxRank];
  int num_kept = 0;
  // Reduced axes that are looped over.
  int outer[Shape::kMaxRank];
  Range outer_range[Shape::kMaxRank];
  int64_t outer_lane_step[Shape::kMaxRank];  // what one index adds to the element's number in its run
  int num_outer = 0;
  int64_t turns = 1;  // reduced elements at even steps ...
  int64_t stride = 1;
  int64_t side = 1;     // ... each followed by this many kept ones
  int64_t in_base = 0;  // what the axes that are not looped over add
  int64_t out_base = 0;
};

class ReduceKernel : public Kernel {
 public:
  ReduceKernel(const ReduceLoops& loops, const std::vector<bool>& reduced, bool keep_dims, int64_t divisor,
               const Shape& shape)
      : loops_(loops), shape_(shape), divisor_(divisor) {
    int next = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      reduced_[axis] = reduced[axis];
      out_axis_[axis] = !reduced[axis] || keep_dims ? next++ : kNone;
      if (!reduced[axis]) continue;
      last_ = axis;
      count_ *= shape[axis];
    }
    run_begin_ = last_;
    while (run_begin_ > 0 && reduced[run_begin_ - 1]) --run_begin_;
    const int64_t inner = shape.Product(last_ + 1, shape.rank());
    // Few kept elements behind the reduced ones leave vectors empty; more lanes fill them.
    lanes_ = inner <= 1 ? kernels::kReduceLanes : inner < 8 ? 8 : inner < 16 ? 2 : 1;
    if (divisor_ == 0) divisor_ = count_;
  }

  size_t scratch_bytes() const override { return kMaxSideBySide * sizeof(int64_t); }

  Status Run(const KernelArgs& args) const override {
    Plan plan;
    MakePlan(args, plan);
    if (TakeEach(args, plan)) return {};
    ForEachIndex(plan.kept_range, plan.num_kept, [&](const int64_t* index) {
      int64_t in = plan.in_base, out = plan.out_base;
      for (int i = 0; i < plan.num_kept; ++i) {
        in += args.inputs[0].Offset(plan.kept[i], index[i]);
        out += args.outputs[0].Offset(out_axis_[plan.kept[i]], index[i]);
      }
      const int64_t part = lanes_ == 1 ? kMaxSideBySide : plan.side;
      for (int64_t j = 0; j < plan.side; j += part) {
        Reduce(args, plan, in + j, out + j, std::min(part, plan.side - j));
      }
    });
    return {};
  }

 private:
  Range RangeOf(const KernelArgs& args, int axis) const {
    return reduced_[axis] ? Range{0, shape_[axis]} : args.box.axis[out_axis_[axis]];
  }

  void MakePlan(const KernelArgs& args, Plan& plan) const {
    const int rank = shape_.rank();
    int side_begin = rank;
    while (side_begin > last_ + 1 && JoinsSide(args, side_begin - 1, plan)) --side_begin;
    int turns_begin = last_ + 1;
    while (turns_begin > run_begin_ && turns_begin > 0 && JoinsTurns(args, turns_begin - 1, plan)) --turns_begin;
    for (int axis = 0; axis < rank; ++axis) {
      const Range range = RangeOf(args, axis);
      if (reduced_[axis] && out_axis_[axis] != kNone) plan.out_base += args.outputs[0].Offset(out_axis_[axis], 0);
      if (axis >= side_begin) {
        plan.in_base += args.inputs[0].Offset(axis, range.begin);
        plan.out_base += args.outputs[0].Offset(out_axis_[axis], range.begin);
      } else if (!reduced_[axis]) {
        plan.kept[plan.num_kept] = axis;
        plan.kept_range[plan.num_kept++] = range;
      } else if (axis >= turns_begin) {
        plan.in_base += args.inputs[0].Offset(axis, 0);
      } else {
        plan.outer[plan.num_outer] = axis;
        plan.outer_lane_step[plan.num_outer] = axis >= run_begin_ ? shape_.Product(axis + 1, last_ + 1) : 0;
        plan.outer_range[plan.num_outer++] = range;
      }
    }
  }

  bool JoinsSide(const KernelArgs& args, int axis, Plan& plan) const {
    const Range range = RangeOf(args, axis);
    const Window& in = args.inputs[0];
    const Window& out = args.outputs[0];
    const bool dense = in.strides[axis] == plan.side && out.strides[out_axis_[axis]] == plan.side &&
                       IsEven(in, axis, range) && IsEven(out, out_axis_[axis], range);
    if (range.size() != 1 && !dense) return false;
    plan.side *= std::max<int64_t>(range.size(), 0);
    return true;
  }

  bool JoinsTurns(const KernelArgs& args, int axis, Plan& plan) const {
    const Range range = RangeOf(args, axis);
    const Window& in = args.inputs[0];
    if (range.size() == 1) return true;
    const bool dense = plan.turns == 1 || in.strides[axis] == plan.stride * plan.turns;
    if (!dense || !IsEven(in, axis, range)) return false;
    if (plan.turns == 1) plan.stride = in.strides[axis];
    plan.turns *= range.size();
    return true;
  }

  // Reductions along the innermost axis, a whole row of them at once.
  bool TakeEach(const KernelArgs& args, const Plan& plan) const {
    if (loops_.each == nullptr || lanes_ != kernels::kReduceLanes || plan.num_outer > 0 || plan.num_kept == 0 ||
        plan.side != 1 || plan.stride != 1 || (loops_.is_mean && divisor_ == 0)) {
      return false;
    }
    const int last = plan.num_kept - 1;
    const int in_axis = plan.kept[last], out_axis = out_axis_[in_axis];
    const Range range = plan.kept_range[last];
    const Window& from = args.inputs[0];
    const Window& to = args.outputs[0];
    if (range.empty() || !IsEven(from, in_axis, range) || !IsEven(to, out_axis, range)) return false;
    ForEachIndex(plan.kept_range, last, [&](const int64_t* index) {
      int64_t in = plan.in_base + from.Offset(in_axis, range.begin);
      int64_t out = plan.out_base + to.Offset(out_axis, range.begin);
      for (int i = 0; i < last; ++i) {
        in += from.Offset(plan.kept[i], index[i]);
        out += to.Offset(out_axis_[plan.kept[i]], index[i]);
      }
      loops_.each(from.at<float>(in), range.size(), from.strides[in_axis], plan.turns, loops_.is_mean ? divisor_ : 1,
                  to.at<float>(out), to.strides[out_axis]);
    });
    return true;
  }

  void Reduce(const KernelArgs& args, const Plan& plan, int64_t in, int64_t out, int64_t side) const {
    std::byte* acc = args.scratch;
    const int64_t lane_bytes = side * static_cast<int64_t>(loops_.acc_bytes);
    loops_.start(acc, lanes_ * side);
    ForEachIndex(plan.outer_range, plan.num_outer, [&](const int64_t* index) {
      int64_t from = in, number = 0;
      for (int i = 0; i < plan.num_outer; ++i) {
        from += args.inputs[0].Offset(plan.outer[i], index[i]);
        number += index[i] * plan.outer_lane_step[i];
      }
      Take(plan, args.inputs[0].data + from * static_cast<int64_t>(loops_.element_bytes), number % lanes_, side, acc);
    });
    for (int64_t half = lanes_ / 2; half > 0; half /= 2) {
      for (int64_t i = 0; i < half; ++i) loops_.join(acc + i * lane_bytes, acc + (i + half) * lane_bytes, side);
    }
    loops_.finish(acc, side, divisor_, args.outputs[0].data + out * static_cast<int64_t>(loops_.element_bytes));
  }

  // One stretch, whose first element belongs to lane `first`.
  void Take(const Plan& plan, const std::byte* in, int64_t first, int64_t side, std::byte* acc) const {
    const int64_t bytes = static_cast<int64_t>(loops_.element_bytes);
    if (first == 0 && plan.stride == side) {
      const int64_t rounds = plan.turns / lanes_, rest = plan.turns % lanes_;
      loops_.take(in, rounds, lanes_ * side, lanes_ * side, acc);
      if (rest > 0) loops_.take(in + rounds * lanes_ * side * bytes, 1, 0, rest * side, acc);
      return;
    }
    for (int64_t t = 0; t < std::min(lanes_, plan.turns); ++t) {
      const int64_t lane = (first + t) % lanes_;
      const int64_t rounds = (plan.turns - t + lanes_ - 1) / lanes_;
      loops_.take(in + t * plan.stride * bytes, rounds, lanes_ * plan.stride, side,
                  acc + lane * side * static_cast<int64_t>(loops_.acc_bytes));
    }
  }

  ReduceLoops loops_;
  Shape shape_;
  int64_t divisor_;
  bool reduced_[Shape::kMaxRank] = {};
  int out_axis_[Shape::kMaxRank] = {};
  int last_ = -1;       // the last reduced axis
  int run_begin_ = -1;  // the first of the adjacent reduced axes that end there
  int64_t count_ = 1;   // elements reduced into one
  int64_t lanes_ = 1;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeReduceKernel(const ReduceLoops& loops, const std::vector<bool>& reduced,
                                                 bool keep_dims, int64_t divisor, const Shape& shape) {
  return std::unique_ptr<Kernel>(std::make_unique<ReduceKernel>(loops, reduced, keep_dims, divisor, shape));
}

}  // namespace safelight
