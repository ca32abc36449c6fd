// SPDX-License-Identifier: Apache-2.0
//
// The binary interface of TFLite's external delegates, in declarations of our own: layouts, not code. Fields keep their
// order from version to version and new ones come at the end, so the newest layout serves all hosts that are older: we
// read only fields that the oldest one has (TensorFlow 2.8), and what we hand over is as large as the newest expects
// and zero beyond what we set. Offsets are those of a 64-bit machine (LP64).
//
// Source: the public headers c/common.h, c/builtin_op_data.h and delegates/external/external_delegate_interface.h of
// TensorFlow Lite and LiteRT.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::host {

enum Code : int32_t { kOk = 0, kError = 1, kDelegateError = 2 };

// `size` elements follow.
struct Ints {
  int32_t size;
  int32_t at[1];
};
struct Floats {
  int32_t size;
  float at[1];
};

struct AffineQuantization {
  const Floats* scale;
  const Ints* zero_point;
  int32_t axis;
};

inline constexpr int32_t kAffine = 1;
struct Quantization {
  int32_t type;
  const void* params;
};

// Where a tensor's memory comes from.
enum Allocation : int32_t { kMapped = 1, kPersistentReadOnly = 5 };

struct Tensor {
  int32_t type;
  void* data;
  const Ints* dims;
  float scale;
  int32_t zero_point;
  int32_t allocation;
  size_t bytes;
  const void* allocation_info;
  const char* name;
  const void* delegate;
  int32_t buffer_handle;
  bool data_is_stale;
  bool is_variable;
  Quantization quantization;
  const void* sparsity;
  const Ints* dims_signature;
};

struct Node {
  const Ints* inputs;
  const Ints* outputs;
  const Ints* intermediates;
  const Ints* temporaries;
  void* user_data;
  const void* builtin_data;
  const void* custom_data;
  int32_t custom_data_size;
  const void* delegate;
  bool might_have_side_effect;
};

struct Context;

struct Registration {
  void* (*init)(Context*, const char* buffer, size_t length);
  void (*free)(Context*, void* user_data);
  Code (*prepare)(Context*, Node*);
  Code (*invoke)(Context*, Node*);
  const char* (*profiling_string)(const Context*, const Node*);
  int32_t builtin_code;
  const char* custom_name;
  int32_t version;
  // Newer fields, left zero, and room for those to come.
  void* newer[8];
};

struct DelegateParams {
  const void* delegate;
  const Ints* nodes_to_replace;
  const Ints* input_tensors;
  const Ints* output_tensors;
};

struct Delegate;

// The host's functions, as far as a delegate needs them; more follow.
struct Context {
  size_t tensors_size;
  Code (*get_execution_plan)(Context*, Ints** plan);
  Tensor* tensors;
  void* host;
  Code (*resize_tensor)(Context*, Tensor*, Ints* new_size);
  void (*report_error)(Context*, const char* format, ...);
  Code (*add_tensors)(Context*, int count, int* first);
  Code (*get_node)(Context*, int index, Node**, Registration**);
  Code (*replace_nodes)(Context*, Registration, const Ints* nodes, Delegate*);
  int32_t recommended_threads;
  void* external_context[2];
  bool float16_allowed;
  void* profiler;
  void* memory[5];
  Code (*preview_partitioning)(Context*, const Ints* nodes, DelegateParams** partitions, int* count);
};

struct Delegate {
  void* data;
  Code (*prepare)(Context*, Delegate*);
  void* copy_from;
  void* copy_to;
  void* free_handle;
  int64_t flags;
  void* builder;
};

static_assert(sizeof(void*) != 8 || offsetof(Tensor, dims) == 16);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, allocation) == 32);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, name) == 56);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, is_variable) == 77);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, quantization) == 80);
static_assert(sizeof(void*) != 8 || sizeof(Tensor) == 112);
static_assert(sizeof(void*) != 8 || offsetof(Node, builtin_data) == 40);
static_assert(sizeof(void*) != 8 || sizeof(Node) == 80);
static_assert(sizeof(void*) != 8 || offsetof(Registration, builtin_code) == 40);
static_assert(sizeof(void*) != 8 || offsetof(Registration, version) == 56);
static_assert(sizeof(void*) != 8 || (offsetof(Registration, newer) == 64 && sizeof(Registration) >= 88));
static_assert(sizeof(void*) != 8 || (offsetof(Delegate, flags) == 40 && sizeof(Delegate) == 56));
static_assert(sizeof(void*) != 8 || offsetof(Context, tensors) == 16);
static_assert(sizeof(void*) != 8 || offsetof(Context, get_node) == 56);
static_assert(sizeof(void*) != 8 || offsetof(Context, recommended_threads) == 72);
static_assert(sizeof(void*) != 8 || offsetof(Context, preview_partitioning) == 152);
static_assert(sizeof(void*) != 8 || sizeof(DelegateParams) == 32);

}  // namespace safelight::host
