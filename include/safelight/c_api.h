/* SPDX-License-Identifier: Apache-2.0
 *
 * safelight for C and for everything that can call C: models and sessions. Needs the runtime core
 * alone; pictures are in c_picture.h.
 *
 * The ABI rule. What was compiled against this header runs with every later library of the same
 * major version:
 *  - objects are opaque; who creates one frees it, and freeing NULL does nothing;
 *  - structs that may grow begin with struct_size, which SAFELIGHT_INIT sets. Fields are only
 *    appended; a field that the caller's struct does not have yet counts as zero, and zero means
 *    "as usual". A field that this library does not know yet must be zero, else the call fails.
 *    Structs without struct_size never change;
 *  - functions and numbers of enums are only added;
 *  - no C++ exception leaves a function.
 *
 * A function that can fail returns a safelight_status; what it was to fill in is then untouched.
 * Strings are UTF-8. A session is used by one thread at a time, everything else by any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "safelight/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a struct of this API ready to be filled: all zero, its size set. */
#define SAFELIGHT_INIT(object) (memset(&(object), 0, sizeof(object)), (object).struct_size = sizeof(object))

/* ---- errors ---- */

typedef int32_t safelight_status;
enum {
  SAFELIGHT_OK = 0,
  SAFELIGHT_INVALID_ARGUMENT = 1, /* the caller asked for something that makes no sense */
  SAFELIGHT_NOT_FOUND = 2,        /* a file, an input, a name that does not exist */
  SAFELIGHT_CORRUPT_DATA = 3,     /* a file that is not what it says it is */
  SAFELIGHT_UNSUPPORTED = 4,      /* meaningful, but not something this build can do */
  SAFELIGHT_RESOURCE_LIMIT = 5,   /* more memory or time than allowed or there */
  SAFELIGHT_IO_ERROR = 6,         /* the operating system refused */
  SAFELIGHT_CANCELLED = 7,        /* the caller's progress callback said stop */
  SAFELIGHT_INTERNAL = 8          /* a fault of safelight */
};

/* The sentence of the last call of this thread that failed, such as "model.tflite: node 14 CONV_2D
 * 'conv1': dilation 0, must be at least 1"; "" before the first. Valid until this thread's next call. */
const char* safelight_last_error(void);

/* SAFELIGHT_VERSION of the library that runs, to be compared with that of the header. */
int32_t safelight_version(void);

/* ---- tensors ---- */

enum {
  SAFELIGHT_FLOAT32 = 0,
  SAFELIGHT_FLOAT16 = 1,
  SAFELIGHT_BFLOAT16 = 2,
  SAFELIGHT_FLOAT64 = 3,
  SAFELIGHT_INT4 = 4,
  SAFELIGHT_INT8 = 5,
  SAFELIGHT_UINT8 = 6,
  SAFELIGHT_INT16 = 7,
  SAFELIGHT_UINT16 = 8,
  SAFELIGHT_INT32 = 9,
  SAFELIGHT_UINT32 = 10,
  SAFELIGHT_INT64 = 11,
  SAFELIGHT_UINT64 = 12,
  SAFELIGHT_BOOL = 13,
  SAFELIGHT_COMPLEX64 = 14,
  SAFELIGHT_COMPLEX128 = 15,
  SAFELIGHT_STRING = 16,
  SAFELIGHT_RESOURCE = 17,
  SAFELIGHT_VARIANT = 18
};
/* "float32"; "unknown" for numbers that are none of the above. */
const char* safelight_dtype_name(int32_t dtype);

#define SAFELIGHT_MAX_RANK 8
/* The sizes of a tensor, outermost first: n h w c. Elements lie in this order without gaps. */
typedef struct safelight_shape {
  int64_t rank;
  int64_t dims[SAFELIGHT_MAX_RANK];
} safelight_shape;

/* ---- models ---- */

typedef struct safelight_model safelight_model;

/* Opens and checks a .tflite file; the file is mapped, its weights are not copied. */
safelight_status safelight_model_open(const char* path, safelight_model** model);
/* The same from memory, which is copied. `name` stands for the file in sentences. */
safelight_status safelight_model_from_bytes(const void* bytes, size_t size_bytes, const char* name,
                                            safelight_model** model);
/* Sessions made from the model keep what they need of it. */
void safelight_model_free(safelight_model* model);

/* An input or output. Pointers belong to the model or session that was asked, and are valid until it
 * is freed or resized. */
