// SPDX-License-Identifier: Apache-2.0
//
// Engines beside the CPU's own: which there are, which are to be asked, and where every node ended up.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace safelight {

// What a delegate that knows several ways shall aim at; those that do not ignore it.
enum class Preference : uint8_t { kFastSingleAnswer, kSustainedSpeed, kLowPower };

// Engines beside the CPU's own.
struct DelegateChoice {
  // Asked for each node in this order: names of ListDelegates() or paths of TFLite external delegates, each with
  // options: "name,key:value,key:value". The CPU takes the rest; what stands behind "cpu" is not asked.
  // "auto": the CPU alone, each delegate of this machine and each one named before it are measured at the size to run,
  // for a few seconds; the fastest is taken, and kept in cache_folder ($XDG_CACHE_HOME/safelight by default) until the
  // network, the size, the options, a delegate's version or the machine is another. "auto,seconds:N" says how long.
  std::vector<std::string> names = {};
  // An error where a delegate cannot be opened, runs no node, does not compile or fails in a run. Otherwise the CPU
  // does its work, and notes() and placement() say so.
  bool require = false;
  int min_part_nodes = 1;  // smaller parts stay on the CPU
  int max_parts = 0;       // of each delegate; 0: any number
  Preference preference = Preference::kFastSingleAnswer;
  std::vector<std::string> exclusions = {};  // files of `safelight verify`: nodes that a delegate must not get
  std::string cache_folder = {};  // of compiled programs and of what "auto" found; empty: see there, and no programs
};

// Where a node of the file runs, and why not elsewhere.
struct NodePlacement {
  std::vector<int> file_nodes;
  std::string op;
  std::string name;                                               // of its first output
  std::string delegate = "cpu";                                   // where it was placed
  int part = -1;                                                  // nodes of one part run in one go; -1 on the CPU
  std::vector<std::pair<std::string, std::string>> why_not = {};  // delegates asked before, each with its reason
  // What the delegate said when it last failed in a run, which was the CPU's then. So are all that follow, but where
  // the delegate could be started again (the sentence says so).
  std::string failure = {};
};

// A device as a delegate sees it.
struct DelegateDevice {
  std::string name;          // as its driver calls it
  std::string kind;          // "cpu", "gpu", "npu", "unknown"
  int64_t memory_bytes = 0;  // 0: not known
  double peak_flops = 0;     // float32 operations a second; 0: not known
};

// One delegate of this build, on this machine.
struct DelegateListing {
  std::string name;
  std::string summary;
  std::string why_not;  // it cannot be used here; empty: it can
  std::string version;  // of its library and driver
  std::vector<DelegateDevice> devices;
};
// Opens every delegate and looks at its devices. TFLite external delegates are asked for by path and not listed.
std::vector<DelegateListing> ListDelegates();

}  // namespace safelight
