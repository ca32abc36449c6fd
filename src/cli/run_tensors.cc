// SPDX-License-Identifier: Apache-2.0
#include "cli/run_tensors.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/process.h"
#include "cli/command.h"
#include "cli/delegate_flags.h"
#include "cli/run_files.h"
#include "safelight/npy.h"

namespace safelight {
namespace {

// The file of each input: by name, else `first` for the first that has none; states need none.
Result<std::vector<std::string>> InputFiles(const Model& model, const TensorFiles& files,
                                            const SessionOptions& options) {
  const std::vector<Port>& ports = model.inputs();
  std::vector<std::string> by_port(ports.size());
  for (const auto& [name, file] : files.inputs) {
    SL_ASSIGN(const int port, FindPort(ports, name, "input"));
    by_port[port] = file;
  }
  std::string first = files.first;
  for (size_t i = 0; i < ports.size(); ++i) {
    const bool is_state = std::any_of(options.states.begin(), options.states.end(),
                                      [&](const StateBinding& s) { return s.input == static_cast<int>(i); });
    if (is_state || !by_port[i].empty()) continue;
    if (first.empty()) {
      return InvalidArgument("input '", ports[i].name, "' ", ports[i].shape.ToString(),
                             " is needed; give it with --input ", ports[i].name, "=FILE.npy");
    }
    by_port[i] = std::move(first);
    first.clear();
  }
  if (!first.empty()) return InvalidArgument(first, ": no input of the network is left for this file");
  return by_port;
}

Result<std::vector<NpyArray>> ReadInputs(const Model& model, const std::vector<std::string>& files) {
  std::vector<NpyArray> arrays(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].empty()) continue;
    SL_ASSIGN(arrays[i], ReadNpy(files[i]));
    const Port& port = model.inputs()[i];
    if (arrays[i].dtype != port.dtype) {
      return InvalidArgument(files[i], ": holds ", DTypeName(arrays[i].dtype), ", input '", port.name, "' takes ",
                             DTypeName(port.dtype));
    }
  }
  return arrays;
}

// The file of each output that has one.
using OutputFiles = std::vector<std::pair<int, std::string>>;
Result<OutputFiles> NameOutputs(const Model& model, const TensorFiles& files, const std::vector<std::string>& read) {
  OutputFiles written;
  std::vector<std::string> paths;
  if (!files.output.empty()) written.emplace_back(0, files.output);
  for (const auto& [name, file] : files.outputs) {
    SL_ASSIGN(const int port, FindPort(model.outputs(), name, "output"));
    written.emplace_back(port, file);
  }
  for (const auto& [port, file] : written) {
    if (port >= static_cast<int>(model.outputs().size())) return InvalidArgument("the network has no outputs");
    SL_TRY(CheckTensorName(file));
    paths.push_back(file);
  }
  SL_TRY(CheckOutputs(paths, read));
  return written;
}

}  // namespace

Result<int> FindPort(const std::vector<Port>& ports, const std::string& name, const char* side) {
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == name || ports[i].metadata.name == name) return static_cast<int>(i);
  }
  char* end = nullptr;
  const long number = std::strtol(name.c_str(), &end, 10);
  if (!name.empty() && *end == '\0' && number >= 0 && number < static_cast<long>(ports.size()))
    return static_cast<int>(number);
  std::string known;
  for (const Port& port : ports) known += (known.empty() ? "" : ", ") + port.name;
  return NotFound("no ", side, " of the network is called '", name, "'; there are ", known);
}

Result<std::vector<StateBinding>> ParseStates(const Model& model, const std::vector<std::string>& pairs) {
  std::vector<StateBinding> states;
  for (const auto& [output, input] : ParsePairs(pairs)) {
    StateBinding state;
    SL_ASSIGN(state.output, FindPort(model.outputs(), output, "output"));
    SL_ASSIGN(state.input, FindPort(model.inputs(), input, "input"));
    states.push_back(state);
  }
  return states;
}

Status RunTensors(const Model& model, const TensorFiles& files, SessionOptions options) {
  SL_ASSIGN(std::vector<std::string> read, InputFiles(model, files, options));
  SL_ASSIGN(const std::vector<NpyArray> arrays, ReadInputs(model, read));
  read.push_back(model.path());
  SL_ASSIGN(const OutputFiles written, NameOutputs(model, files, read));
  std::vector<ConstTensorView> in;
  for (const NpyArray& array : arrays) {
    options.input_shapes.push_back(array.shape);
    in.push_back(array.view());
  }
  const auto begin = std::chrono::steady_clock::now();
  SL_ASSIGN(Session session, Session::Create(model, options));
  const auto compiled = std::chrono::steady_clock::now();
  for (const std::string& note : session.notes()) std::printf("%s\n", note.c_str());
  std::vector<std::vector<std::byte>> memory;
  std::vector<TensorView> results;
  for (const Port& port : session.outputs()) {
    TensorView view{port.dtype, port.shape, nullptr};
    memory.emplace_back(view.size_bytes() + 1);
    view.data = memory.back().data();
    results.push_back(view);
  }
  const auto start = std::chrono::steady_clock::now();
  SL_TRY(session.Run(in, results));
  PrintFailures(session.placement());
  const std::chrono::duration<double, std::milli> compile = compiled - begin;
  const std::chrono::duration<double, std::milli> run = std::chrono::steady_clock::now() - start;
  const std::vector<Shape> shapes = session.last_output_shapes();
  for (size_t i = 0; i < results.size(); ++i) results[i].shape = shapes[i];
  for (const auto& [port, file] : written) {
    SL_TRY(WriteNpy(file, results[port]));
    std::printf("%s %s -> %s\n", model.outputs()[port].name.c_str(), shapes[port].ToString().c_str(), file.c_str());
  }
  std::printf("compile %.1f ms, run %.1f ms, engine %s, peak of the process %s\n", compile.count(), run.count(),
              FormatBytes(session.memory_bytes()).c_str(), FormatBytes(PeakMemoryBytes()).c_str());
  return {};
}

}  // namespace safelight
