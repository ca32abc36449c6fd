// SPDX-License-Identifier: Apache-2.0
//
// The values between the layers of a network while pictures go through it: what ranges they have, how often integers
// lie on the ends of theirs, and how far those of two networks are apart.
//
// Each value is looked at whole, some hundred megabytes of them at a time; pictures run as often as that takes. Of
// pictures in tiles all tiles are seen, overlaps twice; compared is the last tile alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "safelight/model.h"
#include "safelight/picture.h"
#include "safelight/status.h"

namespace safelight {

struct ValueSeen {
  std::string name;
  std::string op;  // that makes it; empty for inputs
  int node = -1;   // of the file; -1 for inputs
  DType dtype = DType::kFloat32;
  Shape shape;  // at the file's own size
  QuantParams quant;
  double low = 0, high = 0;               // real numbers
  int64_t at_lowest = 0, at_highest = 0;  // integers on the ends of their type
  int64_t elements = 0;                   // seen in all
};

// The values of the file's network, in its order, over all pictures.
Result<std::vector<ValueSeen>> SeeValues(const Model& model, const std::vector<std::string>& pictures,
                                         const PictureOptions& options = {},
                                         const std::function<bool(size_t)>& progress = {});

struct ValueDifference {
  std::string name;
  std::string op;            // of the first network, that makes it
  int node = -1;             // of the first network
  Shape shape;               // at the file's own size
  double low = 0, high = 0;  // in the first network
  double squared_error = 0;  // mean
  double largest = 0;        // absolute
  int64_t differing = 0, elements = 0;
  bool last_tile = false;  // a picture ran in tiles: of it the last one was compared
  // 10 log10 of the squared range over the squared error; infinite where nothing differs.
  double Psnr() const;
};

// The values that both networks have under one name and shape, in the first one's order. Errors: kInvalidArgument when
// there are none.
Result<std::vector<ValueDifference>> CompareValues(const Model& first, const Model& second,
                                                   const std::vector<std::string>& pictures,
                                                   const PictureOptions& options = {},
                                                   const std::function<bool(size_t)>& progress = {});

}  // namespace safelight
