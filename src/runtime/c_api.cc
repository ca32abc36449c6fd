// SPDX-License-Identifier: Apache-2.0
#include "safelight/c_api.h"

#include <cstdio>

#include "base/thread_pool.h"
#include "runtime/c_support.h"
#include "tensor/tensor.h"

namespace safelight {
namespace {

static_assert(SAFELIGHT_INTERNAL == static_cast<int>(StatusCode::kInternal));
static_assert(SAFELIGHT_CANCELLED == static_cast<int>(StatusCode::kCancelled));
static_assert(SAFELIGHT_VARIANT == static_cast<int>(DType::kVariant));
static_assert(SAFELIGHT_INT8 == static_cast<int>(DType::kInt8) && SAFELIGHT_BOOL == static_cast<int>(DType::kBool));
static_assert(SAFELIGHT_MAX_RANK == Shape::kMaxRank);

// An array and no string: remembering an error needs no memory.
thread_local char last_error[2048] = "";

Status FindPort(const std::vector<Port>& ports, size_t index, const char* side, const Port** port) {
  if (index >= ports.size()) return InvalidArgument("there is no ", side, " ", index, ", there are ", ports.size());
  *port = &ports[index];
  return {};
}

safelight_status GivePort(const std::vector<Port>* ports, size_t index, const char* side, safelight_port* to) {
  return CCall([&]() -> Status {
    if (ports == nullptr) return InvalidArgument("the model or session is NULL");
    const Port* port = nullptr;
    SL_TRY(FindPort(*ports, index, side, &port));
    safelight_port filled{};
    filled.name = port->name.c_str();
    filled.dtype = static_cast<int64_t>(port->dtype);
    filled.size_bytes = static_cast<size_t>(TensorBytes(port->dtype, port->shape));
    filled.shape = ShapeToC(port->shape);
    filled.signature = ShapeToC(port->signature);
    filled.quant_scales = port->quant.scales.data();
    filled.quant_zero_points = port->quant.zero_points.data();
    filled.quant_count = std::min(port->quant.scales.size(), port->quant.zero_points.size());
    filled.quant_axis = port->quant.axis;
    return GiveStruct(filled, to, "the port to fill");
  });
}

Status CheckCount(size_t given, size_t wanted, const char* side) {
  if (given == wanted) return {};
  return InvalidArgument(given, " ", side, " given, the network has ", wanted);
}

// A view at a port's shape on the caller's memory, whose size has to be right.
template <typename View, typename Memory>
Status BindMemory(const Port& port, const Memory& memory, const char* side, View* view) {
  view->data = memory.data;
  if (memory.data == nullptr && memory.size_bytes == 0) return {};  // a state, or refused by the session
  if (memory.size_bytes == view->size_bytes()) return {};
  return InvalidArgument(side, " '", port.name, "' is given ", memory.size_bytes, " bytes, ", DTypeName(port.dtype),
                         " ", port.shape.ToString(), " takes ", view->size_bytes());
}

// One view a port, at its shape; Run fills in the pointers.
void MakeViews(safelight_session* session) {
  session->inputs.clear();
  session->outputs.clear();
  for (const Port& port : session->session.inputs()) session->inputs.emplace_back(port.dtype, port.shape, nullptr);
  for (const Port& port : session->session.outputs()) session->outputs.push_back({port.dtype, port.shape, nullptr});
}

Status RunSession(safelight_session* session, const safelight_input* inputs, size_t input_count,
                  const safelight_output* outputs, size_t output_count, const safelight_run_options* options) {
  SL_TRY(CheckPointer(session, "the session"));
  SL_TRY(CheckCount(input_count, session->inputs.size(), "inputs"));
  SL_TRY(CheckCount(output_count, session->outputs.size(), "outputs"));
  if (input_count > 0) SL_TRY(CheckPointer(inputs, "the list of inputs"));
  if (output_count > 0) SL_TRY(CheckPointer(outputs, "the list of outputs"));
  SL_ASSIGN(const safelight_run_options taken, TakeStruct(options, "the run options"));
  for (size_t i = 0; i < input_count; ++i) {
    SL_TRY(BindMemory(session->session.inputs()[i], inputs[i], "input", &session->inputs[i]));
  }
  for (size_t i = 0; i < output_count; ++i) {
    SL_TRY(BindMemory(session->session.outputs()[i], outputs[i], "output", &session->outputs[i]));
  }
  return session->session.Run(session->inputs, session->outputs, {ProgressFromC(taken)});
}

Result<std::vector<Shape>> ShapesFromC(const safelight_shape* shapes, size_t count) {
  std::vector<Shape> taken;
  if (count > 0) SL_TRY(CheckPointer(shapes, "the list of input shapes"));
  for (size_t i = 0; i < count; ++i) {
    SL_ASSIGN(const Shape shape, ShapeFromC(shapes[i]));
    taken.push_back(shape);
  }
  return taken;
}

}  // namespace

safelight_status RememberError(StatusCode code, const char* sentence) noexcept {
  std::snprintf(last_error, sizeof(last_error), "%s", sentence);
  return static_cast<safelight_status>(code);
}

Result<Shape> ShapeFromC(const safelight_shape& shape) {
  if (shape.rank < 0 || shape.rank > SAFELIGHT_MAX_RANK) {
    return InvalidArgument("a shape of rank ", shape.rank, ", must be 0 to ", SAFELIGHT_MAX_RANK);
  }
  return Shape(std::span<const int64_t>(shape.dims, static_cast<size_t>(shape.rank)));
}

safelight_shape ShapeToC(const Shape& shape) {
  safelight_shape result{};
  result.rank = shape.rank();
  for (int axis = 0; axis < shape.rank(); ++axis) result.dims[axis] = shape[axis];
  return result;
}

Result<SessionOptions> SessionOptionsFromC(const safelight_session_options* given) {
  SL_ASSIGN(const safelight_session_options taken, TakeStruct(given, "the session options"));
  SessionOptions options;
  if (taken.threads < 0 || taken.threads > kMostThreads) {
    return InvalidArgument("session options: ", taken.threads, " threads, must be 0 to ", kMostThreads);
  }
  options.threads = static_cast<int>(taken.threads);
  if (taken.pool != nullptr) options.pool = taken.pool->pool;
  options.arithmetic = taken.exact_arithmetic != 0 ? Arithmetic::kExact : Arithmetic::kByType;
  options.strip_rows = taken.strip_rows;
  options.block_columns = taken.block_columns;
  options.memory_limit_bytes = taken.memory_limit_bytes;
  SL_ASSIGN(options.input_shapes, ShapesFromC(taken.input_shapes, taken.input_shape_count));
  if (taken.state_count > 0) SL_TRY(CheckPointer(taken.states, "the list of states"));
  for (size_t i = 0; i < taken.state_count; ++i) {
    options.states.push_back({taken.states[i].output, taken.states[i].input});
  }
  return options;
}

std::function<bool(double)> ProgressFromC(const safelight_run_options& options) {
  if (options.progress == nullptr) return {};
  // One pointer, which std::function holds without memory of its own.
  return [given = &options](double share) { return given->progress(given->progress_user, share) == 0; };
}

}  // namespace safelight

