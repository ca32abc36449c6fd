// SPDX-License-Identifier: Apache-2.0
//
// Whether a delegate computes what it should: each node that it takes alone, then the network whole, against the ops'
// plain implementations. What it gets wrong can be kept as an exclusion list, which sessions honour.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "safelight/model.h"
#include "safelight/session.h"
#include "safelight/status.h"
#include "safelight/tensor.h"

namespace safelight {

struct VerifyOptions {
  std::string delegate;                      // as in DelegateChoice::names
  std::vector<Shape> input_shapes = {};      // as in SessionOptions
  std::vector<ConstTensorView> inputs = {};  // of the network; empty: random numbers, the same each time
  int threads = 1;
  Precision precision = Precision::kFloat32;
  int repeats = 3;  // runs whose bits are compared
  // What the largest error may be, as a share of the range of the right values; 0: 1e-5 for float32, 4e-3 where the
  // delegate computes in float16. Integers may be off by `steps`.
  double bound = 0;
  int steps = 1;
  // Above this number of multiply-adds the right values come from the CPU engine in exact arithmetic.
  int64_t reference_macs = 1'000'000'000;
  std::function<void(size_t done, size_t all)> progress = {};
};

// How a tensor differs from the right one.
struct TensorError {
  double largest = 0;                // absolute, in steps for integers
  double range = 0;                  // of the right values
  double psnr = 0;                   // dB over the range; infinite where nothing differs
  int64_t elements = 0, beyond = 0;  // in all; beyond the bound
  int64_t not_finite = 0;            // NaN or infinity where the right value is finite
  int64_t unsteady = 0;              // elements that differ from run to run
  bool within() const { return beyond == 0 && not_finite == 0 && unsteady == 0; }
};

struct NodeVerdict {
  std::vector<int> file_nodes;
  std::string op, name;
  std::string pattern;  // what an exclusion list calls nodes like this one
  bool taken = false;
  std::string why;  // why it was not taken, or what went wrong
  bool wrong = false;
  TensorError error;  // of its worst output
};

struct VerifyReport {
  std::string delegate, version;
  std::string truth;  // what the right values are
  std::vector<NodeVerdict> nodes;
  int first_wrong = -1;              // the first node that parts from the right values, given right inputs
  std::vector<TensorError> outputs;  // of the whole network, errors carried along
  int parts = 0;                     // of the network, on the delegate
  std::vector<std::string> notes;    // failures too
  bool passes = false;
};

// Errors: the delegate cannot be opened; inputs of other shapes; a network whose values do not fit into memory.
Result<VerifyReport> Verify(const Model& model, const VerifyOptions& options);

// The nodes that were wrong as an exclusion list; see DelegateChoice::exclusions.
std::string ExclusionList(const VerifyReport& report);

}  // namespace safelight
