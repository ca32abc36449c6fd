/* SPDX-License-Identifier: Apache-2.0
 *
 * The C API of the runtime core, used by a C11 program: core MODEL, where MODEL is the built-in x3 upscaler.
 */
#include <stdlib.h>

#include "check.h"
#include "safelight/c_api.h"

/* Tensors of the upscaler for a picture of any size; exactly as large as they must be, so that a sanitizer sees
 * every element read or written beside them. */
typedef struct tensors {
  int64_t height, width;
  float* in;
  float* out;
  safelight_input input;
  safelight_output output;
} tensors;

static tensors make_tensors(int64_t height, int64_t width) {
  tensors made = {height, width, NULL, NULL, {NULL, 0}, {NULL, 0}};
  const size_t count = (size_t)(height * width * 3);
  made.in = malloc(count * sizeof(float));
  made.out = calloc(count * 9, sizeof(float));
  if (made.in == NULL || made.out == NULL) exit(3);
  for (size_t i = 0; i < count; ++i) made.in[i] = (float)(i * 37 % 101) / 100.0f;
  made.input.data = made.in;
  made.input.size_bytes = count * sizeof(float);
  made.output.data = made.out;
  made.output.size_bytes = count * 9 * sizeof(float);
  return made;
}
static void free_tensors(tensors* used) {
  free(used->in);
  free(used->out);
}
static safelight_status run_once(safelight_session* session, const tensors* used) {
  return safelight_session_run(session, &used->input, 1, &used->output, 1, NULL);
}
static int same_output(const tensors* a, const tensors* b) {
  return a->output.size_bytes == b->output.size_bytes && memcmp(a->out, b->out, a->output.size_bytes) == 0;
}
static safelight_shape picture_shape(int64_t height, int64_t width) {
  safelight_shape shape = {4, {1, height, width, 3, 0, 0, 0, 0}};
  return shape;
}

/* Options for one picture size; `shape` has to outlive them. */
static safelight_session_options options_for(const safelight_shape* shape) {
  safelight_session_options options;
  SAFELIGHT_INIT(options);
  options.input_shapes = shape;
  options.input_shape_count = 1;
  return options;
}

static void check_errors(const char* path) {
  safelight_model* model = NULL;
  CHECK(safelight_version() == SAFELIGHT_VERSION);
  CHECK_FAILS(safelight_model_open("none.tflite", &model), SAFELIGHT_NOT_FOUND, "none.tflite");
  CHECK_FAILS(safelight_model_from_bytes("TFL3", 4, "cut", &model), SAFELIGHT_CORRUPT_DATA, "cut: ");
  CHECK_FAILS(safelight_model_open(NULL, &model), SAFELIGHT_INVALID_ARGUMENT, "the path is NULL");
  CHECK(model == NULL);
  CHECK_FAILS(safelight_model_open(path, NULL), SAFELIGHT_INVALID_ARGUMENT, "is NULL");
  CHECK_FAILS(safelight_session_create(NULL, NULL, NULL), SAFELIGHT_INVALID_ARGUMENT, "the model is NULL");
  CHECK(safelight_model_input_count(NULL) == 0 && safelight_session_memory_bytes(NULL) == 0);
  safelight_model_free(NULL);
  safelight_session_free(NULL);
  safelight_pool_free(NULL);
}

static void check_ports(const safelight_model* model) {
  safelight_port port;
  SAFELIGHT_INIT(port);
  CHECK(safelight_model_input_count(model) == 1 && safelight_model_output_count(model) == 1);
  CHECK(safelight_model_input(model, 0, &port) == SAFELIGHT_OK);
  CHECK(port.struct_size == sizeof(port) && port.dtype == SAFELIGHT_FLOAT32 && strlen(port.name) > 0);
  CHECK(port.shape.rank == 4 && port.shape.dims[0] == 1 && port.shape.dims[3] == 3 && port.quant_count == 0);
  CHECK(port.size_bytes == sizeof(float) * (size_t)(port.shape.dims[1] * port.shape.dims[2] * 3));
  CHECK(strcmp(safelight_dtype_name((int32_t)port.dtype), "float32") == 0);
  CHECK(strcmp(safelight_dtype_name(-1), "unknown") == 0);
  CHECK_FAILS(safelight_model_input(model, 1, &port), SAFELIGHT_INVALID_ARGUMENT, "there is no input 1");
  /* A caller of a first version whose struct ended after dtype: nothing is written behind it. */
  struct {
    size_t struct_size;
    const char* name;
    int64_t dtype;
    size_t behind;
  } old = {offsetof(safelight_port, size_bytes), NULL, -1, 77};
  CHECK(safelight_model_output(model, 0, (safelight_port*)&old) == SAFELIGHT_OK);
  CHECK(old.dtype == SAFELIGHT_FLOAT32 && old.behind == 77);
}

