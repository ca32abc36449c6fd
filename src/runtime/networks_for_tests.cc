// SPDX-License-Identifier: Apache-2.0
#include "runtime/networks_for_tests.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "formats/tflite/file_for_tests.h"

namespace safelight {
namespace {

constexpr int kMeanCode = 40, kSubCode = 41, kCumsumCode = 128;
constexpr int kReducerOptionsType = 27, kSubOptionsType = 28, kCumsumOptionsType = 102;

Model Open(const ModelForTests& file) {
  const std::vector<uint8_t> bytes = file.Bytes();
  Result<Model> model = Model::FromBytes(std::as_bytes(std::span(bytes)), "network for tests");
  if (!model.ok()) {
    ADD_FAILURE() << model.status().message();
    std::abort();
  }
  return *model;
}

NodeForTests Conv(int input, int weights, int bias, int output, int activation) {
  // Padding (0 is SAME), strides, activation.
  return {kConvCode,
          {input, weights, bias},
          {output},
          kConvOptionsType,
          {{0, 0, 1}, {1, 1, 4}, {2, 1, 4}, {3, activation, 1}}};
}

std::vector<float> Numbers(size_t count, unsigned seed) {
  std::vector<float> numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = static_cast<float>((i + seed) * 2654435761u % 1009) / 504.5f - 1.0f;
  return numbers;
}

}  // namespace

Model RowsNetwork(int height, int width) {
  ModelForTests file;
  const uint32_t first = file.AddBuffer(Numbers(size_t{4} * 9 * 2, 3)), first_bias = file.AddBuffer(Numbers(4, 5));
  const uint32_t second = file.AddBuffer(Numbers(size_t{2} * 9 * 4, 7)), second_bias = file.AddBuffer(Numbers(2, 9));
  file.main().tensors = {{"x", {1, height, width, 2}}, {"w1", {4, 3, 3, 2}, first},  {"b1", {4}, first_bias},
                         {"h", {1, height, width, 4}}, {"w2", {2, 3, 3, 4}, second}, {"b2", {2}, second_bias},
                         {"r", {1, height, width, 2}}, {"y", {1, height, width, 2}}};
  file.main().inputs = {0};
  file.main().outputs = {7};
  file.main().nodes = {Conv(0, 1, 2, 3, 1), Conv(3, 4, 5, 6, 0), {kAddCode, {0, 6}, {7}, kAddOptionsType, {{0, 0, 1}}}};
  return Open(file);
}

Model BarrierNetwork() {
  ModelForTests file;
  const uint32_t axes = file.AddBuffer<int32_t>({1, 2});
  file.main().tensors = {
      {"x", {1, 24, 10, 3}}, {"axes", {2}, axes, kInt32Type}, {"mean", {1, 1, 1, 3}}, {"y", {1, 24, 10, 3}}};
  file.main().inputs = {0};
  file.main().outputs = {3};
  file.main().nodes = {{kMeanCode, {0, 1}, {2}, kReducerOptionsType, {{0, 1, 1}}},
                       {kSubCode, {0, 2}, {3}, kSubOptionsType, {{0, 0, 1}}}};
  return Open(file);
}

Model WholeNetwork() {
  ModelForTests file;
  const uint32_t axis = file.AddBuffer<int32_t>({1});
  file.main().tensors = {
      {"x", {1, 16, 8, 2}}, {"axis", {1}, axis, kInt32Type}, {"h", {1, 16, 8, 2}}, {"y", {1, 16, 8, 2}}};
  file.main().inputs = {0};
  file.main().outputs = {3};
  file.main().nodes = {{kReluCode, {0}, {2}}, {kCumsumCode, {2, 1}, {3}, kCumsumOptionsType, {{0, 0, 1}}}};
  return Open(file);
}

Model StateNetwork() {
  ModelForTests file;
  file.main().tensors = {{"x", {1, 20, 6, 1}}, {"state", {1, 20, 6, 1}}, {"sum", {1, 20, 6, 1}}, {"y", {1, 20, 6, 1}}};
  file.main().inputs = {0, 1};
  file.main().outputs = {2, 3};
  file.main().nodes = {{kAddCode, {0, 1}, {2}, kAddOptionsType, {{0, 0, 1}}}, {kReluCode, {2}, {3}}};
  return Open(file);
}

RunMemory::RunMemory(const Session& session, unsigned seed) {
  for (const Port& port : session.inputs()) in.push_back(Numbers(static_cast<size_t>(port.shape.elements()), seed));
  for (const Port& port : session.outputs()) out.emplace_back(static_cast<size_t>(port.shape.elements()), -77.0f);
  for (size_t i = 0; i < in.size(); ++i) inputs.emplace_back(DType::kFloat32, session.inputs()[i].shape, in[i].data());
  for (size_t i = 0; i < out.size(); ++i) {
    outputs.push_back({DType::kFloat32, session.outputs()[i].shape, out[i].data()});
  }
}

std::vector<std::vector<float>> ResultOf(Session& session, unsigned seed) {
  RunMemory memory(session, seed);
  const Status status = memory.Run(session);
  EXPECT_TRUE(status.ok()) << status.message();
  return memory.out;
}

Session MustCreate(const Model& model, const SessionOptions& options) {
  Result<Session> session = Session::Create(model, options);
  if (!session.ok()) {
    ADD_FAILURE() << session.status().message();
    std::abort();
  }
  return std::move(session).value();
}

}  // namespace safelight
