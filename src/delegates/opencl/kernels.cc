// SPDX-License-Identifier: Apache-2.0
#include "delegates/opencl/kernels.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace safelight::opencl {
namespace {

struct File {
  const char* name;
  const char* text;
};
constexpr File kFiles[] = {
#include "opencl_kernels.inc"
};

bool IsNameLetter(char letter) { return std::isupper(static_cast<unsigned char>(letter)) != 0 || letter == '_'; }

// Without the comment that it begins with.
std::string_view Body(std::string_view text) {
  while (text.substr(0, 2) == "//") text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
  return text;
}

const char* LyingName(Lying lying) {
  switch (lying) {
    case Lying::kSlices: return "SLICES";
    case Lying::kImage: return "IMAGE";
    case Lying::kPacked: return "PACKED";
  }
  return "";
}

std::string Declare(Lying lying, const std::string& name, bool written) {
  const std::string place = Cat(name, ", int4 ", name, "_at");
  if (lying == Lying::kImage) return Cat(written ? "__write_only" : "__read_only", " image2d_t ", place);
  return Cat("__global ", written ? "" : "const ", lying == Lying::kPacked ? "float" : "STORED", "* ", place);
}

}  // namespace

Result<std::string> FillIn(const std::string& kernel, const Tokens& tokens) {
  const auto* file =
      std::find_if(std::begin(kFiles), std::end(kFiles), [&](const File& one) { return one.name == kernel; });
  if (file == std::end(kFiles)) return Internal("there is no kernel ", kernel);
  const std::string_view text = Body(file->text);
  std::string filled;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      filled += text[at++];
      continue;
    }
    size_t end = at + 1;
    while (end < text.size() && IsNameLetter(text[end])) ++end;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    const auto token = std::find_if(tokens.begin(), tokens.end(), [&](const auto& one) { return one.first == name; });
    if (token == tokens.end()) return Internal("kernel ", kernel, ": nothing stands for ", name);
    filled += token->second;
    at = end;
  }
  return filled;
}

Result<std::string> WriteKernel(const KernelParts& parts, bool half_values) {
  std::string arguments, defines, undefines;
  const auto add = [&](const std::string& one) { arguments += (arguments.empty() ? "" : ", ") + one; };
  for (size_t i = 0; i < parts.inputs.size(); ++i) {
    const std::string name = Cat("in", i), lying = LyingName(parts.inputs[i]);
    add(Declare(parts.inputs[i], name, false));
    defines += Cat("#define LOAD_", name, "(n, y, x, s) LOAD_", lying, "(", name, ", n, y, x, s)\n#define LOAD1_", name,
                   "(n, y, x, c) LOAD1_", lying, "(", name, ", n, y, x, c)\n");
    undefines += Cat("#undef LOAD_", name, "\n#undef LOAD1_", name, "\n");
  }
  for (const std::string& constant : parts.constants) add(constant);
  for (int i = 0; i < parts.numbers; ++i) add(Cat("int4 p", i));
  add(Declare(parts.output, "out", true));
  defines +=
      Cat("#define STORE_out(n, y, x, s, v, left) STORE_", LyingName(parts.output), "(out, n, y, x, s, v, left)\n");
  Tokens tokens = parts.tokens;
  tokens.emplace_back("PIXELS", Cat(parts.pixels));
  tokens.emplace_back("SLICES", "((made.z + 3) / 4)");
  SL_ASSIGN(const std::string head, FillIn(parts.head, tokens));
  // What the host gets is float32, and nothing of it is beyond that.
  const bool guarded = half_values && parts.output != Lying::kPacked;
  SL_ASSIGN(const std::string kernel, FillIn("kernel", {{"NAME", "$NAME"},
                                                        {"ARGUMENTS", arguments},
                                                        {"PIXELS", Cat(parts.pixels)},
                                                        {"SLICES", "((made.z + 3) / 4)"},
                                                        {"HEAD", head},
                                                        {"CHAIN", parts.chain},
                                                        {"LAST", parts.last},
                                                        {"GUARDED", guarded ? "1" : "0"}}));
  return defines + kernel + undefines + "#undef STORE_out\n";
}

Result<std::string> WritePreamble(bool half_values, bool half_sums) {
  return FillIn("preamble", {{"HALF_VALUES", half_values ? "1" : "0"}, {"HALF_SUMS", half_sums ? "1" : "0"}});
}

}  // namespace safelight::opencl