using namespace safelight;

const char* safelight_last_error(void) { return last_error; }
int32_t safelight_version(void) { return SAFELIGHT_VERSION; }

const char* safelight_dtype_name(int32_t dtype) {
  return dtype >= 0 && dtype <= SAFELIGHT_VARIANT ? DTypeName(static_cast<DType>(dtype)) : "unknown";
}

safelight_status safelight_model_open(const char* path, safelight_model** model) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(path, "the path"));
    SL_TRY(CheckPointer(model, "the place for the model"));
    SL_ASSIGN(Model opened, Model::Open(path));
    *model = new safelight_model{std::move(opened)};
    return {};
  });
}

safelight_status safelight_model_from_bytes(const void* bytes, size_t size_bytes, const char* name,
                                            safelight_model** model) {
  return CCall([&]() -> Status {
    if (size_bytes > 0) SL_TRY(CheckPointer(bytes, "the file in memory"));
    SL_TRY(CheckPointer(model, "the place for the model"));
    const std::span<const std::byte> file(static_cast<const std::byte*>(bytes), size_bytes);
    SL_ASSIGN(Model opened, Model::FromBytes(file, name != nullptr ? name : "model in memory"));
    *model = new safelight_model{std::move(opened)};
    return {};
  });
}

void safelight_model_free(safelight_model* model) { delete model; }

