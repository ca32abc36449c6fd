// SPDX-License-Identifier: Apache-2.0
//
// safelight ops: what can be run.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.h"

namespace safelight {
namespace {

Status Run() {
  std::printf("%-34s %5s  %s\n", "op", "code", "runs");
  for (const OpInfo& op : ListOps()) {
    std::printf("%-34s %5d  %s\n", op.name.c_str(), op.tflite_code, op.by_rows ? "by rows" : "whole");
  }
  return {};
}

std::function<Status()> Configure(CLI::App&) { return Run; }

}  // namespace

extern const Command ops_command;
const Command ops_command{"ops", "list the ops that safelight runs", Configure};

}  // namespace safelight
