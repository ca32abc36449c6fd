// SPDX-License-Identifier: Apache-2.0
#include "imaging/recipe.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <optional>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace safelight {
namespace {

constexpr struct {
  ChannelOrder order;
  const char* name;
  int channels;
} kOrders[] = {
    {ChannelOrder::kRgb, "rgb", 3},   {ChannelOrder::kBgr, "bgr", 3}, {ChannelOrder::kRgba, "rgba", 4},
    {ChannelOrder::kGray, "gray", 1}, {ChannelOrder::kY, "y", 1},
};

int ChannelsOf(ChannelOrder order) { return kOrders[static_cast<int>(order)].channels; }

// A picture has one item, height and width, and one, three or four channels, last or second.
std::optional<PortRecipe> LooksLikePicture(const Port& port, int position) {
  const Shape& shape = port.shape;
  const auto is_channels = [](int64_t n) { return n == 1 || n == 3 || n == 4; };
  PortRecipe recipe;
  recipe.port = position;
  if (shape.rank() == 4 && shape[0] == 1 && is_channels(shape[3])) {
    recipe.channels = static_cast<int>(shape[3]);
  } else if (shape.rank() == 4 && shape[0] == 1 && is_channels(shape[1])) {
    recipe.axes = {2, 3, 1};
    recipe.channels = static_cast<int>(shape[1]);
  } else if (shape.rank() == 3 && is_channels(shape[2])) {
    recipe.axes = {0, 1, 2};
    recipe.channels = static_cast<int>(shape[2]);
  } else {
    return std::nullopt;
  }
  return recipe;
}

std::string ListPorts(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports) text += Cat(text.empty() ? "" : ", ", "'", port.name, "' ", port.shape.ToString());
  return text;
}

Result<PortRecipe> FindPort(const std::vector<Port>& ports, const std::string& wanted, const char* side) {
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!wanted.empty() && ports[i].name != wanted) continue;
    std::optional<PortRecipe> recipe = LooksLikePicture(ports[i], static_cast<int>(i));
    if (recipe.has_value()) return *recipe;
    if (!wanted.empty()) {
      return InvalidArgument(side, " '", wanted, "' is ", ports[i].shape.ToString(), ", which is not a picture");
    }
  }
  if (!wanted.empty()) return NotFound("no ", side, " is called '", wanted, "'; there are ", ListPorts(ports));
  return InvalidArgument("no ", side,
                         " of the network is a picture (1 x height x width x 1, 3 or 4 channels): ", ListPorts(ports),
                         "; give .npy files instead");
}

// Stored 0..255 (or -128..127) as real values: what uint8 and int8 networks take pictures as.
std::optional<ValueRange> RangeOfQuantization(const Port& port) {
  if (port.dtype != DType::kUInt8 && port.dtype != DType::kInt8) return std::nullopt;
  const double scale = port.quant.empty() ? 1.0 : port.quant.scales[0];
  const double zero = port.quant.zero_points.empty() ? 0.0 : static_cast<double>(port.quant.zero_points[0]);
  const double low = port.dtype == DType::kInt8 ? -128 : 0;
  return ValueRange{(low - zero) * scale, (low + 255 - zero) * scale};
}

// The metadata gives mean and std of 0..255 pixels: value = (pixel - mean) / std.
std::optional<ValueRange> RangeOfMetadata(const Port& port) {
  const PortMetadata& metadata = port.metadata;
  if (metadata.means.empty() || metadata.means.size() != metadata.stds.size()) return std::nullopt;
  if (metadata.stds[0] == 0) return std::nullopt;
  return ValueRange{(0 - metadata.means[0]) / metadata.stds[0], (255 - metadata.means[0]) / metadata.stds[0]};
}

void SetRange(PortRecipe* recipe, const ValueRange& range, const char* source) {
  recipe->range = range;
  recipe->range_source = source;
}

Status ReadRecipeSide(const toml::table& side, const std::string& file, PortRecipe* recipe) {
  if (const toml::array* range = side["range"].as_array()) {
    const std::optional<double> black = range->size() == 2 ? (*range)[0].value<double>() : std::nullopt;
    const std::optional<double> white = range->size() == 2 ? (*range)[1].value<double>() : std::nullopt;
    if (!black || !white || !std::isfinite(*black) || !std::isfinite(*white) || *black == *white) {
      return InvalidArgument(file, ": range must be two different numbers, the values of black and white");
    }
    SetRange(recipe, {*black, *white}, "recipe file");
  }
  if (const std::optional<std::string> name = side["channels"].value<std::string>()) {
    Result<ChannelOrder> order = ParseChannelOrder(*name);
    if (!order.ok()) return order.status().With(file);
    recipe->order = *order;
    recipe->order_source = "recipe file";
  }
  return {};
}

Status ApplyRecipeFile(const std::string& model_path, Recipe* recipe) {
  std::string file = model_path;
  const size_t dot = file.rfind('.');
  if (dot != std::string::npos && dot > file.find_last_of('/') + 1) file.resize(dot);
  file += ".recipe.toml";
  struct stat info;
  if (stat(file.c_str(), &info) != 0) return {};
  const toml::parse_result parsed = toml::parse_file(file);
  if (!parsed) {
    return CorruptData(file, ": line ", parsed.error().source().begin.line, ": ",
                       std::string(parsed.error().description()));
  }
  if (const toml::table* side = parsed["input"].as_table()) SL_TRY(ReadRecipeSide(*side, file, &recipe->input));
  if (const toml::table* side = parsed["output"].as_table()) SL_TRY(ReadRecipeSide(*side, file, &recipe->output));
  return {};
}