/* Structs of callers of other versions. */
static void check_abi_rule(const safelight_model* model, const safelight_shape* shape) {
  safelight_session* session = NULL;
  struct {
    safelight_session_options known;
    int64_t later;
  } newer;
  memset(&newer, 0, sizeof(newer));
  newer.known = options_for(shape);
  newer.known.struct_size = sizeof(newer);
  CHECK(safelight_session_create(model, &newer.known, &session) == SAFELIGHT_OK);
  safelight_session_free(session);
  session = NULL;
  newer.later = 1;
  CHECK_FAILS(safelight_session_create(model, &newer.known, &session), SAFELIGHT_UNSUPPORTED, "does not know");
  newer.known.struct_size = 0;
  CHECK_FAILS(safelight_session_create(model, &newer.known, &session), SAFELIGHT_INVALID_ARGUMENT, "SAFELIGHT_INIT");
  /* An older caller: what it did not have counts as zero, whatever lies there. */
  safelight_session_options older = options_for(shape);
  older.struct_size = offsetof(safelight_session_options, states);
  older.state_count = 99;
  CHECK(safelight_session_create(model, &older, &session) == SAFELIGHT_OK);
  safelight_session_free(session);
}

static void check_options(const safelight_model* model, const safelight_shape* shape) {
  safelight_session* session = NULL;
  safelight_session_options options = options_for(shape);
  options.memory_limit_bytes = 1000;
  CHECK_FAILS(safelight_session_create(model, &options, &session), SAFELIGHT_RESOURCE_LIMIT, "KiB");
  options = options_for(shape);
  options.threads = 100000;
  CHECK_FAILS(safelight_session_create(model, &options, &session), SAFELIGHT_INVALID_ARGUMENT, "100000 threads");
  const safelight_state state = {0, 0};
  options = options_for(shape);
  options.states = &state;
  options.state_count = 1;
  CHECK_FAILS(safelight_session_create(model, &options, &session), SAFELIGHT_INVALID_ARGUMENT, "state binding");
  safelight_shape wrong = *shape;
  wrong.rank = 9;
  options = options_for(&wrong);
  CHECK_FAILS(safelight_session_create(model, &options, &session), SAFELIGHT_INVALID_ARGUMENT, "rank 9");
  wrong.rank = 2;
  CHECK(safelight_session_create(model, &options, &session) == SAFELIGHT_INVALID_ARGUMENT);
  CHECK(session == NULL);
}

/* Whatever the cut, the threads and where the memory is, the same bits. */
static void check_runs(const safelight_model* model, const safelight_shape* shape) {
  tensors first = make_tensors(shape->dims[1], shape->dims[2]);
  tensors second = make_tensors(shape->dims[1], shape->dims[2]);
  safelight_session* plain = NULL;
  safelight_session* cut = NULL;
  safelight_pool* pool = NULL;
  safelight_session_options options = options_for(shape);
  CHECK(safelight_session_create(model, &options, &plain) == SAFELIGHT_OK);
  CHECK(safelight_pool_create(3, &pool) == SAFELIGHT_OK);
  options.pool = pool;
  options.strip_rows = 2;
  options.block_columns = 16;
  CHECK(safelight_session_create(model, &options, &cut) == SAFELIGHT_OK);
  safelight_pool_free(pool); /* the session keeps it */
  CHECK(safelight_session_memory_bytes(plain) > 0 && safelight_session_memory_bytes(cut) > 0);
  CHECK(run_once(plain, &first) == SAFELIGHT_OK);
  CHECK(run_once(cut, &second) == SAFELIGHT_OK);
  CHECK(same_output(&first, &second));
  memset(first.out, 0, first.output.size_bytes);
  CHECK(run_once(cut, &first) == SAFELIGHT_OK && same_output(&first, &second));
  safelight_shape result;
  CHECK(safelight_session_output_shape(cut, 0, &result) == SAFELIGHT_OK);
  CHECK(result.rank == 4 && result.dims[1] == shape->dims[1] * 3 && result.dims[2] == shape->dims[2] * 3);
  --first.input.size_bytes;
  CHECK_FAILS(run_once(plain, &first), SAFELIGHT_INVALID_ARGUMENT, "bytes, float32");
  first.input.data = NULL;
  first.input.size_bytes = 0;
  CHECK_FAILS(run_once(plain, &first), SAFELIGHT_INVALID_ARGUMENT, "has no memory");
  CHECK_FAILS(safelight_session_run(plain, NULL, 0, NULL, 0, NULL), SAFELIGHT_INVALID_ARGUMENT, "0 inputs given");
  safelight_session_free(plain);
  safelight_session_free(cut);
  free_tensors(&first);
  free_tensors(&second);
}

