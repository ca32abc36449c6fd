// SPDX-License-Identifier: Apache-2.0
//
// A 3x3 convolution of a picture enlarged by a whole factor f is, seen from the small picture, a 3x3 convolution with f
// by f times the channels, each standing for one place within a pixel (CONV_2D_SHUFFLE): the resize and its large
// picture are gone, and the products can be made in Winograd tiles. Zeros around the large picture and neighbours that
// are missing at its borders are no such thing, so border pixels get filters of their own. Fast arithmetic only.
//
// Only resizes whose weights repeat exactly from pixel to pixel are composed: factors of 2, 4, 8 without aligned
// corners.
#include <algorithm>
#include <array>
#include <optional>

#include "engine/axes.h"
#include "engine/passes/passes.h"
#include "engine/passes/support/rewrite.h"
#include "ops/support/resize_axis.h"
#include "ops/support/shuffle.h"
#include "ops/support/winograd_filters.h"

namespace safelight {
namespace {

constexpr int64_t kMinPixels = 8;
constexpr int64_t kMaxFactor = 8;
// Transformed weights should leave room in a core's cache.
constexpr int64_t kMaxWeightBytes = 512 << 10;
// One output element of a resize costs about so many multiply-adds.
constexpr int64_t kResizeMacs = 8;
// Below this the transforms cost what the products save.
constexpr int64_t kMinChannels = 8;

// What the taps of a filter column weigh as taps on the small axis, for each place within a pixel:
// of_place[p * 9 + tap * 3 + (offset + 1)].
using PlaceWeights = std::vector<float>;

// Of small pixel `m`; nothing where more than its neighbours are needed.
std::optional<PlaceWeights> WeightsAt(const std::vector<ResizeTap>& taps, int64_t factor, int64_t m) {
  PlaceWeights weights(static_cast<size_t>(factor * 9));
  const int64_t size = static_cast<int64_t>(taps.size());
  for (int64_t p = 0; p < factor; ++p) {
    for (int64_t tap = 0; tap < 3; ++tap) {
      const int64_t at = m * factor + p + tap - 1;
      if (at < 0 || at >= size) continue;
      for (const auto& [index, weight] :
           {std::pair{taps[at].low, 1 - taps[at].weight}, std::pair{taps[at].high, taps[at].weight}}) {
        if (weight == 0) continue;
        if (index < m - 1 || index > m + 1) return std::nullopt;
        weights[p * 9 + tap * 3 + (index - m + 1)] += weight;
      }
    }
  }
  return weights;
}

// Of the first pixel, those inside and the last; nothing where those inside are not alike.
std::optional<std::array<PlaceWeights, 3>> WeightsOfAxis(const std::vector<ResizeTap>& taps, int64_t factor) {
  const int64_t size = static_cast<int64_t>(taps.size()) / factor;
  std::array<PlaceWeights, 3> weights;
  for (int64_t m = 0; m < size; ++m) {
    std::optional<PlaceWeights> here = WeightsAt(taps, factor, m);
    if (!here.has_value()) return std::nullopt;
    if (m > 1 && m + 1 < size && *here != weights[1]) return std::nullopt;
    weights[m == 0 ? 0 : m + 1 == size ? 2 : 1] = std::move(*here);
  }
  return weights;
}

class Composer {
 public:
  explicit Composer(Graph& graph) : axes_(AssignAxes(graph)), graph_(graph) {}

  int Run() {
    int composed = 0;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.num_nodes()); ++id) {
      if (!graph_.Is(id, "CONV_2D")) continue;
      const NodeId resize = graph_.SoleProducer(graph_.node(id).inputs[0]);
      composed += resize != kNone && Fits(id, resize) && Compose(id, resize);
    }
    graph_.Finish();
    return composed;
  }

 private:
  bool RunsAlongH(ValueId value) const { return axes_.values[value].row == kNone || axes_.values[value].row == 1; }

  bool Fits(NodeId id, NodeId resize) const {
    if (!graph_.Is(resize, "RESIZE_BILINEAR") && !graph_.Is(resize, "RESIZE_NEAREST_NEIGHBOR")) return false;
    const OpContext conv = graph_.context(id), before = graph_.context(resize);
    const Shape &small = before.input(0).shape, &large = before.output(0).shape, &filter = conv.input(1).shape;
    const SlidingAttrs& attrs = conv.attrs<SlidingAttrs>();
    for (int i : {1, 2}) {
      if (conv.has_input(i) && (!conv.input(i).is_constant() || !IsFloat(conv.input(i)))) return false;
    }
    if (!IsFloat(before.input(0)) || before.input(0).is_constant()) return false;
    if (filter[1] != 3 || filter[2] != 3 || filter[3] != large[3] || small[3] < kMinChannels) return false;
    if (attrs.stride_h != 1 || attrs.stride_w != 1 || attrs.dilation_h != 1 || attrs.dilation_w != 1) return false;
    const Result<Sliding> s = MakeSliding(large, 3, 3, attrs);
    if (!s.ok() || s->rows.pad != 1 || s->columns.pad != 1 || s->rows.out != large[1] || s->columns.out != large[2]) {
      return false;
    }
    if (small[1] < kMinPixels || small[2] < kMinPixels || large[1] % small[1] != 0 || large[2] % small[2] != 0) {
      return false;
    }
    const int64_t fh = large[1] / small[1], fw = large[2] / small[2];
    if (fh * fw == 1 || fh > kMaxFactor || fw > kMaxFactor) return false;
    return Pays(small, filter[0], fh * fw) && RunsAlongH(before.node().inputs[0]) && RunsAlongH(conv.node().outputs[0]);
  }