void FillRange(const Port& port, const char* option, const std::optional<ValueRange>& asked, PortRecipe* recipe) {
  if (asked.has_value()) SetRange(recipe, *asked, option);
  if (!recipe->range_source.empty()) return;
  if (const auto range = RangeOfMetadata(port)) return SetRange(recipe, *range, "metadata");
  if (const auto range = RangeOfQuantization(port)) return SetRange(recipe, *range, "quantization");
  SetRange(recipe, {0, 1}, "assumed");
}

Status FillOrder(const PictureOptions& options, const Port& port, PortRecipe* recipe) {
  if (options.channels.has_value() && ChannelsOf(*options.channels) == recipe->channels) {
    recipe->order = *options.channels;
    recipe->order_source = "--channels";
  }
  if (recipe->order_source.empty()) {
    recipe->order = recipe->channels == 3   ? ChannelOrder::kRgb
                    : recipe->channels == 4 ? ChannelOrder::kRgba
                                            : ChannelOrder::kY;
    recipe->order_source = "from the number of channels";
  }
  if (ChannelsOf(recipe->order) != recipe->channels) {
    return InvalidArgument("'", port.name, "' has ", recipe->channels, " channels, ", ChannelOrderName(recipe->order),
                           " (", recipe->order_source, ") has ", ChannelsOf(recipe->order));
  }
  return {};
}

Status CheckRange(const std::optional<ValueRange>& range, const char* what) {
  if (!range.has_value()) return {};
  if (std::isfinite(range->black) && std::isfinite(range->white) && range->black != range->white) return {};
  return InvalidArgument(what, " must be two different numbers, the values of black and white");
}

Status CheckOptions(const Model& model, const PictureOptions& options) {
  SL_TRY(CheckRange(options.input_range, "--range"));
  SL_TRY(CheckRange(options.output_range, "--output-range"));
  if (options.tile < 0) return InvalidArgument("a tile of ", options.tile, " pixels, must be at least 1");
  for (const ExtraInput& extra : options.extra_inputs) {
    const bool known = std::any_of(model.inputs().begin(), model.inputs().end(),
                                   [&](const Port& port) { return port.name == extra.name; });
    if (!known) {
      return NotFound("no input of the network is called '", extra.name, "'; there are ", ListPorts(model.inputs()));
    }
  }
  return {};
}

}  // namespace

Result<ChannelOrder> ParseChannelOrder(const std::string& name) {
  for (const auto& entry : kOrders) {
    if (name == entry.name) return entry.order;
  }
  return InvalidArgument("channels '", name, "', must be rgb, bgr, rgba, gray or y");
}

const char* ChannelOrderName(ChannelOrder order) { return kOrders[static_cast<int>(order)].name; }

Result<Recipe> FindRecipe(const Model& model, const PictureOptions& options) {
  Recipe recipe;
  SL_TRY(CheckOptions(model, options));
  SL_ASSIGN(recipe.input, FindPort(model.inputs(), "", "input"));
  SL_ASSIGN(recipe.output, FindPort(model.outputs(), options.output, "output"));
  SL_TRY(ApplyRecipeFile(model.path(), &recipe));
  const Port& in = model.inputs()[recipe.input.port];
  const Port& out = model.outputs()[recipe.output.port];
  FillRange(in, "--range", options.input_range, &recipe.input);
  // Networks give back what they take, unless something says otherwise.
  std::optional<ValueRange> out_range = options.output_range;
  if (!out_range && options.input_range) out_range = options.input_range;
  FillRange(out, options.output_range ? "--output-range" : "--range", out_range, &recipe.output);
  if (recipe.output.range_source == "assumed") SetRange(&recipe.output, recipe.input.range, "as the input");
  SL_TRY(FillOrder(options, in, &recipe.input));
  SL_TRY(FillOrder(options, out, &recipe.output));
  if (recipe.output.channels == 1 && recipe.output.order_source != "recipe file") {
    recipe.output.order = recipe.input.order == ChannelOrder::kY ? ChannelOrder::kY : ChannelOrder::kGray;
  }
  if (recipe.output.order_source == "from the number of channels" && recipe.output.channels == recipe.input.channels) {
    recipe.output.order = recipe.input.order;
  }
  return recipe;
}

std::vector<std::string> Recipe::Describe(const Model& model) const {
  const auto side = [](const char* name, const Port& port, const PortRecipe& recipe) {
    return Cat(name, " '", port.name, "': ", DTypeName(port.dtype), " ", ChannelOrderName(recipe.order), " (",
               recipe.order_source, "), black ", recipe.range.black, " white ", recipe.range.white, " (",
               recipe.range_source, ")");
  };
  return {side("input", model.inputs()[input.port], input), side("output", model.outputs()[output.port], output)};
}

}  // namespace safelight
