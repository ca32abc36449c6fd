// SPDX-License-Identifier: Apache-2.0
//
// Networks written down at one picture size and asked for at another, against the same networks written down there.
#include "graph/resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "graph/infer.h"
#include "graph/network_for_tests.h"

namespace safelight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Writes a network down for a picture of height x width.
using Writer = std::function<Graph(int32_t height, int32_t width)>;

Graph Inferred(Graph graph) {
  const Status status = Infer(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  return graph;
}

struct Resized {
  Result<Graph> graph;
  std::vector<std::string> notes;
};

Resized ResizeTo(const Graph& file, const std::vector<Shape>& shapes) {
  std::vector<std::string> notes;
  const Graph own = Inferred(file);
  Result<Graph> graph = ResizeGraph(file, own, shapes, &notes);
  return {std::move(graph), std::move(notes)};
}

Shape WithSize(Shape shape, int height_axis, int32_t height, int32_t width) {
  shape[height_axis] = height;
  shape[height_axis + 1] = width;
  return shape;
}

std::vector<int64_t> IntsOf(const Graph& graph, ValueId id) {
  const Value& value = graph.values[id];
  const int32_t* elements = reinterpret_cast<const int32_t*>(value.constant);
  return value.is_constant() ? std::vector<int64_t>(elements, elements + value.shape.elements())
                             : std::vector<int64_t>();
}

// Every value has the shape, and every integer input the elements, of the network written down at that size.
void ExpectSameNetwork(const Graph& resized, const Graph& written) {
  ASSERT_EQ(resized.nodes.size(), written.nodes.size());
  for (size_t n = 0; n < written.nodes.size(); ++n) {
    const Node &a = resized.nodes[n], &b = written.nodes[n];
    EXPECT_EQ(resized.values[a.outputs[0]].shape, written.values[b.outputs[0]].shape) << NodeLabel(written, b);
    for (size_t i = 0; i < b.inputs.size(); ++i) {
      if (written.values[b.inputs[i]].dtype != DType::kInt32) continue;
      EXPECT_EQ(IntsOf(resized, a.inputs[i]), IntsOf(written, b.inputs[i])) << NodeLabel(written, b) << " input " << i;
    }
  }
}

// `write`, written down at 64x48, gives at each of several sizes the network written down there; and going on to
// 64x48 again gives back the first. `extra` is what the writer adds to the sizes of the input.
void ExpectFollows(const Writer& write, std::vector<std::pair<int32_t, int32_t>> sizes, int height_axis = 1,
                   int32_t extra = 0) {
  const Graph file = write(64, 48);
  const Graph own = Inferred(file);
  for (const auto& [height, width] : sizes) {
    SCOPED_TRACE(testing::Message() << height << "x" << width);
    const Shape shape = WithSize(own.values[own.inputs[0]].shape, height_axis, height + extra, width + extra);
    Resized resized = ResizeTo(file, {shape});
    ASSERT_TRUE(resized.graph.ok()) << resized.graph.status().message();
    ExpectSameNetwork(*resized.graph, Inferred(write(height, width)));
    std::vector<std::string> notes;
    const Result<Graph> back = ResizeGraph(*resized.graph, *resized.graph, {own.values[own.inputs[0]].shape}, &notes);
    ASSERT_TRUE(back.ok()) << back.status().message();
    ExpectSameNetwork(*back, own);
  }
}

// An encoder with two strides of 2 and a decoder that is joined with it; `in` has three channels.
ValueId UNet(NetworkForTests& net, ValueId in, int32_t height, int32_t width) {
  const auto half = [](int32_t size) { return (size + 1) / 2; };
  const ValueId full = net.Conv(in, 3, 4);
  const ValueId down1 = net.Conv(full, 4, 4, 2);
  const ValueId down2 = net.Conv(down1, 4, 4, 2);
  const ValueId up1 = net.Concat(net.Resize(down2, half(height), half(width)), down1, 3);
  return net.Op("ADD", {net.Conv(net.Resize(up1, height, width), 8, 4), full});
}

TEST(ResizeGraphTest, AskedForItsOwnSizeANetworkStaysAsItIs) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 32, 32, 3});
  const Graph file = net.Finish({UNet(net, in, 32, 32)});
  for (const std::vector<Shape>& shapes : {std::vector<Shape>(), {Shape()}, {Shape{1, 32, 32, 3}}}) {
    const Resized same = ResizeTo(file, shapes);
    ASSERT_TRUE(same.graph.ok());
    EXPECT_THAT(same.notes, IsEmpty());
    EXPECT_EQ(same.graph->values.size(), file.values.size());
    for (size_t n = 0; n < file.nodes.size(); ++n) EXPECT_EQ(same.graph->nodes[n].inputs, file.nodes[n].inputs);
  }
}

