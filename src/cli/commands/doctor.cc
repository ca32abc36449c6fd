// SPDX-License-Identifier: Apache-2.0
//
// safelight doctor: what this machine has that networks could run on.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/run_files.h"
#include "safelight/delegates.h"

namespace safelight {
namespace {

Status Run() {
  std::printf("%-12s %-10s %s\n", "delegate", "usable", "what it is");
  std::printf("%-12s %-10s %s\n", "cpu", "yes", "the row engine; takes every node");
  for (const DelegateListing& delegate : ListDelegates()) {
    std::printf("%-12s %-10s %s\n", delegate.name.c_str(), delegate.why_not.empty() ? "yes" : "no",
                delegate.summary.c_str());
    if (!delegate.why_not.empty()) std::printf("%-23s %s\n", "", delegate.why_not.c_str());
    if (!delegate.version.empty()) std::printf("%-23s version %s\n", "", delegate.version.c_str());
    for (const DelegateDevice& device : delegate.devices) {
      std::printf("%-23s device %s (%s)", "", device.name.c_str(), device.kind.c_str());
      if (device.memory_bytes > 0) std::printf(", memory %s", FormatBytes(device.memory_bytes).c_str());
      if (device.peak_flops > 0) std::printf(", peak %.0f GFLOP/s", device.peak_flops / 1e9);
      std::printf("\n");
    }
  }
  std::printf("TFLite external delegates are named by their .so\n");
  return {};
}

std::function<Status()> Configure(CLI::App&) { return Run; }

}  // namespace

extern const Command doctor_command;
const Command doctor_command{"doctor", "list the delegates and devices of this machine", Configure};

}  // namespace safelight
