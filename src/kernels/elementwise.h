// SPDX-License-Identifier: Apache-2.0
//
// Runs of float32 elements through one function, vectorised for the CPU at hand.
//
// A run function is looked up once, when a node is prepared. Whatever the length of a run and the
// place of an element in it, an element's bits are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace safelight::kernels {

enum class UnaryOp {
  kAbs,
  kNeg,
  kExp,
  kLog,
  kSqrt,
  kRsqrt,
  kSquare,
  kFloor,
  kCeil,
  kRound,
  kSign,
  kSin,
  kCos,
  kRelu,
  kRelu6,
  kReluN1To1,
  kRelu0To1,
  kLeakyRelu,
  kElu,
  kGelu,
  kGeluTanh,
  kHardSwish,
  kTanh,
  kLogistic,
};
enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMaximum,
  kMinimum,
  kSquaredDifference,
  kPrelu,
  kPow,
  kFloorDiv,
  kFloorMod,
  kAtan2,
};

// out[i] = f(in[i]); `parameter` is LEAKY_RELU's slope. May run in place.
using UnaryRun = void (*)(const float* in, float* out, size_t count, float parameter);
UnaryRun FindUnaryRun(UnaryOp op);
// The same for one element, in plain C++: the truth of the tests.
float UnaryScalar(UnaryOp op, float x, float parameter);

// Limits applied to the result: a fused activation.
struct Clamp {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  float operator()(float x) const { return x < low ? low : x > high ? high : x; }
};

// out[i] = clamp(f(a[i * a_step], b[i * b_step])); steps are 0 (one value for all) or 1.
using BinaryRun = void (*)(const float* a, size_t a_step, const float* b, size_t b_step, float* out, size_t count,
                           Clamp clamp);
BinaryRun FindBinaryRun(BinaryOp op);
float BinaryScalar(BinaryOp op, float a, float b);

// out = `repeats` times in[0], `repeats` times in[stride], ..., for `count` of them. May write up to 64 bytes more.
void RepeatEach(const float* in, int64_t stride, size_t count, size_t repeats, float* out);

}  // namespace safelight::kernels
