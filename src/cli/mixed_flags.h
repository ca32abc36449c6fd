// SPDX-License-Identifier: Apache-2.0
//
// Options of `safelight quantize --type mixed`, and what it has to say.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "safelight/mixed_precision.h"
#include "safelight/status.h"

namespace safelight {

class MixedFlags {
 public:
  // `this` must outlive the parsing.
  void AddTo(CLI::App& app);
  // What was given, into `mixed`. Errors when it was given without --type mixed.
  Status Apply(bool is_mixed, MixedOptions* mixed) const;
  // Where the report is to be written besides; empty: nowhere.
  const std::string& report() const { return report_; }

 private:
  std::string target_drop_, over_, truth_, cost_, report_;
  std::vector<std::string> types_;
  double float_psnr_ = 35;
  size_t pictures_ = 12;
  int64_t size_ = 288;
  std::vector<const CLI::Option*> given_;
};

// The table of layers, and quality against cost.
void PrintMixed(const MixedReport& report);
// A .csv or .json file.
Status CheckReportName(const std::string& path);
Status WriteMixedReport(const std::string& path, const MixedReport& report);

}  // namespace safelight
