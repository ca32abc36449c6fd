// SPDX-License-Identifier: Apache-2.0
#include "imaging/edges.h"

#include <cstring>
#include <iterator>
#include <utility>

#include "graph/infer.h"
#include "image/color_matrix.h"
#include "runtime/model_impl.h"

namespace safelight {
namespace {

// Which picture channel tensor channel c holds.
int PictureChannel(ChannelOrder order, int c) { return order == ChannelOrder::kBgr && c < 3 ? 2 - c : c; }

// Row `row` of the matrix from RGB to YCbCr on a photo of any channels, as weights of 0..1 pixels.
void SetYcbcrRow(int row, int color_channels, int out, ChannelMap* map) {
  const ColorMatrix& matrix = YcbcrMatrix(ColorSpace::kYcbcrStudio);
  for (int j = 0; j < 3; ++j) map->weight(out, color_channels == 3 ? j : 0) += static_cast<float>(matrix.m[row][j]);
  map->offsets[static_cast<size_t>(out)] = static_cast<float>(matrix.offset[row]);
}

// What a network's channels are of a photo's, black 0 and white 1.
ChannelMap ChannelsOf(const PortRecipe& recipe, const PhotoForm& photo) {
  ChannelMap map(photo.channels, recipe.channels);
  const int colors = photo.color_channels();
  for (int c = 0; c < recipe.channels; ++c) {
    if (recipe.order == ChannelOrder::kRgba && c == 3) {
      if (photo.has_alpha()) {
        map.weight(c, photo.channels - 1) = 1;
      } else {
        map.offsets[static_cast<size_t>(c)] = 1;
      }
    } else if (recipe.order == ChannelOrder::kGray && colors == 3) {
      const double weights[] = {kRedWeight, kGreenWeight, kBlueWeight};
      for (int j = 0; j < 3; ++j) map.weight(c, j) = static_cast<float>(weights[j]);
    } else if (recipe.order == ChannelOrder::kY && colors == 3) {
      SetYcbcrRow(0, colors, c, &map);
    } else {
      map.weight(c, colors == 3 ? PictureChannel(recipe.order, c) : 0) = 1;
    }
  }
  return map;
}

// Pixels divided by their white, then black + span * that. Where the span is the pixels' own they stay as they are.
void SetInputRange(const ValueRange& range, PixelType type, ChannelMap* map) {
  const double span = range.white - range.black;
  map->divisor = static_cast<float>(PixelTypeMax(type));
  double factor = span;
  if (span == PixelTypeMax(type)) {
    map->divisor = 1;
    factor = 1;
  }
  for (float& weight : map->weights) weight = static_cast<float>(weight * factor);
  for (float& offset : map->offsets) offset = static_cast<float>(range.black + span * offset);
}

// The result's channels from the tensor's, then chroma, then alpha.
ChannelMap ChannelsOfResult(const PortRecipe& recipe, PixelType type, const Joins& joins) {
  const double span = recipe.range.white - recipe.range.black, max = PixelTypeMax(type);
  const int own = recipe.channels, colors = joins.chroma ? 3 : own;
  ChannelMap map(own + (joins.chroma ? 2 : 0) + (joins.alpha ? 1 : 0), colors + (joins.alpha ? 1 : 0));
  // With something joined all of it is 0 to 1 before it becomes pixels.
  const double scale = joins.any() ? 1 / span : 1;
  map.factor = static_cast<float>(joins.any() ? max : max / span);
  if (joins.alpha) map.weight(colors, map.in - 1) = 1;
  if (!joins.chroma) {
    for (int c = 0; c < own; ++c) {
      map.weight(PictureChannel(recipe.order, c), c) = static_cast<float>(scale);
      map.offsets[static_cast<size_t>(c)] = static_cast<float>(-recipe.range.black * scale);
    }
    return map;
  }
  const ColorMatrix back = Inverse(YcbcrMatrix(ColorSpace::kYcbcrStudio));
  for (int k = 0; k < 3; ++k) {
    map.weight(k, 0) = static_cast<float>(back.m[k][0] * scale);
    map.weight(k, 1) = static_cast<float>(back.m[k][1]);
    map.weight(k, 2) = static_cast<float>(back.m[k][2]);
    map.offsets[static_cast<size_t>(k)] =
        static_cast<float>(back.offset[k] - recipe.range.black * scale * back.m[k][0]);
  }
  return map;
}

ValueId AddPicture(Graph* graph, const std::string& name, const PhotoForm& photo) {
  Value value;
  value.name = name;
  value.dtype = DTypeOf(photo.type);
  value.shape = photo.shape();
  return graph->AddValue(std::move(value));
}

Port PortOf(const Value& value) { return {value.name, value.dtype, value.shape, value.signature, value.quant, {}}; }

Result<std::shared_ptr<ValuesToPixelsAttrs>> ToPixelsAttrs(const Port& port, const PortRecipe& recipe,
                                                           const PicturePlace& place, PixelType type,
                                                           const Joins& joins) {
  auto attrs = std::make_shared<ValuesToPixelsAttrs>();
  SL_ASSIGN(attrs->storage, StorageOf(port));
  attrs->axes = recipe.axes;
  attrs->top = place.top;
  attrs->left = place.left;
  attrs->height = place.height;
  attrs->width = place.width;
  attrs->channels = recipe.channels;
  attrs->map = ChannelsOfResult(recipe, type, joins);
  attrs->clamp_alpha = joins.alpha && type == PixelType::kF32;
  attrs->type = type;
  return attrs;
}

}  // namespace

PhotoForm FormOf(const ConstImageView& view) { return {view.height, view.width, view.channels, view.type}; }

Joins JoinsOf(const Recipe& recipe, const PhotoForm& photo) {
  Joins joins;
  const bool luma = recipe.input.order == ChannelOrder::kY && recipe.output.order == ChannelOrder::kY;
  joins.chroma = luma && photo.color_channels() == 3;
  const bool has_own = recipe.output.channels == 2 || recipe.output.channels == 4;
  joins.alpha = photo.has_alpha() && recipe.input.order != ChannelOrder::kRgba && !has_own;
  return joins;
}

ValueId EdgeBuilder::AddNode(const OpDef& op, std::shared_ptr<const OpAttrs> attrs, std::vector<ValueId> inputs,
                             const std::string& name, bool in_front) {
  Value value;
  value.name = name;
  const ValueId output = graph_->AddValue(std::move(value));
  Node node;
  node.op = &op;
  node.attrs = std::move(attrs);
  node.inputs = std::move(inputs);
  node.outputs = {output};
  (in_front ? front_ : behind_).push_back(std::move(node));
  return output;
}

Result<ValueId> EdgeBuilder::PutBefore(int input, const PortRecipe& recipe, const PhotoForm& photo,
                                       const PicturePlace& place) {
  const ValueId values = graph_->inputs[static_cast<size_t>(input)];
  auto attrs = std::make_shared<PixelsToValuesAttrs>();
  SL_ASSIGN(attrs->storage, StorageOf(PortOf(graph_->values[values])));
  attrs->shape = graph_->values[values].shape;
  attrs->axes = recipe.axes;
  attrs->top = place.top;
  attrs->left = place.left;
  attrs->map = ChannelsOf(recipe, photo);
  SetInputRange(recipe.range, photo.type, &attrs->map);
  Node node;
  node.op = &pixels_to_values_op;
  node.attrs = std::move(attrs);
  node.outputs = {values};
  const std::string name = graph_->values[values].name;
  for (int frame = 0; frame < recipe.frames; ++frame) {
    const ValueId picture = AddPicture(graph_, frame == 0 ? name : Cat(name, " frame ", frame), photo);
    node.inputs.push_back(picture);
    if (frame == 0) {
      graph_->inputs[static_cast<size_t>(input)] = picture;
    } else {
      graph_->inputs.push_back(picture);
    }
  }
  const ValueId newest = node.inputs.back();
  front_.push_back(std::move(node));
  return newest;
}

ValueId EdgeBuilder::Resample(ValueId in, int axis, int64_t size) {
  const Shape& shape = graph_->values[in].shape;
  if (shape[axis] == size) return in;
  auto attrs = std::make_shared<ResampleAttrs>();
  attrs->axis = axis;
  attrs->out_size = size;
  attrs->taps = MakeTaps(shape[axis], size, Filter::kBicubic);
  Shape resized = shape;
  resized[axis] = size;
  const ValueId out = AddNode(resample_op, std::move(attrs), {in}, graph_->values[in].name, /*in_front=*/true);
  graph_->values[out].shape = resized;
  return out;
}

Result<ValueId> EdgeBuilder::TakeFromPhoto(ValueId photo, ChannelMap map, const std::string& name, int64_t height,
                                           int64_t width) {
  const Value& picture = graph_->values[photo];
  const Shape shape = {1, picture.shape[1], picture.shape[2], map.out};
  auto attrs = std::make_shared<PixelsToValuesAttrs>();
  attrs->shape = shape;
  map.divisor = picture.dtype == DType::kUInt8 ? 255.0f : picture.dtype == DType::kUInt16 ? 65535.0f : 1.0f;
  attrs->map = std::move(map);
  const ValueId values = AddNode(pixels_to_values_op, std::move(attrs), {photo}, name, /*in_front=*/true);
  graph_->values[values].shape = shape;
  // The axis that shrinks comes first, so that the other has less to do.
  const bool rows_first = height < shape[1];
  const ValueId once = Resample(values, rows_first ? 1 : 2, rows_first ? height : width);
  return Resample(once, rows_first ? 2 : 1, rows_first ? width : height);
}

Result<ValueId> EdgeBuilder::PutBehind(ValueId values, const PortRecipe& recipe, const PicturePlace& place,
                                       PixelType type, const Joins& joins, ValueId photo) {
  const Port port = PortOf(graph_->values[values]);
  SL_ASSIGN(std::shared_ptr<ValuesToPixelsAttrs> attrs, ToPixelsAttrs(port, recipe, place, type, joins));
  std::vector<ValueId> inputs = {values};
  if (joins.chroma) {
    const int channels = static_cast<int>(graph_->values[photo].shape[3]);
    ChannelMap map(channels, 2);
    SetYcbcrRow(1, 3, 0, &map);
    SetYcbcrRow(2, 3, 1, &map);
    SL_ASSIGN(const ValueId chroma, TakeFromPhoto(photo, std::move(map), "chroma", place.height, place.width));
    inputs.push_back(chroma);
  }
  if (joins.alpha) {
    const int channels = static_cast<int>(graph_->values[photo].shape[3]);
    ChannelMap map(channels, 1);
    map.weight(0, channels - 1) = 1;
    SL_ASSIGN(const ValueId alpha, TakeFromPhoto(photo, std::move(map), "alpha", place.height, place.width));
    inputs.push_back(alpha);
  }
  return AddNode(values_to_pixels_op, std::move(attrs), std::move(inputs), port.name, /*in_front=*/false);
}

Status EdgeBuilder::Finish() {
  std::vector<Node>& nodes = graph_->nodes;
  const auto added = static_cast<NodeId>(front_.size());
  const auto before = static_cast<NodeId>(nodes.size());
  nodes.insert(nodes.begin(), std::make_move_iterator(front_.begin()), std::make_move_iterator(front_.end()));
  nodes.insert(nodes.end(), std::make_move_iterator(behind_.begin()), std::make_move_iterator(behind_.end()));
  graph_->LinkProducers();
  const auto all = static_cast<NodeId>(nodes.size());
  for (NodeId id = 0; id < all; ++id) {
    if (id >= added && id < added + before) continue;
    SL_TRY(InferNode(*graph_, id).With(NodeLabel(*graph_, nodes[static_cast<size_t>(id)])));
  }
  return {};
}

Result<Image> JoinPicture(const Image& values, const PortRecipe& recipe, const Joins& joins,
                          const ConstImageView& photo, const SessionOptions& options) {
  Graph graph;
  const ValueId result = AddPicture(&graph, "result", FormOf(values.view()));
  const ValueId original = AddPicture(&graph, "photo", FormOf(photo));
  graph.inputs = {result, original};
  PortRecipe plain = recipe;
  plain.axes = {};
  plain.range = {};
  // The values are pixels already: channels stand in the picture's order.
  if (plain.order == ChannelOrder::kBgr) plain.order = ChannelOrder::kRgb;
  EdgeBuilder edges(&graph);
  SL_ASSIGN(const ValueId joined,
            edges.PutBehind(result, plain, {0, 0, values.height(), values.width()}, photo.type, joins, original));
  graph.outputs = {joined};
  SL_TRY(edges.Finish());
  const Shape shape = graph.values[joined].shape;
  SL_ASSIGN(const Model model, ModelImpl::FromGraph(std::move(graph), "joining chroma and alpha"));
  SessionOptions plain_options;
  plain_options.pool = options.pool;
  plain_options.threads = options.threads;
  SL_ASSIGN(Session session, Session::Create(model, plain_options));
  SL_ASSIGN(Image picture, Image::Create(shape[2], shape[1], static_cast<int>(shape[3]), photo.type));
  const ConstTensorView inputs[] = {
      {DType::kFloat32, session.inputs()[0].shape, values.view().data},
      {DTypeOf(photo.type), session.inputs()[1].shape, photo.data},
  };
  const TensorView output{DTypeOf(photo.type), shape, picture.view().data};
  SL_TRY(session.Run(inputs, {&output, 1}));
  return picture;
}

Result<Image> PictureOfTensor(const ConstTensorView& tensor, const Port& port, const PortRecipe& recipe,
                              const PicturePlace& place, PixelType type) {
  SL_ASSIGN(Image picture, Image::Create(place.width, place.height, recipe.channels, type));
  Graph graph;
  Node node;
  node.op = &values_to_pixels_op;
  SL_ASSIGN(node.attrs, ToPixelsAttrs(port, recipe, place, type, {}));
  const TensorView output{DTypeOf(type), {1, place.height, place.width, recipe.channels}, picture.view().data};
  SL_TRY(node.op->reference(OpContext(graph, node), {&tensor, 1}, {&output, 1}));
  return picture;
}

Result<Image> CropReflected(const ConstImageView& picture, int64_t y, int64_t x, int64_t height, int64_t width) {
  SL_ASSIGN(Image part, Image::Create(width, height, picture.channels, picture.type, picture.color_space));
  const size_t size = picture.pixel_bytes();
  for (int64_t v = 0; v < height; ++v) {
    const std::byte* from = picture.row(Reflect(y + v, picture.height));
    std::byte* to = part.view().row(v);
    for (int64_t u = 0; u < width; ++u) {
      std::memcpy(to + static_cast<size_t>(u) * size, from + static_cast<size_t>(Reflect(x + u, picture.width)) * size,
                  size);
    }
  }
  return part;
}

}  // namespace safelight
