// SPDX-License-Identifier: Apache-2.0
//
// Runs a network as a program that links the runtime core alone would: tensors of the file's own types in and out, both
// resident. Driven over pipes like peer_process.py: loads, compiles and runs once, writes the first output (as float32)
// and prints one line of JSON; then runs once for each line "run" of the standard input and prints the seconds; "end"
// prints the peak memory as JSON.
//
//   bench_runner --model FILE.tflite --input RAW --output RAW [--threads N] [--memory-limit BYTES] [--strip ROWS]
//   [--block COLUMNS]
//                [--arithmetic exact] [--simd AVX2] [--delegate NAME[,key:value...]] [--delegate-cache FOLDER]
#include <hwy/targets.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/status.h"
#include "safelight/session.h"

namespace {

using safelight::Result;
using safelight::Status;

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

using Options = std::map<std::string, std::string>;

long long Number(const Options& options, const char* name) {
  const auto found = options.find(name);
  return found == options.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

struct Tensors {
  std::vector<std::vector<std::byte>> memory;
  std::vector<safelight::ConstTensorView> inputs;
  std::vector<safelight::TensorView> outputs;
};

// The file holds the inputs one after another.
Status MakeTensors(const safelight::Session& session, const std::string& input, Tensors* tensors) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(input.c_str(), "rbe"), std::fclose);
  if (file == nullptr) return safelight::IoError(input, ": cannot be opened");
  const auto memory_of = [&](const safelight::Port& port) {
    const size_t bytes = static_cast<size_t>(port.shape.elements()) * safelight::DTypeSize(port.dtype);
    return tensors->memory.emplace_back(bytes).data();
  };
  for (const safelight::Port& port : session.inputs()) {
    std::byte* const values = memory_of(port);
    const size_t bytes = tensors->memory.back().size();
    if (std::fread(values, 1, bytes, file.get()) != bytes)
      return safelight::IoError(input, ": ends before input '", port.name, "'");
    tensors->inputs.emplace_back(port.dtype, port.shape, values);
  }
  for (const safelight::Port& port : session.outputs()) {
    tensors->outputs.push_back({port.dtype, port.shape, memory_of(port)});
  }
  return Status();
}

template <typename T>
void Copy(const safelight::TensorView& tensor, size_t begin, std::vector<float>* to) {
  const T* const values = static_cast<const T*>(tensor.data) + begin;
  std::copy(values, values + to->size(), to->begin());
}
bool CopyAsFloats(const safelight::TensorView& tensor, size_t begin, std::vector<float>* to) {
  switch (tensor.dtype) {
    case safelight::DType::kInt8: Copy<int8_t>(tensor, begin, to); return true;
    case safelight::DType::kUInt8: Copy<uint8_t>(tensor, begin, to); return true;
    case safelight::DType::kInt16: Copy<int16_t>(tensor, begin, to); return true;
    case safelight::DType::kFloat32: Copy<float>(tensor, begin, to); return true;
    default: return false;
  }
}

// In pieces: a copy of the whole would count as memory of the runtime.
Status WriteOutput(const std::string& path, const safelight::TensorView& output) {
  constexpr size_t kPiece = 4096;
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return safelight::IoError(path, ": cannot be written");
  const size_t count = static_cast<size_t>(output.shape.elements());
  bool written = count > 0;
  std::vector<float> values;
  for (size_t at = 0; at < count && written; at += values.size()) {
    values.resize(std::min(kPiece, count - at));
    written = CopyAsFloats(output, at, &values) &&
              std::fwrite(values.data(), sizeof(float), values.size(), file) == values.size();
  }
  return std::fclose(file) == 0 && written ? Status() : safelight::IoError(path, ": cannot be written");
}

Status LimitSimd(const std::string& name) {
  const auto all = hwy::SupportedTargets();
  for (auto left = all; left != 0; left &= left - 1) {
    const auto target = left & -left;
    if (name != hwy::TargetName(target)) continue;
    hwy::DisableTargets(target - 1);  // better ones have lower bits
    return Status();
  }
  return safelight::InvalidArgument("--simd ", name, ": this machine has no such instructions");
}

Status Serve(const Options& options) {
  const double start = Now();
  if (options.count("--simd") != 0) SL_TRY(LimitSimd(options.at("--simd")));
  SL_ASSIGN(const safelight::Model model, safelight::Model::Open(options.at("--model")));
  const double loaded = Now();
  safelight::SessionOptions session_options;
  session_options.threads = static_cast<int>(Number(options, "--threads"));
  session_options.memory_limit_bytes = Number(options, "--memory-limit");
  session_options.strip_rows = Number(options, "--strip");
  session_options.block_columns = Number(options, "--block");
  if (options.count("--arithmetic") != 0 && options.at("--arithmetic") == "exact")
    session_options.arithmetic = safelight::Arithmetic::kExact;
  if (options.count("--delegate") != 0) session_options.delegates.names = {options.at("--delegate")};
  if (options.count("--delegate-cache") != 0) session_options.delegates.cache_folder = options.at("--delegate-cache");
  SL_ASSIGN(safelight::Session session, safelight::Session::Create(model, session_options));
  const double compiled = Now();
  Tensors tensors;
  SL_TRY(MakeTensors(session, options.at("--input"), &tensors));
  const double filled = Now();
  SL_TRY(session.Run(tensors.inputs, tensors.outputs));
  const double ran = Now();
  SL_TRY(WriteOutput(options.at("--output"), tensors.outputs[0]));
  std::printf("{\"load_s\": %.6f, \"compile_s\": %.6f, \"first_s\": %.6f, \"interpreter_kib\": 0}\n", loaded - start,
              compiled - loaded, ran - filled);
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line) && line != "end") {
    const double before = Now();
    SL_TRY(session.Run(tensors.inputs, tensors.outputs));
    std::printf("%.6f\n", Now() - before);
    std::fflush(stdout);
  }
  const safelight::PlanReport plan = session.plan();
  std::printf(
      "{\"peak_kib\": %lld, \"plan_kib\": %lld, \"packed_weights_kib\": %lld, \"strip_rows\": %lld, \"blocks\": %lld, ",
      static_cast<long long>(safelight::PeakMemoryBytes() / 1024),
      static_cast<long long>(session.memory_bytes() / 1024), static_cast<long long>(plan.packed_weight_bytes / 1024),
      static_cast<long long>(plan.strip_rows), static_cast<long long>(plan.blocks));
  std::printf("\"phases\": %d, \"threads\": %d, \"team\": %d, \"halo_share\": %.4f, \"predicted_s\": %.6f}\n",
              plan.phases, plan.threads, plan.team, plan.halo_share, plan.predicted_seconds);
  return Status();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  for (const char* needed : {"--model", "--input", "--output"}) {
    if (options.count(needed) == 0) {
      std::fprintf(stderr, "bench_runner: %s is needed\n", needed);
      return 2;
    }
  }
  const Status status = Serve(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_runner: %s\n", status.message().c_str());
  return 1;
}
