// SPDX-License-Identifier: Apache-2.0
#include "cli/model_size.h"

#include <cstdio>

namespace safelight {

Result<Size> ParseSize(const std::string& text) {
  Size size;
  char end = 0;
  const int read = std::sscanf(text.c_str(), "%lldx%lld%c", &size.width, &size.height, &end);
  if (read == 2 && size.width >= 1 && size.height >= 1) return size;
  return InvalidArgument("'", text, "', must be WIDTHxHEIGHT");
}

Result<std::vector<Shape>> ShapesFor(const Model& model, const std::string& text) {
  std::vector<Shape> shapes;
  if (text.empty()) return shapes;
  SL_ASSIGN(const Size size, ParseSize(text));
  const Shape picture = model.inputs().empty() ? Shape() : model.inputs()[0].shape;
  for (const Port& port : model.inputs()) {
    Shape shape = port.shape;
    if (shape.rank() == 4 && shape[1] == picture[1] && shape[2] == picture[2]) {
      const bool channels_first = shape[1] <= 4 && shape[3] > 4;
      shape[channels_first ? 2 : 1] = size.height;
      shape[channels_first ? 3 : 2] = size.width;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace safelight
