// SPDX-License-Identifier: Apache-2.0
//
// Damages a model file: bits, bytes, words, cuts and transplants, the same for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace safelight {

// A whole model, and where in it something other than weights stands.
struct Specimen {
  std::vector<std::byte> bytes;
  using Ranges = std::vector<std::pair<size_t, size_t>>;  // [begin, end) of bytes
  Ranges structure;                                       // all but the elements of large tensors; never empty
  Ranges fields;  // numbers that the container's own verification lets pass: indices, sizes, options
};
// Elements of more than a handful of bytes are told apart from structure where the file is a sound container.
Specimen MakeSpecimen(std::span<const std::byte> bytes);

// One to eight mutations. Two times out of three they keep to the fields, so that more of the files get past
// the container's verification; else they go anywhere, mostly into the structure.
std::vector<std::byte> Mutate(const Specimen& specimen, std::mt19937_64& random);

}  // namespace safelight