size_t safelight_model_input_count(const safelight_model* model) {
  return model == nullptr ? 0 : model->model.inputs().size();
}
size_t safelight_model_output_count(const safelight_model* model) {
  return model == nullptr ? 0 : model->model.outputs().size();
}
safelight_status safelight_model_input(const safelight_model* model, size_t index, safelight_port* port) {
  return GivePort(model == nullptr ? nullptr : &model->model.inputs(), index, "input", port);
}
safelight_status safelight_model_output(const safelight_model* model, size_t index, safelight_port* port) {
  return GivePort(model == nullptr ? nullptr : &model->model.outputs(), index, "output", port);
}

safelight_status safelight_pool_create(int32_t threads, safelight_pool** pool) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(pool, "the place for the pool"));
    if (threads < 0) return InvalidArgument("a pool of ", threads, " threads, must be at least 1, or 0");
    *pool = new safelight_pool{MakeThreadPool(threads)};
    return {};
  });
}
void safelight_pool_free(safelight_pool* pool) { delete pool; }

safelight_status safelight_session_create(const safelight_model* model, const safelight_session_options* options,
                                          safelight_session** session) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(model, "the model"));
    SL_TRY(CheckPointer(session, "the place for the session"));
    SL_ASSIGN(const SessionOptions taken, SessionOptionsFromC(options));
    SL_ASSIGN(Session created, Session::Create(model->model, taken));
    auto handle = std::make_unique<safelight_session>(safelight_session{std::move(created)});
    MakeViews(handle.get());
    *session = handle.release();
    return {};
  });
}

void safelight_session_free(safelight_session* session) { delete session; }

size_t safelight_session_input_count(const safelight_session* session) {
  return session == nullptr ? 0 : session->inputs.size();
}
size_t safelight_session_output_count(const safelight_session* session) {
  return session == nullptr ? 0 : session->outputs.size();
}
safelight_status safelight_session_input(const safelight_session* session, size_t index, safelight_port* port) {
  return GivePort(session == nullptr ? nullptr : &session->session.inputs(), index, "input", port);
}
safelight_status safelight_session_output(const safelight_session* session, size_t index, safelight_port* port) {
  return GivePort(session == nullptr ? nullptr : &session->session.outputs(), index, "output", port);
}

safelight_status safelight_session_run(safelight_session* session, const safelight_input* inputs, size_t input_count,
                                       const safelight_output* outputs, size_t output_count,
                                       const safelight_run_options* options) {
  return CCall([&] { return RunSession(session, inputs, input_count, outputs, output_count, options); });
}

safelight_status safelight_session_output_shape(const safelight_session* session, size_t index,
                                                safelight_shape* shape) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(session, "the session"));
    SL_TRY(CheckPointer(shape, "the shape to fill"));
    const Port* port = nullptr;
    SL_TRY(FindPort(session->session.outputs(), index, "output", &port));
    *shape = ShapeToC(session->session.last_output_shapes()[index]);
    return {};
  });
}

safelight_status safelight_session_resize(safelight_session* session, const safelight_shape* input_shapes,
                                          size_t input_shape_count) {
  return CCall([&]() -> Status {
    SL_TRY(CheckPointer(session, "the session"));
    SL_ASSIGN(const std::vector<Shape> shapes, ShapesFromC(input_shapes, input_shape_count));
    SL_TRY(session->session.Resize(shapes));
    MakeViews(session);
    return {};
  });
}

void safelight_session_reset_states(safelight_session* session) {
  if (session != nullptr) session->session.ResetStates();
}

int64_t safelight_session_memory_bytes(const safelight_session* session) {
  return session == nullptr ? 0 : session->session.memory_bytes();
}
