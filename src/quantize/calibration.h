// SPDX-License-Identifier: Apache-2.0
//
// The values of a network while pictures go through it: an observer beside each value of the file, put there by an edit
// of the session's graph. Knows no picture: whoever runs the session says when one is over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "quantize/observe_op.h"
#include "quantize/value_stats.h"
#include "runtime/session_impl.h"

namespace safelight {

class Calibration {
 public:
  // `counts`: whether distributions are needed, or only least and greatest. `means_of`: tensors of the file of which
  // the mean of each channel (last axis) is needed as well.
  Calibration(const Graph& graph, bool counts, const std::vector<int>& means_of);

  // Puts the observers into a session's graph. Their outputs follow those that the network has.
  GraphEdit Taps() const;
  // After each run. Errors name a value that is infinite or no number.
  Status EndPicture();

  // What was seen of the file's tensor; null where it was not looked at.
  const ValueStats* OfTensor(int file_tensor) const;
  // The mean of each channel of the file's tensor over all pictures; empty where it was not looked at.
  std::vector<double> MeansOfTensor(int file_tensor) const;

 private:
  struct Observed {
    std::string name;
    std::shared_ptr<ValueStats> stats;
    std::shared_ptr<MeanSums> sums;  // null: not asked for
  };
  const Observed* Find(int file_tensor) const;

  std::vector<Observed> observed_;
  std::vector<int> by_tensor_;  // position in observed_, -1: none
};

}  // namespace safelight
