// SPDX-License-Identifier: Apache-2.0
//
// Networks of several forms: int8, int16 and float nodes in one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quantize/layer_groups.h"
#include "quantize/network_for_tests.h"
#include "quantize/quantizer.h"

namespace safelight {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int kAddOptions = 11;
constexpr NodeForm k8 = NodeForm::kInt8, k16 = NodeForm::kInt16, kF = NodeForm::kFloat;

// a -> b -> ADD(a, b) -> c.
FileNetworkForTests Residual() {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 8, 8, 4};
  const int x = net.Input("x", shape);
  const int a = net.Conv(x, "a", 4, 4, shape, 1), b = net.Conv(a, "b", 4, 4, shape);
  const int sum = net.Node("ADD", {a, b}, net.Value("sum", shape), kAddOptions, {{0, 'b', 0}});
  net.main().outputs = FileList<int32_t>({net.Conv(sum, "c", 4, 4, shape)});
  return net;
}

// The numbers that the network is calibrated and compared on are those of RunFloat.
Result<QuantizedModel> Quantize(const FileTree& tree, const FinishTask& task, QuantizeOptions options = {}) {
  options.type = QuantizeType::kMixed;
  SL_ASSIGN(const std::unique_ptr<Quantizer> quantizer, Quantizer::Begin(ModelOf(tree), options));
  SL_ASSIGN(Session session,
            SessionImpl::CreateEdited(quantizer->model(), {.threads = 1}, quantizer->calibration().Taps()));
  std::mt19937 random(5);
  std::vector<float> in(static_cast<size_t>(session.inputs()[0].shape.elements()));
  for (float& x : in) x = static_cast<float>(random() % 2001) / 1000 - 1;
  const ConstTensorView from(DType::kFloat32, session.inputs()[0].shape, in.data());
  std::vector<Tensor> outputs;
  std::vector<TensorView> to;
  for (const Port& port : session.outputs()) outputs.emplace_back(port.dtype, port.shape);
  for (Tensor& output : outputs) to.push_back(output.view());
  SL_TRY(session.Run({&from, 1}, to));
  SL_TRY(quantizer->calibration().EndPicture());
  return quantizer->Finish(task);
}

FileTree TreeOf(const QuantizedModel& model) {
  Result<FileTree> tree = LoadFileTree(MappedFile::FromCopy(model.bytes));
  EXPECT_TRUE(tree.ok()) << tree.status().message();
  return std::move(tree).value();
}

// "CONV_2D int8": the op and the type of its first output.
std::vector<std::string> NodesOf(FileTree* tree) {
  FileNetwork network(tree);
  std::vector<std::string> nodes;
  for (int n = 0; n < network.num_nodes(); ++n) {
    const int type = network.tensor(network.node(n).outputs[0]).type;
    nodes.push_back(network.Op(n) + (type == kFileInt8 ? " int8" : type == kFileInt16 ? " int16" : " float"));
  }
  return nodes;
}

double WorstError(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0, range = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, static_cast<double>(std::abs(a[i] - b[i])));
    range = std::max(range, static_cast<double>(std::abs(b[i])));
  }
  return most / range;
}

TEST(IntegerForms, EachEdgeBetweenFormsConvertsOnce) {
  const FileNetworkForTests net = Residual();
  const Result<QuantizedModel> made = Quantize(net.tree, {{}, {}, {k8, k16, k16, k8}, {}});
  ASSERT_TRUE(made.ok()) << made.status().message();
  FileTree tree = TreeOf(*made);
  // `a` is read as int16 twice and rescaled once.
  EXPECT_THAT(NodesOf(&tree), ElementsAre("QUANTIZE int8", "CONV_2D int8", "QUANTIZE int16", "CONV_2D int16",
                                          "ADD int16", "QUANTIZE int8", "CONV_2D int8", "DEQUANTIZE float"));
  EXPECT_EQ(made->integer_nodes, 4);
  EXPECT_LT(WorstError(RunFloat(tree), RunFloat(net.tree)), 0.05);
}

TEST(IntegerForms, FloatNodesStandBetweenIntegers) {
  const FileNetworkForTests net = Residual();
  const Result<QuantizedModel> made = Quantize(net.tree, {{}, {}, {k16, kF, k16, kF}, {}});
  ASSERT_TRUE(made.ok()) << made.status().message();
  FileTree tree = TreeOf(*made);
  EXPECT_THAT(NodesOf(&tree), ElementsAre("QUANTIZE int16", "CONV_2D int16", "DEQUANTIZE float", "CONV_2D float",
                                          "QUANTIZE int16", "ADD int16", "DEQUANTIZE float", "CONV_2D float"));
  EXPECT_EQ(made->float_nodes, 2);
  EXPECT_THAT(made->notes, ::testing::Each(::testing::Not(HasSubstr("stays float"))));
  EXPECT_LT(WorstError(RunFloat(tree), RunFloat(net.tree)), 0.01);
}

