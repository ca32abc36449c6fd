// SPDX-License-Identifier: Apache-2.0
#include "imaging/fit.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "graph/resize.h"

namespace safelight {
namespace {

// Networks take multiples of their total stride, of their windows, or these plus what their borders need.
constexpr int64_t kMultiples[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 128, 256};
// The scale shows between two sizes this far apart, a multiple of all strides in use.
constexpr int64_t kFarApart = 768;
constexpr int64_t kMaxRatio = 64;

int64_t RoundUp(int64_t size, int64_t multiple) { return (size + multiple - 1) / multiple * multiple; }
int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Sizes from `least` on that a network whose file says `own` may take, the smallest first.
std::set<int64_t> Candidates(int64_t least, int64_t own) {
  std::set<int64_t> sizes;
  for (int64_t multiple : kMultiples) {
    sizes.insert(RoundUp(least, multiple));
    const int64_t rest = own % multiple;
    sizes.insert(least <= rest ? rest : RoundUp(least - rest, multiple) + rest);
  }
  return sizes;
}

}  // namespace

int64_t LostInFront(const FieldReport* field, int64_t size, int64_t made, int64_t up, int64_t down) {
  // In output pixels; never more than all that is lost, nor in the other direction.
  const int64_t lost = FloorDiv(size * up, down) - made;
  const int64_t half = FloorDiv(lost, 2);
  // An output block sits in the middle of what it needs.
  const int64_t front =
      field != nullptr && field->local ? FloorDiv((field->after - field->before) * up, 2 * down) : half;
  return std::clamp(front, std::min<int64_t>(lost, 0), std::max<int64_t>(lost, 0));
}

SizeFitter::SizeFitter(const Graph& file, const Graph& own, const Recipe& recipe, ShapesAtSize shapes,
                       FieldsAtSize fields)
    : file_(file), own_(own), recipe_(recipe), shapes_(std::move(shapes)), fields_(std::move(fields)) {}

Result<SizeFitter::Made> SizeFitter::SizesFor(int64_t height, int64_t width) const {
  std::vector<std::string> notes;
  SL_ASSIGN(const Graph graph, ResizeGraph(file_, own_, shapes_(height, width), &notes));
  const Shape& shape = graph.values[graph.outputs[recipe_.output.port]].shape;
  const PictureAxes& axes = recipe_.output.axes;
  if (shape.rank() <= std::max(axes.height, axes.width)) return Unsupported("the output is ", shape.ToString());
  return Made{shape[axes.height], shape[axes.width]};
}

int64_t SizeFitter::OwnSize(bool rows) const {
  const PictureAxes& axes = recipe_.input.axes;
  return own_.values[own_.inputs[recipe_.input.port]].shape[rows ? axes.height : axes.width];
}

int64_t SizeFitter::OwnMade(bool rows) const {
  const PictureAxes& axes = recipe_.output.axes;
  return own_.values[own_.outputs[recipe_.output.port]].shape[rows ? axes.height : axes.width];
}

// The other axis stays at the file's own size, which the network takes for sure.
Result<int64_t> SizeFitter::MadeAlong(bool rows, int64_t size) const {
  SL_ASSIGN(const Made made, SizesFor(rows ? size : OwnSize(true), rows ? OwnSize(false) : size));
  return rows ? made.height : made.width;
}

Status SizeFitter::FindScale(bool rows, int64_t picture, AxisFit* fit) const {
  std::vector<std::pair<int64_t, int64_t>> seen;  // size and what it makes
  Status refused;
  while (seen.size() < 2) {
    const size_t before = seen.size();
    const int64_t least = seen.empty() ? std::max(picture, OwnSize(rows)) : seen[0].first + kFarApart;
    for (int64_t size : Candidates(least, OwnSize(rows))) {
      const Result<int64_t> made = MadeAlong(rows, size);
      if (made.ok()) {
        seen.emplace_back(size, *made);
        break;
      }
      if (refused.ok()) refused = made.status();
    }
    if (seen.size() == before) return refused;
  }
  int64_t up = seen[1].second - seen[0].second, down = seen[1].first - seen[0].first;
  if (up <= 0) return Unsupported("the output does not grow with the picture");
  if (down / std::gcd(up, down) > kMaxRatio) {
    up = OwnMade(rows);
    down = OwnSize(rows);
  }
  fit->up = up / std::gcd(up, down);
  fit->down = down / std::gcd(up, down);
  fit->size = seen[0].first;
  return {};
}

// The smallest extension at which the network gives exactly what its scale promises.
bool SizeFitter::FitsWhole(bool rows, int64_t picture, AxisFit* fit) const {
  for (int64_t size : Candidates(picture, OwnSize(rows))) {
    const Result<int64_t> made = MadeAlong(rows, size);
    if (!made.ok() || *made * fit->down != size * fit->up) continue;
    fit->size = size;
    fit->made = *made;
    return true;
  }
  return false;
}

// For a network that loses a border, or adds one.
Status SizeFitter::FitAxis(bool rows, int64_t picture, const FieldReport* field, AxisFit* fit) const {
  SL_ASSIGN(const int64_t first, MadeAlong(rows, fit->size));
  const int64_t lost = std::max<int64_t>(0, fit->size * fit->up / fit->down - first);
  const int64_t lost_in = (lost * fit->down + fit->up - 1) / fit->up;
  for (int64_t extended : Candidates(picture + lost_in, OwnSize(rows))) {
    const Result<int64_t> made = MadeAlong(rows, extended);
    if (!made.ok()) continue;
    const int64_t lost_front = LostInFront(field, extended, *made, fit->up, fit->down);
    const int64_t front = RoundUp((std::max<int64_t>(0, lost_front) * fit->down + fit->up - 1) / fit->up, fit->down);
    const int64_t from = front * fit->up / fit->down - lost_front;
    if (front + picture > extended || from + fit->ResultSize(picture) > *made) continue;
    fit->size = extended;
    fit->front = front;
    fit->from = from;
    fit->made = *made;
    return {};
  }
  return Unsupported("no extension of the picture gives a result of its size");
}

// The scale of the file's own picture, taken for that of any.
SizeFit SizeFitter::AsItIs(int64_t height, int64_t width, const Made& made) const {
  SizeFit fit;
  for (bool rows : {true, false}) {
    AxisFit& axis = rows ? fit.rows : fit.columns;
    const int64_t common = std::max<int64_t>(1, std::gcd(OwnMade(rows), OwnSize(rows)));
    axis.up = OwnMade(rows) / common;
    axis.down = std::max<int64_t>(1, OwnSize(rows) / common);
    axis.size = rows ? height : width;
    axis.made = rows ? made.height : made.width;
  }
  return fit;
}

// Two sizes on one straight line through nothing: the file's own and this one, or twice this one.
bool SizeFitter::IsProportional(const SizeFit& fit) const {
  for (bool rows : {true, false}) {
    const AxisFit& axis = rows ? fit.rows : fit.columns;
    if (axis.down > kMaxRatio || axis.made * axis.down != axis.size * axis.up) return false;
    if (axis.size != OwnSize(rows)) continue;
    const Result<int64_t> twice = MadeAlong(rows, 2 * axis.size);
    if (!twice.ok() || *twice != 2 * axis.made) return false;
  }
  return true;
}

Result<SizeFit> SizeFitter::Fit(int64_t height, int64_t width) {
  const Result<Made> plain = SizesFor(height, width);
  if (plain.ok() && IsProportional(AsItIs(height, width, *plain))) return AsItIs(height, width, *plain);
  Result<SizeFit> fit = Extend(height, width, plain.status());
  // A file fixed to this very size shows no other scale.
  const bool is_own = height == OwnSize(true) && width == OwnSize(false);
  if (!fit.ok() && is_own && plain.ok()) return AsItIs(height, width, *plain);
  return fit;
}

Result<SizeFit> SizeFitter::Extend(int64_t height, int64_t width, const Status& plain) const {
  SizeFit fit;
  SL_TRY(FindScale(true, height, &fit.rows));
  SL_TRY(FindScale(false, width, &fit.columns));
  const bool whole_rows = FitsWhole(true, height, &fit.rows), whole_columns = FitsWhole(false, width, &fit.columns);
  if (!whole_rows || !whole_columns) {
    // Where the result lies shows in the network's field, at a size that it takes.
    const auto fields = fields_(fit.rows.size, fit.columns.size);
    if (!whole_rows) SL_TRY(FitAxis(true, height, fields.ok() ? &fields->first : nullptr, &fit.rows));
    if (!whole_columns) SL_TRY(FitAxis(false, width, fields.ok() ? &fields->second : nullptr, &fit.columns));
  }
  // Axes fit one by one, but only both together count.
  SL_ASSIGN(const Made made, SizesFor(fit.rows.size, fit.columns.size));
  if (made.height != fit.rows.made || made.width != fit.columns.made) {
    return Unsupported("a picture of ", fit.columns.size, "x", fit.rows.size, " comes out as ", made.width, "x",
                       made.height);
  }
  if (fit.rows.size != height || fit.columns.size != width) fit.note = Describe(fit, height, width, plain);
  return fit;
}

std::string SizeFitter::Describe(const SizeFit& fit, int64_t height, int64_t width, const Status& why) const {
  const AxisFit &rows = fit.rows, &columns = fit.columns;
  std::string text = Cat("picture of ", width, "x", height, " reflect-padded to ", columns.size, "x", rows.size, " (",
                         columns.front, " left, ", columns.size - width - columns.front, " right, ", rows.front,
                         " above, ", rows.size - height - rows.front, " below) and the result cropped to ",
                         columns.ResultSize(width), "x", rows.ResultSize(height), ": ");
  const int64_t lost_rows = rows.size * rows.up / rows.down - rows.made;
  const int64_t lost_columns = columns.size * columns.up / columns.down - columns.made;
  if (lost_rows == 0 && lost_columns == 0) {
    return text + (why.ok() ? "the network rounds other sizes up" : "at its own size, " + why.message());
  }
  return text + Cat("the network gives ", lost_columns, " columns and ", lost_rows, " rows less than its scale of ",
                    rows.up, rows.down > 1 ? Cat("/", rows.down) : "");
}

}  // namespace safelight