TEST(ResizeGraphTest, AResizeTakesTheSizeOfTheValueThatItJoins) {
  // Twice 26 rows are 52; the rows it is joined with are 51.
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const ValueId in = net.Input({1, height, width, 3});
        return net.Finish({UNet(net, in, height, width)});
      },
      {{101, 75}, {64, 49}, {63, 48}, {1081, 1439}, {5, 7}});
}

TEST(ResizeGraphTest, AJoinIsFoundBehindTranspositionsPaddingsAndStridedRoundTrips) {
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const ValueId in = net.Input({1, 3, height, width});
        const ValueId skip = net.Conv(net.Transpose(in, {0, 2, 3, 1}), 3, 4, 2);
        const ValueId skip_nchw = net.Transpose(skip, {0, 3, 1, 2});
        const ValueId small = net.Conv(skip, 4, 4, 2);
        const ValueId big = net.Resize(small, (height + 1) / 2, (width + 1) / 2);
        const ValueId padded = net.Op("MIRROR_PAD", {big, net.Ints({0, 0, 1, 1, 1, 1, 0, 0})});
        const ValueId valid = net.Op("CONV_2D", {padded, net.Floats({4, 3, 3, 4})}, {{0, 1}, {1, 1}, {2, 1}});
        return net.Finish({net.Concat(net.Transpose(valid, {0, 3, 1, 2}), skip_nchw, 1)});
      },
      {{101, 75}, {61, 50}}, 2);
}

TEST(ResizeGraphTest, AJoinWithAValueThatStandsFurtherDownTheFileIsFollowed) {
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const ValueId in = net.Input({1, height, width, 3});
        const ValueId pooled = net.Op("MEAN", {in, net.Ints({1, 2})}, {{0, 1}});
        const ValueId plane = net.Resize(pooled, (height + 3) / 4, (width + 3) / 4);
        const ValueId later = net.Conv(net.Conv(in, 3, 3, 2), 3, 5, 2);
        return net.Finish({net.Concat(plane, later, 3)});
      },
      {{101, 75}, {66, 47}});
}

TEST(ResizeGraphTest, AResizeThatJoinsNothingKeepsItsRatioToItsInput) {
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const ValueId in = net.Input({1, height, width, 3});
        return net.Finish({net.Conv(net.Resize(in, height * 3, width * 3), 3, 3)});
      },
      {{101, 75}, {7, 480}});
}

TEST(ResizeGraphTest, AResizeToThePicturesSizeByNoWholeRatioFollowsThePicture) {
  // 66 rows halved three times are 9, and 66 is no multiple of that.
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const ValueId in = net.Input({1, height + 2, width + 2, 3});
        const ValueId eighth = net.Conv(net.Conv(net.Conv(in, 3, 4, 2), 4, 4, 2), 4, 1, 2);
        return net.Finish({net.Op("LOGISTIC", {net.Resize(eighth, height + 2, width + 2)})});
      },
      {{99, 73}, {331, 498}}, 1, 2);
}

