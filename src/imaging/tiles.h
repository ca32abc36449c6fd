// SPDX-License-Identifier: Apache-2.0
//
// A picture in tiles, for networks fixed to one size.
//
// Every tile is the file's own size and knows its place; of its output only the part is taken whose receptive field
// lies inside the tile, so the result is that of the whole reflect-padded picture, to the last bit. Origins are
// multiples of the pattern in which the network's needs repeat. (A resize inside the network by a factor that is no
// power of two rounds its positions by place: there the last bit may differ.)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "imaging/recipe.h"
#include "safelight/session.h"

namespace safelight {

struct Tile {
  int64_t in_y = 0, in_x = 0;    // picture coordinates of the tile's first pixel; may lie outside
  int64_t out_y = 0, out_x = 0;  // where its part goes in the result
  int64_t out_height = 0, out_width = 0;
  int64_t from_y = 0, from_x = 0;  // where its part lies in the tile's output
};

// One axis of the grid.
struct TileAxis {
  int64_t size = 0;          // of a tile, input pixels
  int64_t step = 0;          // from tile to tile
  int64_t before = 0;        // input pixels of a tile in front of those that its part stands for; `after`: behind
  int64_t after = 0;         //
  int64_t picture = 0;       // input pixels to cover
  int64_t up = 1, down = 1;  // output pixels over input pixels
  int64_t from = 0;          // where a part begins in the tile's output
  int64_t ResultSize() const { return picture * up / down; }
};

struct TileGrid {
  TileAxis rows, columns;
  bool forced = false;
  std::vector<Tile> Tiles() const;
  std::string Describe() const;
};

// What is to be covered: a picture of height x width, by a network of these shapes.
struct TileTask {
  const Shape &in, &out;
  const PictureAxes &in_axes, &out_axes;
  int64_t height, width;
  bool force;  // where the network is not local, an overlap of a quarter of the tile; joints will show
};

// Errors (kUnsupported) when the network is not local or its field exceeds the tile; names the node.
Result<TileGrid> PlanTiles(const PlanReport& plan, const TileTask& task);

}  // namespace safelight