typedef struct safelight_port {
  size_t struct_size;
  const char* name;
  int64_t dtype;
  size_t size_bytes;         /* of a tensor of this shape; 0 for types without a fixed size */
  safelight_shape shape;     /* of a model: at the file's own size; of a session: as it runs */
  safelight_shape signature; /* -1 where the file allows any size; rank 0 when it says nothing */
  /* real = scale * (stored - zero_point): none, one pair, or one for each index of `quant_axis`. */
  const float* quant_scales;
  const int64_t* quant_zero_points;
  size_t quant_count;
  int64_t quant_axis;
} safelight_port;

size_t safelight_model_input_count(const safelight_model* model);
size_t safelight_model_output_count(const safelight_model* model);
safelight_status safelight_model_input(const safelight_model* model, size_t index, safelight_port* port);
safelight_status safelight_model_output(const safelight_model* model, size_t index, safelight_port* port);

/* ---- sessions ---- */

/* Threads that sessions may share. */
typedef struct safelight_pool safelight_pool;
/* 0: one per core. The thread that calls run is one of them. */
safelight_status safelight_pool_create(int32_t threads, safelight_pool** pool);
/* Sessions that use the pool keep it. */
void safelight_pool_free(safelight_pool* pool);

/* Output `output` of one run is input `input` of the next; the first run reads zeros. */
typedef struct safelight_state {
  int32_t output;
  int32_t input;
} safelight_state;

typedef struct safelight_session_options {
  size_t struct_size;
  int64_t threads;                     /* 0: one per core */
  const safelight_pool* pool;          /* overrides `threads` */
  int64_t strip_rows;                  /* output rows made at a time; 0: the planner chooses */
  int64_t block_columns;               /* output columns made at a time; 0: the planner chooses */
  int64_t memory_limit_bytes;          /* of the session's own buffers; 0: none */
  const safelight_shape* input_shapes; /* one per input, rank 0 for the file's own; NULL: all the file's own */
  size_t input_shape_count;
  const safelight_state* states;
  size_t state_count;
  int64_t exact_arithmetic; /* not 0: every product as the file has it; else convolutions may use Winograd */
} safelight_session_options;

typedef struct safelight_session safelight_session;

/* Plans the rows, packs the weights (once for all sessions of a model) and takes all memory.
 * `options` may be NULL. */
safelight_status safelight_session_create(const safelight_model* model, const safelight_session_options* options,
                                          safelight_session** session);
void safelight_session_free(safelight_session* session);

size_t safelight_session_input_count(const safelight_session* session);
size_t safelight_session_output_count(const safelight_session* session);
safelight_status safelight_session_input(const safelight_session* session, size_t index, safelight_port* port);
safelight_status safelight_session_output(const safelight_session* session, size_t index, safelight_port* port);

/* Memory of the caller for one run, aligned as its elements are; the size is that of the port. NULL and 0 for inputs
 * and outputs that are states. */
typedef struct safelight_input {
  const void* data;
  size_t size_bytes;
} safelight_input;
typedef struct safelight_output {
  void* data;
  size_t size_bytes;
} safelight_output;

/* Called from time to time, never by two threads at once, with the share done, 0 to 1. Anything but 0 cancels:
 * run returns SAFELIGHT_CANCELLED within one strip, and the outputs are undefined. */
typedef int32_t (*safelight_progress)(void* user, double share);

typedef struct safelight_run_options {
  size_t struct_size;
  safelight_progress progress; /* NULL: none */
  void* progress_user;
} safelight_run_options;

/* Reads the inputs and writes the outputs, in the session's order. Pointers may differ from run to run; nothing
 * is copied, nothing allocated. `options` may be NULL. */
safelight_status safelight_session_run(safelight_session* session, const safelight_input* inputs, size_t input_count,
                                       const safelight_output* outputs, size_t output_count,
                                       const safelight_run_options* options);
/* The shape of an output of the last run: as the port's, but for ops whose output size depends on the data. */
safelight_status safelight_session_output_shape(const safelight_session* session, size_t index, safelight_shape* shape);

/* Plans again for other input shapes; on an error the session stays as it was. States become zero. */
safelight_status safelight_session_resize(safelight_session* session, const safelight_shape* input_shapes,
                                          size_t input_shape_count);
/* States become zero again, as before the first run. */
void safelight_session_reset_states(safelight_session* session);
/* All memory that the session holds besides the model's weights. */
int64_t safelight_session_memory_bytes(const safelight_session* session);

#ifdef __cplusplus
}
#endif