TEST(ResizeGraphTest, AConstantIsRewrittenOnlyWhereAnOpTakesItAsASize) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3});
  const ValueId numbers = net.Input({2}, DType::kInt32);
  const ValueId shared = net.Ints({32, 32});
  const ValueId picture = net.Op("RESIZE_NEAREST_NEIGHBOR", {in, shared});
  const ValueId sum = net.Op("ADD", {numbers, shared}, {}, {}, DType::kInt32);
  const Graph file = net.Finish({picture, sum});
  const Resized resized = ResizeTo(file, {Shape{1, 20, 24, 3}, Shape()});
  ASSERT_TRUE(resized.graph.ok()) << resized.graph.status().message();
  EXPECT_THAT(IntsOf(*resized.graph, resized.graph->nodes[0].inputs[1]), ElementsAre(40, 48));
  EXPECT_EQ(resized.graph->nodes[1].inputs[1], shared);
  EXPECT_THAT(IntsOf(*resized.graph, shared), ElementsAre(32, 32));
  EXPECT_THAT(resized.notes, ElementsAre("node 0 RESIZE_NEAREST_NEIGHBOR 'RESIZE_NEAREST_NEIGHBOR0': sizes 32x32 -> "
                                         "40x48"));
}

TEST(ResizeGraphTest, AReshapeThatSplitsMergedAxesFollowsEachOfThem) {
  // As in attention: rows and columns are merged, worked on, and split again; on halved odd sizes.
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const int32_t h = (height + 1) / 2, w = (width + 1) / 2;
        const ValueId in = net.Input({1, height, width, 3});
        const ValueId tokens = net.Reshape(net.Conv(in, 3, 4, 2), {1, h * w, 4});
        const ValueId turned = net.Transpose(net.Op("SOFTMAX", {tokens}, {{0, 1}}), {0, 2, 1});
        return net.Finish({net.Transpose(net.Reshape(turned, {1, 4, h, w}), {0, 2, 3, 1})});
      },
      {{101, 75}, {64, 49}, {48, 64}, {32, 96}, {61, 3}});
}

TEST(ResizeGraphTest, AReshapeThatCutsAnAxisIntoBlocksKeepsTheBlocks) {
  const Writer write = [](int32_t height, int32_t width) {
    NetworkForTests net;
    const ValueId in = net.Input({1, height, width, 3});
    const ValueId cut = net.Reshape(in, {1, height / 8, 8, width / 8, 8, 3});
    const ValueId windows = net.Reshape(net.Transpose(cut, {0, 1, 3, 2, 4, 5}), {height / 8 * (width / 8), 64, 3});
    const ValueId back = net.Reshape(windows, {1, height / 8, width / 8, 8, 8, 3});
    return net.Finish({net.Reshape(net.Transpose(back, {0, 1, 3, 2, 4, 5}), {1, height, width, 3})});
  };
  ExpectFollows(write, {{128, 96}, {64, 96}, {96, 64}, {48, 64}, {16, 16}});
  const Resized odd = ResizeTo(write(64, 48), {Shape{1, 60, 48, 3}});
  ASSERT_FALSE(odd.graph.ok());
  EXPECT_THAT(odd.graph.status().message(), HasSubstr("node 0 RESHAPE 'RESHAPE0' at this picture size"));
}

TEST(ResizeGraphTest, AReshapeWhoseShapeStandsAmongItsOptionsFollowsAsWell) {
  const auto write = [](int64_t height, int64_t width) {
    NetworkForTests net;
    const ValueId in = net.Input({1, height, width, 3});
    const ValueId flat = net.Op("RESHAPE", {in}, {}, {{0, {1, height * width, 3}}});
    const ValueId rest = net.Op("RESHAPE", {flat}, {}, {{0, {-1, height, width, 3}}});
    return net.Finish({rest});
  };
  const Resized resized = ResizeTo(write(64, 48), {Shape{1, 101, 75, 3}});
  ASSERT_TRUE(resized.graph.ok()) << resized.graph.status().message();
  const Graph& graph = *resized.graph;
  EXPECT_EQ(graph.values[graph.nodes[0].outputs[0]].shape, Shape({1, 101 * 75, 3}));
  EXPECT_EQ(graph.values[graph.nodes[1].outputs[0]].shape, Shape({1, 101, 75, 3}));
  EXPECT_THAT(resized.notes, ElementsAre("node 0 RESHAPE 'RESHAPE0': sizes 1x3072x3 -> 1x7575x3",
                                         "node 1 RESHAPE 'RESHAPE1': sizes -1x64x48x3 -> -1x101x75x3"));
}

