// SPDX-License-Identifier: Apache-2.0
//
// What targets take of networks, as texts: a report of one pair, a matrix of many, JSON, tables for a page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "targets/coverage.h"
#include "targets/target.h"

namespace safelight {

struct ModelCoverage {
  std::string model;               // as shown
  std::vector<Coverage> coverage;  // by target
};

// Columns of the terminal that the program writes to; 100 where it writes to none.
int TerminalColumns();

// Everything about one pair, for reading.
std::string ReportText(const std::string& model, const Target& target, const Coverage& coverage);
// Rows are models, columns are targets; wider than `columns` it is cut into blocks of targets.
std::string MatrixText(const std::vector<ModelCoverage>& models, int columns);
std::string MatrixMarkdown(const std::vector<ModelCoverage>& models);
std::string TargetsText(const std::vector<Target>& targets);
std::string TargetsMarkdown(const std::vector<Target>& targets);

nlohmann::json ToJson(const Coverage& coverage);
nlohmann::json ToJson(const Target& target);

}  // namespace safelight
