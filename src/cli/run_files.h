// SPDX-License-Identifier: Apache-2.0
//
// What `safelight run` reads and where it writes, settled before anything is computed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"

namespace safelight {

// "name=file" pairs by name. The words were checked by PairError.
std::map<std::string, std::string> ParsePairs(const std::vector<std::string>& pairs);
// What is wrong with a pair; empty when nothing is.
std::string PairError(const std::string& pair);

bool IsNpy(const std::string& path);
// Tensors go to .npy files, or to a device whatever its name.
Status CheckTensorName(const std::string& path);

// Files, folders and quoted globs as a list of files, folders' pictures in order of their names. Errors: kNotFound
// names what matches nothing.
Result<std::vector<std::string>> ExpandInputs(const std::vector<std::string>& inputs);

// One file to read and the file to write.
struct Job {
  std::string input, output;
};
// `output` is a file for one input, or a folder, in which each result has its input's name and `extension`.
Result<std::vector<Job>> PlanJobs(const std::vector<std::string>& inputs, const std::string& output,
                                  const std::string& extension);

// What can be told of the outputs before the run: their folders are there, none is a file that is read, none is
// written twice.
Status CheckOutputs(const std::vector<std::string>& outputs, const std::vector<std::string>& read);

}  // namespace safelight