static int32_t stop_at_the_third(void* user, double share) {
  int* calls = user;
  if (share < 0 || share > 1) *calls = 1000;
  return ++*calls == 3;
}

static void check_progress_and_resize(const safelight_model* model, const safelight_shape* shape) {
  tensors small = make_tensors(shape->dims[1], shape->dims[2]);
  tensors large = make_tensors(33, 40);
  safelight_session* session = NULL;
  safelight_session_options options = options_for(shape);
  CHECK(safelight_session_create(model, &options, &session) == SAFELIGHT_OK);
  safelight_run_options run;
  SAFELIGHT_INIT(run);
  int calls = 0;
  run.progress = stop_at_the_third;
  run.progress_user = &calls;
  CHECK_FAILS(safelight_session_run(session, &small.input, 1, &small.output, 1, &run), SAFELIGHT_CANCELLED,
              "cancelled");
  CHECK(calls == 3);
  safelight_shape next = picture_shape(33, 40);
  CHECK(safelight_session_resize(session, &next, 1) == SAFELIGHT_OK);
  safelight_port port;
  SAFELIGHT_INIT(port);
  CHECK(safelight_session_output(session, 0, &port) == SAFELIGHT_OK && port.shape.dims[1] == 99);
  CHECK(run_once(session, &large) == SAFELIGHT_OK);
  next.dims[3] = 5;
  CHECK(safelight_session_resize(session, &next, 1) != SAFELIGHT_OK);
  CHECK(safelight_session_resize(session, NULL, 1) == SAFELIGHT_INVALID_ARGUMENT);
  CHECK(run_once(session, &large) == SAFELIGHT_OK); /* as it was */
  safelight_session_reset_states(session);
  safelight_session_free(session);
  free_tensors(&small);
  free_tensors(&large);
}

static void check_bytes(const char* path, const safelight_shape* shape) {
  FILE* file = fopen(path, "rb");
  static char bytes[1 << 20];
  const size_t size_bytes = file == NULL ? 0 : fread(bytes, 1, sizeof(bytes), file);
  if (file != NULL) fclose(file);
  safelight_model *from_file = NULL, *from_bytes = NULL;
  safelight_session *a = NULL, *b = NULL;
  tensors first = make_tensors(shape->dims[1], shape->dims[2]), second = make_tensors(shape->dims[1], shape->dims[2]);
  const safelight_session_options options = options_for(shape);
  CHECK(safelight_model_open(path, &from_file) == SAFELIGHT_OK);
  CHECK(safelight_model_from_bytes(bytes, size_bytes, NULL, &from_bytes) == SAFELIGHT_OK);
  memset(bytes, 0, sizeof(bytes)); /* the model has its copy */
  CHECK(safelight_session_create(from_file, &options, &a) == SAFELIGHT_OK);
  CHECK(safelight_session_create(from_bytes, &options, &b) == SAFELIGHT_OK);
  safelight_model_free(from_file); /* sessions keep what they need */
  safelight_model_free(from_bytes);
  CHECK(run_once(a, &first) == SAFELIGHT_OK && run_once(b, &second) == SAFELIGHT_OK && same_output(&first, &second));
  safelight_session_free(a);
  safelight_session_free(b);
  free_tensors(&first);
  free_tensors(&second);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: core MODEL\n");
    return 2;
  }
  const safelight_shape shape = picture_shape(21, 27);
  safelight_model* model = NULL;
  check_errors(argv[1]);
  CHECK(safelight_model_open(argv[1], &model) == SAFELIGHT_OK);
  if (model != NULL) {
    check_ports(model);
    check_abi_rule(model, &shape);
    check_options(model, &shape);
    check_runs(model, &shape);
    check_progress_and_resize(model, &shape);
    check_bytes(argv[1], &shape);
  }
  safelight_model_free(model);
  return closing_line();
}
