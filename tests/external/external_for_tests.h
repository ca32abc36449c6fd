// SPDX-License-Identifier: Apache-2.0
//
// Networks run with and without a TFLite external delegate.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "safelight/model.h"
#include "safelight/session.h"

namespace safelight {

inline std::string UpscalerPath() { return SAFELIGHT_CHECKOUT "/models/upscale_x3.tflite"; }

// One session, run as often as asked.
class RunForTests {
 public:
  // `delegate` empty: the CPU alone, with exact arithmetic.
  static Result<RunForTests> Create(const std::string& model_path, const std::vector<Shape>& shapes,
                                    const std::string& delegate, bool require = false) {
    Result<Model> model = Model::Open(model_path);
    if (!model.ok()) return model.status();
    SessionOptions options;
    options.threads = 2;
    options.arithmetic = Arithmetic::kExact;
    options.input_shapes = shapes;
    if (!delegate.empty()) options.delegates.names = {delegate};
    options.delegates.require = require;
    Result<Session> session = Session::Create(*model, options);
    if (!session.ok()) return session.status();
    return RunForTests(std::move(*session));
  }

  // Inputs from a seed; the first output's bytes.
  Result<std::vector<char>> Run(uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<std::vector<char>> inputs, outputs;
    std::vector<ConstTensorView> from;
    std::vector<TensorView> to;
    for (const Port& port : session_.inputs()) {
      std::vector<char>& data = inputs.emplace_back(Bytes(port));
      if (port.dtype == DType::kFloat32) {
        auto* values = reinterpret_cast<float*>(data.data());
        for (int64_t i = 0; i < port.shape.elements(); ++i) values[i] = static_cast<float>(random() % 1000) / 1000;
      } else {
        for (char& byte : data) byte = static_cast<char>(random() % 128);
      }
      from.push_back({port.dtype, port.shape, data.data()});
    }
    for (const Port& port : session_.outputs()) {
      to.push_back({port.dtype, port.shape, outputs.emplace_back(Bytes(port)).data()});
    }
    const Status status = session_.Run(from, to);
    if (!status.ok()) return status;
    std::vector<char> all;
    for (const std::vector<char>& output : outputs) all.insert(all.end(), output.begin(), output.end());
    return all;
  }

  int taken() const {
    int count = 0;
    for (const NodePlacement& node : session_.placement()) count += node.part >= 0 ? 1 : 0;
    return count;
  }
  // Why the CPU ran something after all: the delegate's notes and failures.
  std::string said() const {
    std::string text;
    for (const std::string& note : session_.notes()) {
      if (note.find("delegate ") != std::string::npos) text += note + "\n";
    }
    for (const NodePlacement& node : session_.placement()) {
      if (!node.failure.empty()) return text + node.failure + "\n";
    }
    return text;
  }
  std::string why_not(const std::string& op) const {
    for (const NodePlacement& node : session_.placement()) {
      if (node.op == op && !node.why_not.empty()) return node.why_not[0].second;
    }
    return "";
  }

 private:
  explicit RunForTests(Session session) : session_(std::move(session)) {}
  static std::vector<char> Bytes(const Port& port) {
    return std::vector<char>(static_cast<size_t>(port.shape.elements()) * DTypeSize(port.dtype));
  }
  Session session_;
};

inline double LargestDifference(const std::vector<char>& a, const std::vector<char>& b) {
  if (a.size() != b.size()) return INFINITY;
  const auto* x = reinterpret_cast<const float*>(a.data());
  const auto* y = reinterpret_cast<const float*>(b.data());
  double most = 0;
  for (size_t i = 0; i < a.size() / sizeof(float); ++i) {
    const double difference = std::abs(static_cast<double>(x[i]) - y[i]);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

}  // namespace safelight
