// SPDX-License-Identifier: Apache-2.0
#include "imaging/tiles.h"

#include <algorithm>
#include <numeric>

namespace safelight {
namespace {

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

Result<TileAxis> PlanAxis(const FieldReport& field, int64_t in, int64_t out, int64_t picture, int64_t stride,
                          bool force, const char* what) {
  TileAxis axis;
  axis.size = in;
  axis.picture = picture;
  const int64_t common = std::gcd(in, out);
  axis.up = out / common;
  axis.down = in / common;
  // Origins keep the phase of strides and of the output grid.
  const int64_t period = std::lcm(axis.down, stride);
  if (force) {
    axis.before = axis.after = RoundUp(in / 4, period);
  } else if (!field.local) {
    return Unsupported("it cannot run in tiles either: ", field.why_not);
  } else {
    axis.before = RoundUp(field.before, period);
    axis.after = RoundUp(field.after, axis.down);
  }
  axis.step = (in - axis.before - axis.after) / period * period;
  if (axis.step <= 0) {
    return Unsupported("it cannot run in tiles either: the overlap of ", axis.before + axis.after, " ", what,
                       " exceeds the tile of ", in);
  }
  return axis;
}

struct Span {
  int64_t in, out, size, from;
};

// Tiles along one axis: where each begins, which output it gives.
std::vector<Span> Spans(const TileAxis& axis) {
  std::vector<Span> spans;
  for (int64_t at = 0; at < axis.picture; at += axis.step) {
    const int64_t end = std::min(axis.picture, at + axis.step);
    const int64_t out = at * axis.up / axis.down;
    spans.push_back({at - axis.before, out, end * axis.up / axis.down - out, axis.before * axis.up / axis.down});
  }
  return spans;
}

}  // namespace

std::vector<Tile> TileGrid::Tiles() const {
  std::vector<Tile> tiles;
  for (const Span& row : Spans(rows)) {
    for (const Span& column : Spans(columns)) {
      tiles.push_back({row.in, column.in, row.out, column.out, row.size, column.size, row.from, column.from});
    }
  }
  return tiles;
}

std::string TileGrid::Describe() const {
  return Cat("runs in ", Spans(rows).size() * Spans(columns).size(), " tiles of ", columns.size, "x", rows.size,
             ", overlap ", columns.before, "+", columns.after, " columns and ", rows.before, "+", rows.after, " rows",
             forced ? " (forced: joints may show)" : " (the receptive field: joints are exact)");
}

Result<TileGrid> PlanTiles(const PlanReport& plan, const Shape& in, const Shape& out, const PictureAxes& in_axes,
                           const PictureAxes& out_axes, int64_t height, int64_t width, bool force) {
  TileGrid grid;
  grid.forced = force;
  SL_ASSIGN(grid.rows, PlanAxis(plan.field_rows, in[in_axes.height], out[out_axes.height], height,
                                plan.total_stride_rows, force, "rows"));
  SL_ASSIGN(grid.columns, PlanAxis(plan.field_columns, in[in_axes.width], out[out_axes.width], width,
                                   plan.total_stride_columns, force, "columns"));
  return grid;
}

}  // namespace safelight
