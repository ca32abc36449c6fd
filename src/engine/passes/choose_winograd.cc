// SPDX-License-Identifier: Apache-2.0
//
// A 3x3 or 5x5 convolution of stride 1 is made by Winograd tiles where that takes less time than direct products.
#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "graph/op_def.h"

namespace safelight {
namespace {

// Smaller pictures are mostly border tiles.
constexpr int64_t kMinPixels = 8;
// Below this the transforms cost what the products save (src/kernels/winograd_bench.cc).
constexpr int64_t kMinChannels = 12;

// Rows that run along h, as the kernel needs them.
bool RunsAlongH(const AxisPlan& axes, ValueId value) {
  const int row = axes.values[value].row;
  return row == kNone || row == 1;
}

bool Pays(const Graph& graph, const Node& node, const OpDef& winograd) {
  const OpContext context(graph, node);
  const Shape &in = context.input(0).shape, &filter = context.input(1).shape, &out = context.output(0).shape;
  if (context.input(0).dtype != DType::kFloat32 || context.input(1).dtype != DType::kFloat32) return false;
  if (!context.input(1).is_constant() || (context.has_input(2) && !context.input(2).is_constant())) return false;
  if (filter[1] != filter[2] || (filter[1] != 3 && filter[1] != 5) || filter[3] != in[3]) return false;
  if (in[3] < kMinChannels || out[1] < kMinPixels || out[2] < kMinPixels) return false;
  const Cost cost = winograd.cost(context);
  return cost.macs_done < node.op->cost(context).macs_done;
}

}  // namespace

Status ChooseWinograd(Graph& graph, std::vector<std::string>* notes) {
  const OpDef* const conv = FindOp("CONV_2D");
  const OpDef* const winograd = FindOp("CONV_2D_WINOGRAD");
  if (conv == nullptr || winograd == nullptr) return Internal("op CONV_2D_WINOGRAD is missing");
  const AxisPlan axes = AssignAxes(graph);
  int chosen = 0;
  for (Node& node : graph.nodes) {
    if (node.op != conv || !Pays(graph, node, *winograd)) continue;
    if (!RunsAlongH(axes, node.inputs[0]) || !RunsAlongH(axes, node.outputs[0])) continue;
    // Its own checks decide the rest: stride and dilation.
    InferContext context(graph, node);
    if (!winograd->infer(context).ok()) continue;
    node.op = winograd;
    ++chosen;
  }
  if (chosen > 0) notes->push_back(Cat(chosen, " convolutions by Winograd"));
  return {};
}

}  // namespace safelight
