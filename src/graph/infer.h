// SPDX-License-Identifier: Apache-2.0
//
// Shapes for every value, and the graph's own consistency.
#pragma once

#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace safelight {

// Refuses sizes that come from broken files: beyond 2^26, or more than 2^40 elements.
Status CheckShape(const Value& value);

// Checks that the graph is well formed: every input of a node is a graph input, a constant or the output
// of an earlier node; one producer a value; counts of inputs and outputs as the op says. Errors
// name the node.
Status VerifyStructure(const Graph& graph);

// VerifyStructure, then infers every value's dtype and shape from `input_shapes` (one per graph
// input; rank 0 keeps that input's own shape; empty: all their own) in the order of the nodes.
// Shape arithmetic is evaluated on the way: a small integer result of constants, or of
// SHAPE, becomes a constant. Errors name the node.
Status Infer(Graph& graph, const std::vector<Shape>& input_shapes = {});

// The same for one node whose inputs are inferred; the error does not name the node.
Status InferNode(Graph& graph, NodeId id);

// Runs a node's reference implementation on constant inputs and makes its outputs constants.
// All inputs must be constant, or the op one that reads only shapes.
Status EvaluateNode(Graph& graph, NodeId id);

}  // namespace safelight
