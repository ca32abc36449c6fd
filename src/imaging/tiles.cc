// SPDX-License-Identifier: Apache-2.0
#include "imaging/tiles.h"

#include <algorithm>
#include <numeric>

#include "imaging/fit.h"

namespace safelight {
namespace {

// Joints that show: an overlap of a quarter, whatever the network needs.
TileAxis ForceAxis(int64_t in, int64_t out, int64_t picture) {
  TileAxis axis;
  axis.size = in;
  axis.picture = picture;
  axis.up = out / std::gcd(in, out);
  axis.down = in / std::gcd(in, out);
  axis.before = axis.after = in / 4 / axis.down * axis.down;
  axis.step = in - axis.before - axis.after;
  axis.from = axis.before * axis.up / axis.down;
  return axis;
}

// `field` is what the kernels need of a tile; the network's own field says where its result lies.
Result<TileAxis> PlanAxis(const FieldReport& field, const FieldReport& own, int64_t in, int64_t out, int64_t picture,
                          const char* what) {
  if (!field.local) return Unsupported("it cannot run in tiles either: ", field.why_not);
  TileAxis axis;
  axis.size = in;
  axis.picture = picture;
  const int64_t common = std::gcd(field.in_period, field.out_period);
  axis.up = field.out_period / common;
  axis.down = field.in_period / common;
  const int64_t lost = out * axis.down == in * axis.up ? 0 : LostInFront(&own, in, out, axis.up, axis.down);
  const int64_t period = field.in_period, made = field.out_period;
  // Parts begin where the pattern of needs does: whole blocks of outputs in front of the part are left out, and
  // those whose needs reach over the tile's border.
  const auto block_of = [&](int64_t pixel) { return pixel < 0 ? -1 : pixel / made; };
  while (axis.before < in) {
    axis.from = axis.before / period * made - lost;
    if (block_of(axis.from) >= 0 && block_of(axis.from) * period - field.before >= 0) break;
    axis.before += period;
  }
  for (int64_t step = period; axis.before + step <= in; step += period) {
    const int64_t last = axis.from + step / period * made - 1;
    if (last >= out || (block_of(last) + 1) * period + field.after > in) break;
    axis.step = step;
  }
  axis.after = in - axis.before - axis.step;
  if (axis.step > 0) return axis;
  return Unsupported("it cannot run in tiles either: output ", what, " look ", field.before, " ", what, " back and ",
                     field.after, " ahead, which leaves nothing of a tile of ", in);
}

struct Span {
  int64_t in, out, size, from;
};

// Tiles along one axis: where each begins, which output it gives.
std::vector<Span> Spans(const TileAxis& axis) {
  std::vector<Span> spans;
  for (int64_t at = 0; at < axis.picture; at += axis.step) {
    const int64_t end = std::min(axis.picture, at + axis.step);
    const int64_t out = at * axis.up / axis.down, size = end * axis.up / axis.down - out;
    if (size > 0) spans.push_back({at - axis.before, out, size, axis.from});
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

Result<TileGrid> PlanTiles(const PlanReport& plan, const TileTask& task) {
  const int64_t in_rows = task.in[task.in_axes.height], out_rows = task.out[task.out_axes.height];
  const int64_t in_columns = task.in[task.in_axes.width], out_columns = task.out[task.out_axes.width];
  const auto by_rows = PlanAxis(plan.reach_rows, plan.field_rows, in_rows, out_rows, task.height, "rows");
  const auto by_columns =
      PlanAxis(plan.reach_columns, plan.field_columns, in_columns, out_columns, task.width, "columns");
  if (!task.force) {
    SL_TRY(by_rows.status());
    SL_TRY(by_columns.status());
  }
  TileGrid grid;
  grid.forced = !by_rows.ok() || !by_columns.ok();
  grid.rows = by_rows.ok() ? *by_rows : ForceAxis(in_rows, out_rows, task.height);
  grid.columns = by_columns.ok() ? *by_columns : ForceAxis(in_columns, out_columns, task.width);
  return grid;
}

}  // namespace safelight
