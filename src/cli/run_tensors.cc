// SPDX-License-Identifier: Apache-2.0
#include "cli/run_tensors.h"

#include <glob.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/command.h"
#include "safelight/image.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;

Result<int> FindPort(const std::vector<Port>& ports, const std::string& name, const char* side) {
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == name) return static_cast<int>(i);
  }
  char* end = nullptr;
  const long number = std::strtol(name.c_str(), &end, 10);
  if (!name.empty() && *end == '\0' && number >= 0 && number < static_cast<long>(ports.size()))
    return static_cast<int>(number);
  std::string known;
  for (const Port& port : ports) known += (known.empty() ? "" : ", ") + port.name;
  return NotFound("no ", side, " of the network is called '", name, "'; there are ", known);
}

bool IsPicture(const fs::path& path) {
  std::string extension = path.extension().string();
  if (extension.empty()) return false;
  extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const std::vector<std::string> known = ImageExtensions();
  return std::find(known.begin(), known.end(), extension) != known.end();
}

Result<std::vector<NpyArray>> ReadInputs(const Model& model, const std::string& first,
                                         const std::map<std::string, std::string>& inputs,
                                         const SessionOptions& options) {
  std::vector<std::string> files(model.inputs().size());
  for (const auto& [name, file] : inputs) {
    SL_ASSIGN(const int port, FindPort(model.inputs(), name, "input"));
    files[port] = file;
  }
  if (!first.empty() && !files.empty() && files[0].empty()) files[0] = first;
  std::vector<NpyArray> arrays(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const bool state = std::any_of(options.states.begin(), options.states.end(),
                                   [&](const StateBinding& s) { return s.input == static_cast<int>(i); });
    if (state) continue;
    if (files[i].empty()) {
      return InvalidArgument("input '", model.inputs()[i].name, "' ", model.inputs()[i].shape.ToString(),
                             " is needed; give it with --input ", model.inputs()[i].name, "=FILE.npy");
    }
    SL_ASSIGN(arrays[i], ReadNpy(files[i]));
  }
  return arrays;
}

}  // namespace

Result<std::map<std::string, std::string>> ParsePairs(const std::vector<std::string>& pairs, const char* option) {
  std::map<std::string, std::string> parsed;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || equals == 0 || equals + 1 == pair.size()) {
      return InvalidArgument(option, " '", pair, "', must be name=file");
    }
    parsed[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return parsed;
}

Result<std::vector<StateBinding>> ParseStates(const Model& model, const std::vector<std::string>& pairs) {
  SL_ASSIGN(const auto parsed, ParsePairs(pairs, "--state"));
  std::vector<StateBinding> states;
  for (const auto& [output, input] : parsed) {
    StateBinding state;
    SL_ASSIGN(state.output, FindPort(model.outputs(), output, "output"));
    SL_ASSIGN(state.input, FindPort(model.inputs(), input, "input"));
    states.push_back(state);
  }
  return states;
}

Result<std::vector<std::string>> ExpandInputs(const std::vector<std::string>& inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    std::error_code error;
    if (fs::is_directory(input, error)) {
      const size_t before = files.size();
      for (const auto& entry : fs::directory_iterator(input, error)) {
        if (entry.is_regular_file(error) && IsPicture(entry.path())) files.push_back(entry.path().string());
      }
      if (files.size() == before) return NotFound(input, ": no pictures in this folder");
      std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
      continue;
    }
    if (fs::exists(input, error) || input.find_first_of("*?[") == input.npos) {
      files.push_back(input);
      continue;
    }
    glob_t matches{};
    const int found = glob(input.c_str(), 0, nullptr, &matches);
    for (size_t i = 0; found == 0 && i < matches.gl_pathc; ++i) files.emplace_back(matches.gl_pathv[i]);
    globfree(&matches);
    if (found != 0) return NotFound(input, ": matches no file");
  }
  return files;
}

Status RunTensors(const Model& model, const std::string& first, const std::string& out,
                  const std::map<std::string, std::string>& inputs, const std::map<std::string, std::string>& outputs,
                  SessionOptions options) {
  SL_ASSIGN(const std::vector<NpyArray> arrays, ReadInputs(model, first, inputs, options));
  std::vector<ConstTensorView> in;
  for (const NpyArray& array : arrays) {
    options.input_shapes.push_back(array.shape);
    in.push_back(array.view());
  }
  SL_ASSIGN(Session session, Session::Create(model, options));
  for (const std::string& note : session.plan().notes) std::printf("%s\n", note.c_str());
  std::vector<std::vector<std::byte>> memory;
  std::vector<TensorView> results;
  for (const Port& port : session.outputs()) {
    TensorView view{port.dtype, port.shape, nullptr};
    memory.emplace_back(view.size_bytes() + 1);
    view.data = memory.back().data();
    results.push_back(view);
  }
  SL_TRY(session.Run(in, results));
  const std::vector<Shape> shapes = session.last_output_shapes();
  for (size_t i = 0; i < results.size(); ++i) results[i].shape = shapes[i];
  if (!out.empty()) SL_TRY(WriteNpy(out, results[0]));
  for (const auto& [name, file] : outputs) {
    SL_ASSIGN(const int port, FindPort(model.outputs(), name, "output"));
    SL_TRY(WriteNpy(file, results[port]));
  }
  return {};
}

}  // namespace safelight
