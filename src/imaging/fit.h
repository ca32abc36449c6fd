// SPDX-License-Identifier: Apache-2.0
//
// A picture's size made to fit a network that takes any size, or nearly.
//
// Users expect a result of exactly `scale` times the photo's size, pixel for pixel in its place. A network may round
// odd sizes up, refuse them where its branches join, or lose a border to convolutions without padding. The photo is
// then extended by its own reflection until all of the result exists, and the rest is cut off.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "imaging/recipe.h"
#include "safelight/session.h"

namespace safelight {

// Along one axis.
struct AxisFit {
  int64_t up = 1, down = 1;  // output pixels over input pixels
  int64_t size = 0;          // of the extended picture
  int64_t front = 0;         // of that, pixels in front of the photo's first
  int64_t from = 0;          // where the photo's result begins in the output
  int64_t made = 0;          // size of the output
  int64_t ResultSize(int64_t picture) const { return picture * up / down; }
};

struct SizeFit {
  AxisFit rows, columns;
  std::string note;  // what was done to the photo, for people; empty when nothing was
};

// Shapes for all inputs of the network at a picture size.
using ShapesAtSize = std::function<std::vector<Shape>(int64_t height, int64_t width)>;
// The fields of the network at a picture size, rows and columns; called only for networks that lose a border.
using FieldsAtSize = std::function<Result<std::pair<FieldReport, FieldReport>>(int64_t height, int64_t width)>;

class SizeFitter {
 public:
  SizeFitter(const Graph& file, const Graph& own, const Recipe& recipe, ShapesAtSize shapes, FieldsAtSize fields);

  // Errors: the sentence of the node that refuses the photo's size, when no extension helps.
  Result<SizeFit> Fit(int64_t height, int64_t width);

 private:
  struct Made {
    int64_t height = 0, width = 0;
  };
  Result<Made> SizesFor(int64_t height, int64_t width) const;
  int64_t OwnSize(bool rows) const;
  int64_t OwnMade(bool rows) const;
  SizeFit AsItIs(int64_t height, int64_t width, const Made& made) const;
  bool IsProportional(const SizeFit& fit) const;
  Result<SizeFit> Extend(int64_t height, int64_t width, const Status& plain) const;
  Result<int64_t> MadeAlong(bool rows, int64_t size) const;
  Status FindScale(bool rows, int64_t picture, AxisFit* fit) const;
  Status FitAxis(bool rows, int64_t picture, const FieldReport* field, AxisFit* fit) const;
  bool FitsWhole(bool rows, int64_t picture, AxisFit* fit) const;
  std::string Describe(const SizeFit& fit, int64_t height, int64_t width, const Status& why) const;

  const Graph &file_, &own_;
  const Recipe& recipe_;
  const ShapesAtSize shapes_;
  const FieldsAtSize fields_;
};

// Output pixels by which the result of a picture begins before the output's first pixel (behind it when negative), of
// a network that makes `made` of `size` input pixels and should make size * up / down.
int64_t LostInFront(const FieldReport* field, int64_t size, int64_t made, int64_t up, int64_t down);

}  // namespace safelight
