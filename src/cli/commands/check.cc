// SPDX-License-Identifier: Apache-2.0
//
// safelight check: what delegates and chips take of a network, without the device.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "cli/command.h"
#include "cli/coverage_text.h"
#include "targets/coverage.h"

namespace safelight {
namespace {

struct Options {
  std::vector<std::string> models;
  std::vector<std::string> targets;
  bool json = false, markdown = false, details = false;
};

Status PrintTargets(const Options& options) {
  const std::vector<Target>& targets = BuiltinTargets();
  if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const Target& target : targets) list.push_back(ToJson(target));
    std::printf("%s\n", list.dump(1).c_str());
  } else {
    std::printf("%s", (options.markdown ? TargetsMarkdown(targets) : TargetsText(targets)).c_str());
  }
  return {};
}

Result<std::vector<Target>> ChosenTargets(const Options& options) {
  std::vector<Target> targets;
  for (const std::string& name : options.targets) {
    SL_ASSIGN(const std::vector<Target> found, FindTargets(name));
    targets.insert(targets.end(), found.begin(), found.end());
  }
  return targets;
}

// A model's own coverage, or what is wrong with it, named.
Result<ModelCoverage> CheckModel(const std::string& name, const std::vector<Target>& targets) {
  SL_ASSIGN(const std::string path, FindModel(name));
  SL_ASSIGN(const std::shared_ptr<MappedFile> file, MappedFile::Open(path));
  Result<CheckedFile> checked = CheckedFile::Open(file);
  if (!checked.ok()) return checked.status().With(path);
  ModelCoverage model;
  model.model = std::filesystem::path(path).stem().string();
  for (const Target& target : targets) model.coverage.push_back(checked->Check(target));
  return model;
}

void Print(const std::vector<ModelCoverage>& models, const std::vector<Target>& targets, const Options& options) {
  if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const ModelCoverage& model : models) {
      nlohmann::json coverage = nlohmann::json::array();
      for (const Coverage& of_target : model.coverage) coverage.push_back(ToJson(of_target));
      list.push_back({{"model", model.model}, {"targets", coverage}});
    }
    // Names are the file's, and need not be UTF-8.
    std::printf("%s\n", list.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  if (options.markdown) {
    std::printf("%s", MatrixMarkdown(models).c_str());
    return;
  }
  const bool one = models.size() == 1 && targets.size() == 1;
  if (!one) std::printf("%s", MatrixText(models, TerminalColumns()).c_str());
  if (!one && !options.details) return;
  bool first = one;
  for (const ModelCoverage& model : models) {
    for (size_t t = 0; t < targets.size(); ++t) {
      std::printf("%s%s", first ? "" : "\n", ReportText(model.model, targets[t], model.coverage[t]).c_str());
      first = false;
    }
  }
}

Status Run(const Options& options) {
  for (const std::string& target : options.targets) {
    if (target == "list") return PrintTargets(options);
  }
  SL_ASSIGN(const std::vector<Target> targets, ChosenTargets(options));
  if (options.models.empty()) return InvalidArgument("no model is given (--target list needs none)");
  std::vector<ModelCoverage> models;
  for (const std::string& name : options.models) {
    SL_ASSIGN(ModelCoverage model, CheckModel(name, targets));
    models.push_back(std::move(model));
  }
  Print(models, targets, options);
  return {};
}

std::function<Status()> Configure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->targets = {"all"};
  app.add_option("models", options->models, "one or more .tflite files or built-in models");
  app.add_option("--target", options->targets,
                 "a target, a family of them (nnapi), a target's .json file, all (default), or list")
      ->allow_extra_args(false);
  app.add_flag("--details", options->details, "below the matrix, the report of every pair");
  app.add_flag("--json", options->json, "print JSON");
  app.add_flag("--markdown", options->markdown, "print the matrix (or the list) as tables for a page");
  return [options] { return Run(*options); };
}

}  // namespace

extern const Command check_command;
const Command check_command{"check", "what delegates and chips take of a network, and why not the rest", Configure};

}  // namespace safelight