  // For one pixel of the small picture.
  static bool Pays(const Shape& small, int64_t out, int64_t places) {
    const int64_t in = small[3];
    if (WinogradWeightBytes({in, out * places}) > kMaxWeightBytes) return false;
    const int64_t composed = WinogradMacs(1, {in, out * places}) + out * places;
    const int64_t convolution = std::min(9 * in * out, WinogradMacs(1, {in, out}));
    return composed < places * (convolution + kResizeMacs * in);
  }

  bool Compose(NodeId id, NodeId resize_id) {
    const OpContext resize = graph_.context(resize_id);
    const Shape small = resize.input(0).shape, large = resize.output(0).shape;
    const int64_t fh = large[1] / small[1], fw = large[2] / small[2];
    const ResizeTaps taps = graph_.Is(resize_id, "RESIZE_BILINEAR") ? BilinearTaps : NearestTaps;
    const auto rows = WeightsOfAxis(TapsOfAxis(resize, 1, taps), fh);
    const auto columns = WeightsOfAxis(TapsOfAxis(resize, 2, taps), fw);
    if (!rows.has_value() || !columns.has_value()) return false;
    const Node conv = graph_.node(id), before = graph_.node(resize_id);
    const Value& filter = graph_.value(conv.inputs[1]);
    const int64_t channels = fh * fw * filter.shape[0], set_floats = channels * 9 * small[3];
    Tensor sets(DType::kFloat32, {9 * channels, 3, 3, small[3]}), inside(DType::kFloat32, {channels, 3, 3, small[3]});
    for (int64_t set = 0; set < 9; ++set) {
      Fill(filter, (*rows)[set / 3], (*columns)[set % 3], sets.data<float>() + set * set_floats);
    }
    std::copy_n(sets.data<float>() + 4 * set_floats, set_floats, inside.data<float>());
    Node node{FindOp("CONV_2D_SHUFFLE"), nullptr, {}, conv.outputs, before.file_nodes};
    const auto attrs = std::make_shared<ShuffleAttrs>();
    const SlidingAttrs old = graph_.context(id).attrs<SlidingAttrs>();
    attrs->block_h = fh;
    attrs->block_w = fw;
    attrs->clamp = old.clamp;
    attrs->tail = old.tail;
    node.inputs = {before.inputs[0], graph_.AddConstant("composed", std::move(inside)),
                   conv.inputs.size() > 2 ? Repeated(conv.inputs[2], fh * fw) : kNone,
                   graph_.AddConstant("composed at borders", std::move(sets))};
    for (int* extra : {&attrs->tail.residual, &attrs->tail.slopes}) {
      if (*extra == kNone) continue;
      node.inputs.push_back(conv.inputs[*extra]);
      *extra = static_cast<int>(node.inputs.size()) - 1;
    }
    node.attrs = attrs;
    graph_.Take(resize_id);
    graph_.Set(id, std::move(node));
    graph_.AddFileNodes(id, conv.file_nodes);
    return true;
  }

  // [place y][place x][out][dy][dx][in] of one pair of row and column weights.
  static void Fill(const Value& filter, const PlaceWeights& rows, const PlaceWeights& columns, float* to) {
    const int64_t out = filter.shape[0], in = filter.shape[3];
    const float* weights = reinterpret_cast<const float*>(filter.constant);
    const int64_t fh = static_cast<int64_t>(rows.size()) / 9, fw = static_cast<int64_t>(columns.size()) / 9;
    for (int64_t place = 0; place < fh * fw; ++place) {
      for (int64_t k = 0; k < out * 9; ++k, to += in) {
        const float* own = weights + k / 9 * 9 * in;
        for (int64_t i = 0; i < in; ++i) {
          double sum = 0;
          for (int64_t tap = 0; tap < 9; ++tap) {
            const double row = rows[place / fw * 9 + tap / 3 * 3 + k % 9 / 3];
            sum += row * columns[place % fw * 9 + tap % 3 * 3 + k % 3] * own[tap * in + i];
          }
          to[i] = static_cast<float>(sum);
        }
      }
    }
  }

  ValueId Repeated(ValueId id, int64_t times) {
    if (id == kNone) return kNone;
    const Value value = graph_.value(id);
    const int64_t count = value.shape.elements();
    Tensor tensor(DType::kFloat32, Shape({count * times}));
    for (int64_t i = 0; i < count * times; ++i) {
      tensor.data<float>()[i] = reinterpret_cast<const float*>(value.constant)[i % count];
    }
    return graph_.AddConstant(value.name, std::move(tensor));
  }

  const AxisPlan axes_;
  Rewrite graph_;
};

}  // namespace

Status ComposeResize(Graph& graph, std::vector<std::string>* notes) {
  const int composed = Composer(graph).Run();
  if (composed > 0) notes->push_back(Cat(composed, " resizes are part of the convolutions after them"));
  return {};
}

}  // namespace safelight