TEST(ResizeGraphTest, AReshapeThatMixesAxesIsRefusedByName) {
  // 64 x 48 rows and columns as 96 x 32: at another size nobody can say which is which.
  NetworkForTests net;
  const ValueId in = net.Input({1, 64, 48, 3});
  const Graph file = net.Finish({net.Reshape(net.Conv(in, 3, 3), {1, 96, 32, 3})});
  EXPECT_TRUE(ResizeTo(file, {Shape{1, 64, 48, 3}}).graph.ok());
  const Resized resized = ResizeTo(file, {Shape{1, 65, 48, 3}});
  ASSERT_FALSE(resized.graph.ok());
  EXPECT_EQ(resized.graph.status().message(),
            "node 1 RESHAPE 'RESHAPE1' at this picture size: shape 1x96x32x3 of 1x64x48x3 cannot follow an input of "
            "1x65x48x3");
}

TEST(ResizeGraphTest, ShapeArithmeticIsEvaluatedAtTheNewSize) {
  const Writer write = [](int32_t height, int32_t width) {
    NetworkForTests net;
    const ValueId in = net.Input({1, height, width, 3});
    const ValueId shape = net.Op("SHAPE", {net.Conv(in, 3, 4, 2)}, {}, {}, DType::kInt32);
    const ValueId plane =
        net.Op("STRIDED_SLICE", {shape, net.Ints({1}), net.Ints({3}), net.Ints({1})}, {}, {}, DType::kInt32);
    const ValueId twice = net.Op("MUL", {plane, net.Ints({2}, true)}, {}, {}, DType::kInt32);
    return net.Finish({net.Op("RESIZE_BILINEAR", {in, twice})});
  };
  ExpectFollows(write, {{101, 75}, {3, 1000}});
  EXPECT_THAT(ResizeTo(write(64, 48), {Shape{1, 101, 75, 3}}).notes, IsEmpty()) << "nothing needed rewriting";
}

TEST(ResizeGraphTest, SizesOfWhichOnlyTheBatchIsComputedFollowThePicture) {
  // What Keras writes for a transposed convolution and a reshape: the batch from SHAPE, the rest as numbers.
  const Writer write = [](int32_t height, int32_t width) {
    NetworkForTests net;
    const ValueId in = net.Input({1, height, width, 3});
    const ValueId shape = net.Op("SHAPE", {in}, {}, {}, DType::kInt32);
    const ValueId batch =
        net.Op("STRIDED_SLICE", {shape, net.Ints({0}), net.Ints({1}), net.Ints({1})}, {{4, 1}}, {}, DType::kInt32);
    const auto number = [&](int32_t n) { return net.Ints({n}, true); };
    const ValueId up_size =
        net.Op("PACK", {batch, number(height * 2), number(width * 2), number(3)}, {{0, 4}}, {}, DType::kInt32);
    const ValueId up = net.Op("TRANSPOSE_CONV", {up_size, net.Floats({3, 2, 2, 3}), in}, {{0, 0}, {1, 2}, {2, 2}});
    const ValueId flat_size =
        net.Op("PACK", {batch, number(height * width * 4), number(3)}, {{0, 3}}, {}, DType::kInt32);
    return net.Finish({net.Op("RESHAPE", {up, flat_size})});
  };
  const Resized resized = ResizeTo(write(64, 48), {Shape{1, 101, 75, 3}});
  ASSERT_TRUE(resized.graph.ok()) << resized.graph.status().message();
  EXPECT_EQ(resized.graph->values[resized.graph->outputs[0]].shape, Shape({1, 202 * 150, 3}));
  EXPECT_EQ(resized.notes.size(), 2u);
}

