// SPDX-License-Identifier: Apache-2.0
//
// A network file, opened and checked.
//
// Opening maps the file, verifies every index, type and option in it, and infers shapes; it
// does not copy weights. A Model is a handle: copies share the file and the packed weights of
// all sessions made from it. Safe to use from several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "safelight/status.h"
#include "safelight/tensor.h"

namespace safelight {

// What the file's metadata says of an input or output; everything optional.
struct PortMetadata {
  std::string name;
  std::string description;
  std::string color_space;   // "RGB", "GRAYSCALE" or empty
  std::vector<float> means;  // stored = (value - mean) / std, per channel or one for all
  std::vector<float> stds;
  std::vector<float> minimums;
  std::vector<float> maximums;
};

// One input or output.
struct Port {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;      // at the file's own size (Model) or the session's size (Session)
  Shape signature;  // -1 where the file allows any size; rank 0 when it says nothing
  QuantParams quant;
  PortMetadata metadata;
};

struct NodeInfo {
  std::vector<int> file_nodes;  // the nodes of the file that this one does the work of
  std::string op;               // TFLite's spelling, "CONV_2D"
  std::string name;             // of its first output
  std::vector<int> inputs;      // node numbers in this list; -1 input of the graph; -2 constant
  std::vector<Shape> input_shapes;
  std::vector<Shape> output_shapes;
  DType dtype = DType::kFloat32;  // of its first output
  int64_t macs = 0;
  int64_t weight_bytes = 0;
};

class ModelImpl;

class Model {
 public:
  // Opens a .tflite file. Errors: kNotFound, kIoError, kCorruptData, kUnsupported (an op or
  // a type that safelight does not run, named by node).
  static Result<Model> Open(const std::string& path);
  // The same from memory, which is copied.
  static Result<Model> FromBytes(std::span<const std::byte> bytes, const std::string& name);

  const std::string& path() const;
  const std::string& description() const;
  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;
  // The nodes of the file at its own size.
  std::vector<NodeInfo> nodes() const;

  const std::shared_ptr<ModelImpl>& impl() const { return impl_; }

 private:
  friend class ModelImpl;
  explicit Model(std::shared_ptr<ModelImpl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<ModelImpl> impl_;
};

// Names of all ops that safelight runs, TFLite's spelling, sorted; with their builtin codes.
struct OpInfo {
  std::string name;
  int tflite_code;  // -1 for ops that only safelight's own passes make
  bool by_rows;     // has a kernel that runs on rows; otherwise runs on whole tensors
};
std::vector<OpInfo> ListOps();

}  // namespace safelight