TEST(IntegerForms, MoreInt16IsMoreExact) {
  const FileNetworkForTests net = Residual();
  const std::vector<float> expected = RunFloat(net.tree);
  double before = 1;
  for (const std::vector<NodeForm>& forms :
       std::vector<std::vector<NodeForm>>{{k8, k8, k8, k8}, {k16, k16, k16, k16}}) {
    const Result<QuantizedModel> made = Quantize(net.tree, {{}, {}, forms, {}});
    ASSERT_TRUE(made.ok()) << made.status().message();
    const double error = WorstError(RunFloat(TreeOf(*made)), expected);
    EXPECT_LT(error, before / 2);
    before = error;
  }
}

TEST(IntegerForms, Float16WeightsOfSomeFloatNodes) {
  const FileNetworkForTests net = Residual();
  const Result<QuantizedModel> made = Quantize(net.tree, {{}, {}, {k8, kF, k8, kF}, {false, true, false, false}});
  ASSERT_TRUE(made.ok()) << made.status().message();
  FileTree tree = TreeOf(*made);
  FileNetwork network(&tree);
  int halves = 0;
  for (int t = 0; t < network.num_tensors(); ++t) halves += network.tensor(t).type == kFileFloat16 ? 1 : 0;
  EXPECT_EQ(halves, 2);  // weights and bias of `b`
  EXPECT_LT(WorstError(RunFloat(tree), RunFloat(net.tree)), 0.05);
}

TEST(IntegerForms, AnOpWithoutTheFormStaysFloatAndIsNamed) {
  FileNetworkForTests net;
  const int x = net.Input("x", {1, 8, 8, 4});
  const int a = net.Conv(x, "a", 4, 4, {1, 8, 8, 4});
  const int d = net.Node("DEPTH_TO_SPACE", {a}, net.Value("d", {1, 16, 16, 1}), 94, {{0, 'i', 2}});
  net.main().outputs = FileList<int32_t>({net.Conv(d, "b", 1, 1, {1, 16, 16, 1})});
  const Result<QuantizedModel> made = Quantize(net.tree, {{}, {}, {k16, k16, k8}, {}});
  ASSERT_TRUE(made.ok()) << made.status().message();
  FileTree tree = TreeOf(*made);
  EXPECT_THAT(NodesOf(&tree), ElementsAre("QUANTIZE int16", "CONV_2D int16", "DEQUANTIZE float", "DEPTH_TO_SPACE float",
                                          "QUANTIZE int8", "CONV_2D int8", "DEQUANTIZE float"));
  EXPECT_THAT(made->notes, ::testing::Contains(HasSubstr("DEPTH_TO_SPACE 'd' stays float: TFLite has no int16 form")));
}

// A limit behind an int8 layer becomes the end of its range, also where an int16 layer reads it.
TEST(IntegerForms, LimitsGoIntoTheRangeOfTheirLayer) {
  FileNetworkForTests net;
  const std::vector<int32_t> shape = {1, 8, 8, 4};
  const int x = net.Input("x", shape);
  const int a = net.Conv(x, "a", 4, 4, shape);
  const int one = net.Constant("one", {}, std::vector<float>{1}),
            zero = net.Constant("zero", {}, std::vector<float>{0});
  const int low = net.Node("MAXIMUM", {a, zero}, net.Value("low", shape));
  const int limited = net.Node("MINIMUM", {low, one}, net.Value("limited", shape));
  net.main().outputs = FileList<int32_t>({net.Conv(limited, "b", 4, 4, shape)});
  const Result<QuantizedModel> made = Quantize(net.tree, {{}, {}, {k8, k8, k8, k16}, {}});
  ASSERT_TRUE(made.ok()) << made.status().message();
  FileTree tree = TreeOf(*made);
  EXPECT_THAT(NodesOf(&tree),
              ElementsAre("QUANTIZE int8", "CONV_2D int8", "QUANTIZE int16", "CONV_2D int16", "DEQUANTIZE float"));
  FileNetwork network(&tree);
  const int made_by_a = network.node(1).outputs[0];
  EXPECT_NEAR(network.tensor(made_by_a).quantization.scales[0], 1.0 / 255, 1e-7);
  EXPECT_LT(WorstError(RunFloat(tree), RunFloat(net.tree)), 0.05);
}

TEST(LayerGroups, FollowersBelongToTheLayerBeforeThem) {
  FileNetworkForTests net = Residual();
  FileNetwork network(&net.tree);
  const std::vector<LayerGroup> layers = FindLayerGroups(network);
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].name, "a");
  EXPECT_THAT(layers[1].nodes, ElementsAre(1, 2));  // and the sum
  EXPECT_EQ(layers[2].op, "CONV_2D");
  EXPECT_THAT(FindNeighbours(network, layers), ElementsAre(Pair(0, 1), Pair(1, 2)));
}

TEST(LayerGroups, ANetworkWithoutWeightsIsOneLayer) {
  FileNetworkForTests net;
  const int x = net.Input("x", {1, 8, 8, 4});
  const int r = net.Node("RELU", {x}, net.Value("r", {1, 8, 8, 4}));
  net.main().outputs = FileList<int32_t>({net.Node("TANH", {r}, net.Value("t", {1, 8, 8, 4}))});
  const std::vector<LayerGroup> layers = FindLayerGroups(FileNetwork(&net.tree));
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].name, "r");
  EXPECT_THAT(layers[0].nodes, ElementsAre(0, 1));
}

}  // namespace
}  // namespace safelight