TEST(ResizeGraphTest, PlanesThatAreFilledFollowWhatTheyJoinOrThePicture) {
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const int32_t h = (height + 1) / 2, w = (width + 1) / 2;
        const ValueId in = net.Input({1, height, width, 3});
        const ValueId half = net.Conv(in, 3, 4, 2);
        const ValueId mean = net.Op("MEAN", {in, net.Ints({1, 2})}, {{0, 1}});
        const ValueId spread = net.Op("BROADCAST_TO", {mean, net.Ints({1, h, w, 3})});
        const ValueId ones = net.Op("FILL", {net.Ints({1, h, w, 1}), net.Floats({})});
        const ValueId tiled = net.Op("TILE", {mean, net.Ints({1, height, width, 1})});
        return net.Finish({net.Concat(net.Concat(half, spread, 3), ones, 3), net.Op("ADD", {in, tiled})});
      },
      {{101, 75}, {62, 49}});
}

TEST(ResizeGraphTest, APoolOverAllOfItsInputStaysOne) {
  const Writer write = [](int32_t height, int32_t width) {
    NetworkForTests net;
    const ValueId in = net.Input({1, height, width, 3});
    const auto pool = [&](ValueId v, double h, double w) {
      return net.Op("AVERAGE_POOL_2D", {v}, {{0, 1}, {1, w}, {2, h}, {3, w}, {4, h}});
    };
    const ValueId all = pool(in, height, width);
    return net.Finish({net.Op("ADD", {in, all}), pool(in, 4, 4)});
  };
  ExpectFollows(write, {{101, 75}, {20, 300}});
  EXPECT_THAT(ResizeTo(write(64, 48), {Shape{1, 101, 75, 3}}).notes,
              ElementsAre("node 0 AVERAGE_POOL_2D 'AVERAGE_POOL_2D0': over all of 1x64x48x3 -> of 1x101x75x3"));
}

TEST(ResizeGraphTest, NetworksExportedAsChannelsFirstFollow) {
  ExpectFollows(
      [](int32_t height, int32_t width) {
        NetworkForTests net;
        const ValueId in = net.Input({1, 3, height, width});
        const ValueId features = net.Conv(net.Transpose(in, {0, 2, 3, 1}), 3, 12);
        // A pixel shuffle by 2 as exporters write it without DEPTH_TO_SPACE.
        const ValueId split = net.Reshape(net.Transpose(features, {0, 3, 1, 2}), {1, 3, 2, 2, height, width});
        const ValueId woven = net.Transpose(split, {0, 1, 4, 2, 5, 3});
        return net.Finish({net.Reshape(woven, {1, 3, height * 2, width * 2})});
      },
      {{101, 75}, {48, 64}, {1, 1}}, 2);
}

TEST(ResizeGraphTest, ANetworkThatLeavesItsSizeOpenTakesAnySize) {
  // Exporters write 1 for an open size.
  NetworkForTests net;
  const ValueId in = net.Input({1, 1, 1, 3});
  const Graph file = net.Finish({net.Reshape(net.Reshape(in, {1, -1, 3}), {1, -1, 1, 3})});
  const Resized resized = ResizeTo(file, {Shape{1, 20, 30, 3}});
  ASSERT_TRUE(resized.graph.ok()) << resized.graph.status().message();
  EXPECT_EQ(resized.graph->values[resized.graph->outputs[0]].shape, Shape({1, 600, 1, 3}));
}

TEST(ResizeGraphTest, WrongShapesAreRefusedWithTheInput) {
  NetworkForTests net;
  const ValueId in = net.Input({1, 16, 16, 3});
  const Graph file = net.Finish({net.Conv(in, 3, 3)});
  EXPECT_THAT(ResizeTo(file, {Shape{16, 16, 3}}).graph.status().message(), HasSubstr("input 0 'input0' is 1x16x16x3"));
  EXPECT_THAT(ResizeTo(file, {Shape{1, 0, 16, 3}}).graph.status().message(), HasSubstr("asked for as 1x0x16x3"));
  EXPECT_THAT(ResizeTo(file, {Shape(), Shape()}).graph.status().message(), HasSubstr("2 input shapes given"));
  EXPECT_THAT(ResizeTo(file, {Shape{1, 16, 16, 4}}).graph.status().message(), HasSubstr("node 0 CONV_2D"));
}

}  // namespace
}  // namespace safelight
