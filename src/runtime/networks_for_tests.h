// SPDX-License-Identifier: Apache-2.0
//
// Small networks for the tests of Model and Session, and memory to run them in.
#pragma once

#include <vector>

#include "safelight/model.h"
#include "safelight/session.h"

namespace safelight {

// y = x + conv(relu(conv(x))), both 3x3, of a 1 x height x width x 2 picture: rows all the way.
Model RowsNetwork(int height = 40, int width = 12);
// y = x - mean(x) over the picture: a barrier.
Model BarrierNetwork();
// y = running sums of relu(x) along its rows: an op that runs whole.
Model WholeNetwork();
// sum = x + state, y = relu(sum); for a state from output 0 to input 1.
Model StateNetwork();

// Numbers and room for the ports of a session, exactly as large as they must be. `seed` makes the numbers.
struct RunMemory {
  explicit RunMemory(const Session& session, unsigned seed = 1);
  Status Run(Session& session, const RunOptions& options = {}) const { return session.Run(inputs, outputs, options); }

  std::vector<std::vector<float>> in, out;
  std::vector<ConstTensorView> inputs;
  std::vector<TensorView> outputs;
};

// What a run of `session` on the numbers of `seed` gives, all outputs; checks that it succeeds.
std::vector<std::vector<float>> ResultOf(Session& session, unsigned seed = 1);
// A session; a test that cannot have it ends at once.
Session MustCreate(const Model& model, const SessionOptions& options = {});

}  // namespace safelight
