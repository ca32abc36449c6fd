// SPDX-License-Identifier: Apache-2.0
//
// Second moments of what each layer's weights are multiplied with, gathered at some positions of each picture: memory
// and time do not grow with the pictures.
#pragma once

#include <map>
#include <vector>

#include "graph/graph.h"
#include "quantize/file_network.h"
#include "quantize/rounding.h"
#include "quantize/value_taps.h"
#include "tensor/tensor.h"

namespace safelight {

class Moments {
 public:
  // Positions of a run of the network that are looked at, evenly spread.
  static constexpr int64_t kPositions = 1024;
  // A layer with more operands to a sum keeps its nearest weights.
  static constexpr size_t kMostOperands = 2048;

  // Layers of `network`, the file that `graph` was read from, whose weights are constant; not TRANSPOSE_CONV, which
  // reads its operands unevenly.
  Moments(const FileNetwork& network, const Graph& graph);

  // The values that layers read, each once.
  const std::vector<TappedValue>& values() const { return values_; }
  // What value `number` was in a run: whole, as real numbers.
  void Add(size_t number, const Tensor& value);

  // Null where nothing was seen of the node.
  const LayerMoments* OfNode(int n) const;

 private:
  // A layer's windows on its operand: row and column.
  struct Layer {
    size_t value = 0;    // in values_
    bool dense = false;  // FULLY_CONNECTED: rows of operands, whatever the shape
    bool same = false;
    int64_t size[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
    int64_t channels = 1;  // of a group
    LayerMoments moments = {};
  };
  void AddNode(const FileNetwork& network, int n, const std::vector<TappedValue>& all);
  static void AddTo(Layer* layer, const Tensor& value);

  std::vector<TappedValue> values_;
  std::map<int, Layer> layers_;  // by node
};

}  // namespace safelight
