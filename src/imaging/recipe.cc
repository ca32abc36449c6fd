// SPDX-License-Identifier: Apache-2.0
#include "imaging/recipe.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "graph/limits.h"
#include "imaging/probe.h"
#include "runtime/model_impl.h"

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

constexpr const char* kByCount = "from the number of channels";

int ChannelsOf(ChannelOrder order) { return kOrders[static_cast<int>(order)].channels; }

// Networks of more than this many frames are taken for features.
constexpr int64_t kMaxFrames = 7;

// A picture has one item, height and width, and one, three or four channels, last or second. Several RGB pictures
// behind each other have 3 channels each.
std::optional<PortRecipe> LooksLikePicture(const Port& port, int position, bool several) {
  const Shape& shape = port.shape;
  const auto is_channels = [&](int64_t n) {
    return several ? n % 3 == 0 && n >= 6 && n <= 3 * kMaxFrames : n == 1 || n == 3 || n == 4;
  };
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
  if (several) {
    recipe.frames = recipe.channels / 3;
    recipe.channels = 3;
  }
  return recipe;
}

std::string ListPorts(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports) text += Cat(text.empty() ? "" : ", ", "'", port.name, "' ", port.shape.ToString());
  return text;
}

// `taken` says which ports stand for something else.
Result<PortRecipe> FindPort(const std::vector<Port>& ports, const std::string& wanted,
                            const std::function<bool(int)>& taken, const char* side) {
  const bool input = side == std::string("input");
  for (bool several : {false, true}) {
    if (several && !input) break;
    for (size_t i = 0; i < ports.size(); ++i) {
      const int port = static_cast<int>(i);
      if (wanted.empty() ? taken(port) : ports[i].name != wanted) continue;
      if (const auto recipe = LooksLikePicture(ports[i], port, several)) return *recipe;
      if (!wanted.empty()) {
        return InvalidArgument(side, " '", wanted, "' is ", ports[i].shape.ToString(), ", which is not a picture");
      }
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

// The ranges that networks are trained with, if the network clips its output to one, to within what rounding leaves.
std::optional<ValueRange> RangeOfLimits(const Model& model, int output) {
  const Graph& graph = model.impl()->own_size;
  const std::optional<Limits> limits = FindLimits(graph, graph.outputs[output]);
  if (!limits.has_value()) return std::nullopt;
  for (const ValueRange& usual : {ValueRange{0, 1}, ValueRange{-1, 1}, ValueRange{0, 255}, ValueRange{-0.5, 0.5}}) {
    const double slack = 0.01 * (usual.white - usual.black);
    if (std::abs(limits->low - usual.black) <= slack && std::abs(limits->high - usual.white) <= slack) return usual;
  }
  return std::nullopt;
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

// What the port itself says; nothing is assumed yet.
void FillRange(const Port& port, const char* option, const std::optional<ValueRange>& asked, PortRecipe* recipe) {
  if (asked.has_value()) SetRange(recipe, *asked, option);
  if (!recipe->range_source.empty()) return;
  if (const auto range = RangeOfMetadata(port)) return SetRange(recipe, *range, "metadata");
  if (const auto range = RangeOfQuantization(port)) SetRange(recipe, *range, "quantization");
}

// Networks give back what they take, unless something says otherwise.
void FillRanges(const Model& model, const PictureOptions& options, Recipe* recipe) {
  PortRecipe &in = recipe->input, &out = recipe->output;
  FillRange(model.inputs()[in.port], "--range", options.input_range, &in);
  FillRange(model.outputs()[out.port], "--output-range", options.output_range, &out);
  if (out.range_source.empty() && options.input_range) SetRange(&out, *options.input_range, "--range");
  if (out.range_source.empty()) {
    if (const auto range = RangeOfLimits(model, out.port)) SetRange(&out, *range, "the network's limits");
  }
  if (in.range_source.empty() && !out.range_source.empty()) SetRange(&in, out.range, "as the output");
  if (in.range_source.empty()) SetRange(&in, {0, 1}, "assumed; --range says otherwise");
  if (out.range_source.empty()) SetRange(&out, in.range, "as the input");
}

// Four channels that come out as three of twice the size are the colour filter of a sensor.
Status RefuseRaw(const Model& model, const PictureOptions& options, const Recipe& recipe) {
  const PortRecipe &in = recipe.input, &out = recipe.output;
  const Port &taken = model.inputs()[in.port], &made = model.outputs()[out.port];
  if (in.channels != 4 || out.channels != 3 || options.channels.has_value() || in.order_source == "recipe file") {
    return {};
  }
  if (made.shape[out.axes.height] != 2 * taken.shape[in.axes.height]) return {};
  return Unsupported("input '", taken.name, "' ", taken.shape.ToString(),
                     " takes raw sensor data (4 channels at half of the output's size), not a "
                     "photo; give a .npy file, or --channels rgba if it is a photo after all");
}

// The option speaks of the input; the output follows it where it can.
Status FillOrder(const PictureOptions& options, const Port& port, bool is_input, PortRecipe* recipe) {
  const bool says_rgb = port.metadata.color_space == "RGB" && recipe->channels == 3;
  const bool says_gray = port.metadata.color_space == "GRAYSCALE" && recipe->channels == 1;
  if (recipe->order_source.empty() && (says_rgb || says_gray)) {
    recipe->order = says_rgb ? ChannelOrder::kRgb : ChannelOrder::kGray;
    recipe->order_source = "metadata";
  }
  const bool fits = options.channels.has_value() && ChannelsOf(*options.channels) == recipe->channels;
  if (fits || (options.channels.has_value() && is_input)) {
    recipe->order = *options.channels;
    recipe->order_source = "--channels";
  }
  if (recipe->order_source.empty()) {
    recipe->order = recipe->channels == 3   ? ChannelOrder::kRgb
                    : recipe->channels == 4 ? ChannelOrder::kRgba
                                            : ChannelOrder::kY;
    recipe->order_source = kByCount;
  }
  if (ChannelsOf(recipe->order) != recipe->channels) {
    return InvalidArgument("'", port.name, "' has ", recipe->channels, " channels, ", ChannelOrderName(recipe->order),
                           " (", recipe->order_source, ") has ", ChannelsOf(recipe->order));
  }
  return {};
}

void TryOrders(const Model& model, const PictureOptions& options, Recipe* recipe) {
  const std::optional<ChannelOrder> order = ProbeOrder(model, options, *recipe);
  if (order != ChannelOrder::kBgr) return;
  recipe->input.order = recipe->output.order = *order;
  recipe->input.order_source = recipe->output.order_source = "tried: keeps hues better than rgb";
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
  std::vector<std::string> names;
  for (const ExtraInput& extra : options.extra_inputs) names.push_back(extra.name);
  for (const ExtraPicture& extra : options.extra_pictures) names.push_back(extra.name);
  for (const std::string& name : names) {
    const bool known =
        std::any_of(model.inputs().begin(), model.inputs().end(), [&](const Port& port) { return port.name == name; });
    if (!known) return NotFound("no input is called '", name, "'; there are ", ListPorts(model.inputs()));
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

Result<PortRecipe> RecipeOfOther(const Port& port, int position, const char* side, const PortRecipe& main) {
  std::optional<PortRecipe> recipe = LooksLikePicture(port, position, /*several=*/false);
  if (!recipe.has_value()) {
    return InvalidArgument(side, " '", port.name, "' is ", port.shape.ToString(),
                           ", which is not a picture; use a .npy file");
  }
  FillRange(port, "", {}, &*recipe);
  if (recipe->range_source.empty()) SetRange(&*recipe, main.range, "as the photo");
  recipe->order = recipe->channels == main.channels ? main.order
                  : recipe->channels == 3           ? ChannelOrder::kRgb
                  : recipe->channels == 4           ? ChannelOrder::kRgba
                                                    : ChannelOrder::kGray;
  recipe->order_source = "as the photo";
  return *recipe;
}

Result<Recipe> FindRecipe(const Model& model, const PictureOptions& options) {
  Recipe recipe;
  SL_TRY(CheckOptions(model, options));
  const std::vector<StateBinding>& states = options.session.states;
  const auto is_state = [&](bool input, int port) {
    return std::any_of(states.begin(), states.end(),
                       [&](const StateBinding& state) { return (input ? state.input : state.output) == port; });
  };
  SL_ASSIGN(recipe.input, FindPort(
                              model.inputs(), options.input, [&](int port) { return is_state(true, port); }, "input"));
  SL_ASSIGN(recipe.output,
            FindPort(
                model.outputs(), options.output, [&](int port) { return is_state(false, port); }, "output"));
  SL_TRY(ApplyRecipeFile(model.path(), &recipe));
  SL_TRY(RefuseRaw(model, options, recipe));
  const Port& in = model.inputs()[recipe.input.port];
  const Port& out = model.outputs()[recipe.output.port];
  FillRanges(model, options, &recipe);
  SL_TRY(FillOrder(options, in, true, &recipe.input));
  SL_TRY(FillOrder(options, out, false, &recipe.output));
  if (recipe.output.channels == 1 && recipe.output.order_source != "recipe file") {
    recipe.output.order = recipe.input.order == ChannelOrder::kY ? ChannelOrder::kY : ChannelOrder::kGray;
  }
  if (recipe.output.order_source == kByCount && recipe.output.channels == recipe.input.channels) {
    recipe.output.order = recipe.input.order;
  }
  const bool both_open = recipe.input.order_source == kByCount && recipe.output.order_source == kByCount;
  if (both_open && recipe.input.channels == 3 && recipe.output.channels == 3) TryOrders(model, options, &recipe);
  return recipe;
}

bool HasPictureOutput(const Model& model, const PictureOptions& options) {
  return !options.output.empty() || FindPort(
                                        model.outputs(), "", [](int) { return false; }, "output")
                                        .ok();
}

Result<Recipe> FindInputRecipe(const Model& model, const PictureOptions& options) {
  Recipe recipe;
  SL_TRY(CheckOptions(model, options));
  const std::vector<StateBinding>& states = options.session.states;
  const auto is_state = [&](int port) {
    return std::any_of(states.begin(), states.end(), [&](const StateBinding& state) { return state.input == port; });
  };
  SL_ASSIGN(recipe.input, FindPort(model.inputs(), options.input, is_state, "input"));
  SL_TRY(ApplyRecipeFile(model.path(), &recipe));
  const Port& port = model.inputs()[static_cast<size_t>(recipe.input.port)];
  FillRange(port, "--range", options.input_range, &recipe.input);
  if (recipe.input.range_source.empty()) SetRange(&recipe.input, {0, 1}, "assumed; --range says otherwise");
  SL_TRY(FillOrder(options, port, true, &recipe.input));
  return recipe;
}

std::vector<std::string> Recipe::Describe(const Model& model) const {
  const auto side = [](const char* name, const Port& port, const PortRecipe& recipe) {
    const std::string frames =
        recipe.frames == 1 ? ""
                           : Cat(recipe.frames, " frames, the newest last, the first standing for those before it; ");
    return Cat(name, " '", port.name, "': ", frames, DTypeName(port.dtype), " ", ChannelOrderName(recipe.order), " (",
               recipe.order_source, "), black ", recipe.range.black, " white ", recipe.range.white, " (",
               recipe.range_source, ")");
  };
  return {side("input", model.inputs()[input.port], input), side("output", model.outputs()[output.port], output)};
}

}  // namespace safelight
