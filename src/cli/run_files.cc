// SPDX-License-Identifier: Apache-2.0
#include "cli/run_files.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "safelight/image.h"

namespace safelight {
namespace {

namespace fs = std::filesystem;

bool IsPicture(const fs::path& path) {
  std::string extension = path.extension().string();
  if (extension.empty()) return false;
  extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const std::vector<std::string> known = ImageExtensions();
  return std::find(known.begin(), known.end(), extension) != known.end();
}

Status AddFolder(const std::string& folder, std::vector<std::string>* files) {
  const size_t before = files->size();
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (entry->is_regular_file(unreadable) && IsPicture(entry->path())) files->push_back(entry->path().string());
  }
  if (error) return IoError(folder, ": cannot read the folder: ", error.message());
  if (files->size() == before) return NotFound(folder, ": no pictures in this folder");
  std::sort(files->begin() + static_cast<std::ptrdiff_t>(before), files->end());
  return {};
}

Status AddGlob(const std::string& pattern, std::vector<std::string>* files) {
  glob_t matches{};
  const int found = glob(pattern.c_str(), 0, nullptr, &matches);
  for (size_t i = 0; found == 0 && i < matches.gl_pathc; ++i) files->emplace_back(matches.gl_pathv[i]);
  globfree(&matches);
  return found == 0 ? Status() : NotFound(pattern, ": matches no file");
}

// A file whatever name it goes by.
using Identity = std::pair<dev_t, ino_t>;

bool Identify(const std::string& path, struct stat* info, Identity* identity) {
  if (stat(path.c_str(), info) != 0) return false;
  *identity = {info->st_dev, info->st_ino};
  return true;
}

Status CheckOutput(const std::string& path, const std::set<Identity>& read) {
  struct stat info;
  Identity identity;
  if (Identify(path, &info, &identity)) {
    if (S_ISDIR(info.st_mode)) return InvalidArgument(path, ": is a folder");
    return read.contains(identity) ? InvalidArgument(path, ": the output is the input itself") : Status();
  }
  const std::string folder = fs::path(path).parent_path().string();
  if (stat(folder.empty() ? "." : folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  return NotFound(path, ": cannot write, the folder ", folder, " is missing");
}

}  // namespace

std::string PairError(const std::string& pair) {
  const size_t equals = pair.find('=');
  if (equals != pair.npos && equals != 0 && equals + 1 != pair.size()) return {};
  return Cat("'", pair, "', must be name=file");
}

std::map<std::string, std::string> ParsePairs(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> parsed;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    parsed[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return parsed;
}

bool IsNpy(const std::string& path) { return path.ends_with(".npy"); }

Status CheckTensorName(const std::string& path) {
  struct stat info;
  const bool is_device = stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
  if (IsNpy(path) || is_device) return {};
  return InvalidArgument(path, ": tensors are written as .npy files; pictures come of pictures");
}

Result<std::vector<std::string>> ExpandInputs(const std::vector<std::string>& inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    std::error_code error;
    if (fs::is_directory(input, error)) {
      SL_TRY(AddFolder(input, &files));
    } else if (fs::exists(input, error) || input.find_first_of("*?[") == input.npos) {
      files.push_back(input);
    } else {
      SL_TRY(AddGlob(input, &files));
    }
  }
  return files;
}

Result<std::vector<Job>> PlanJobs(const std::vector<std::string>& inputs, const std::string& output,
                                  const std::string& extension) {
  std::error_code error;
  const bool folder = fs::is_directory(output, error);
  if (!folder && output.ends_with('/')) return NotFound(output, ": no such folder");
  if (!folder && inputs.size() > 1) {
    return fs::exists(output, error) ? InvalidArgument(output, ": must be a folder for more than one input")
                                     : NotFound(output, ": no such folder; more than one input needs one");
  }
  std::vector<Job> jobs;
  std::map<std::string, std::string> written;
  for (const std::string& input : inputs) {
    if (!folder) return std::vector<Job>{{input, output}};
    const std::string path = (fs::path(output) / fs::path(input).stem()).string() + extension;
    const auto [at, is_new] = written.emplace(path, input);
    if (!is_new) return InvalidArgument(at->second, " and ", input, " would both become ", path);
    jobs.push_back({input, path});
  }
  return jobs;
}

Status CheckOutputs(const std::vector<std::string>& outputs, const std::vector<std::string>& read) {
  std::set<Identity> identities;
  struct stat info;
  Identity identity;
  for (const std::string& path : read) {
    if (Identify(path, &info, &identity)) identities.insert(identity);
  }
  std::set<std::string> written;
  for (const std::string& path : outputs) {
    SL_TRY(CheckOutput(path, identities));
    if (!written.insert(fs::path(path).lexically_normal().string()).second) {
      return InvalidArgument(path, ": two outputs would go to this file");
    }
  }
  return {};
}

}  // namespace safelight
