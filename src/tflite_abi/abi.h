// SPDX-License-Identifier: Apache-2.0
//
// The binary interface of TFLite's external delegates, in declarations of our own: layouts, not code. Fields keep their
// order from version to version and new ones come at the end, so the newest layout serves all partners that are older.
// A delegate of ours reads only fields that the oldest host has (TensorFlow 2.8); a host of ours reads only fields that
// the oldest delegate sets. What we hand over is as large as the newest expects and zero beyond what we set. Offsets
// are those of a 64-bit machine (LP64).
//
// Source: the public headers c/common.h, c/builtin_op_data.h and delegates/external/external_delegate_interface.h of
// TensorFlow Lite and LiteRT.
#pragma once

#include <cstddef>
#include <cstdint>

namespace safelight::host {

enum Code : int32_t { kOk = 0, kError = 1, kDelegateError = 2 };

// `size` elements follow. Allocated with malloc by whoever gives one away.
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
enum Allocation : int32_t { kNoMemory = 0, kMapped = 1, kArena = 2, kDynamic = 4, kPersistentReadOnly = 5 };

inline constexpr int32_t kNoBufferHandle = -1;

struct Delegate;

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
  Delegate* delegate;
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

// The number of a node that is not of the format's own ops.
inline constexpr int32_t kCustomOp = 32;
// The number that a delegate's own kernel has among the nodes.
inline constexpr int32_t kDelegateOp = 51;

// What every version of the interface has of a kernel.
struct Registration {
  void* (*init)(Context*, const char* buffer, size_t length);
  void (*free)(Context*, void* user_data);
  Code (*prepare)(Context*, Node*);
  Code (*invoke)(Context*, Node*);
  const char* (*profiling_string)(const Context*, const Node*);
  int32_t builtin_code;
  const char* custom_name;
  int32_t version;
};

// As we hand it over: newer fields, left zero, and room for those to come.
struct WideRegistration : Registration {
  void* newer[8];
};

struct DelegateParams {
  Delegate* delegate;
  const Ints* nodes_to_replace;
  const Ints* input_tensors;
  const Ints* output_tensors;
};

inline constexpr int kExternalContexts = 4;

// The host's functions. Those of a graph (plan, nodes, replacing) may be called while the delegate is prepared and by
// `init` of its kernels, not later.
struct Context {
  size_t tensors_size;
  Code (*get_execution_plan)(Context*, Ints** plan);
  Tensor* tensors;
  void* host;
  Code (*resize_tensor)(Context*, Tensor*, Ints* new_size);
  void (*report_error)(Context*, const char* format, ...);
  Code (*add_tensors)(Context*, int count, int* first);
  Code (*get_node)(Context*, int index, Node**, WideRegistration**);
  // The registration is passed by value: on the stack or as the address of a copy, never in registers. So a host that
  // declares the short one reads what a delegate passed with a longer one.
  Code (*replace_nodes)(Context*, WideRegistration, const Ints* nodes, Delegate*);
  int32_t recommended_threads;
  void* (*get_external_context)(Context*, int32_t type);
  void (*set_external_context)(Context*, int32_t type, void* value);
  bool float16_allowed;
  void* profiler;
  void* microcontrollers_only[4];  // null elsewhere
  Code (*resize_tensor_explicit)(Context*, Tensor*, int rank, const int32_t* sizes);
  Code (*preview_partitioning)(Context*, const Ints* nodes, DelegateParams** partitions, int* count);
  Tensor* (*get_tensor)(const Context*, int index);     // null but for microcontrollers
  void* (*get_eval_tensor)(const Context*, int index);  // likewise
  Code (*get_metadata)(const Context*, const char* name, const char** data, size_t* bytes);
  Code (*acquire_subgraph)(Context*, int index, Context**);
  Code (*release_subgraph)(Context*, int index);
};

// Flags of a delegate.
inline constexpr int64_t kAllowsDynamicTensors = 1;

struct Delegate {
  void* data;
  Code (*prepare)(Context*, Delegate*);
  Code (*copy_from_handle)(Context*, Delegate*, int32_t handle, Tensor*);
  Code (*copy_to_handle)(Context*, Delegate*, int32_t handle, Tensor*);
  void (*free_handle)(Context*, Delegate*, int32_t* handle);
  int64_t flags;
  void* builder;  // of delegates of the opaque kind, which leave `prepare` null; since TensorFlow 2.11
};

// The entry points of a library.
using CreateDelegate = Delegate* (*)(const char* const* keys, const char* const* values, size_t count,
                                     void (*report_error)(const char*));
using DestroyDelegate = void (*)(Delegate*);
inline constexpr char kCreateSymbol[] = "tflite_plugin_create_delegate";
inline constexpr char kDestroySymbol[] = "tflite_plugin_destroy_delegate";

static_assert(sizeof(void*) != 8 || offsetof(Tensor, dims) == 16);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, allocation) == 32);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, name) == 56);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, buffer_handle) == 72);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, is_variable) == 77);
static_assert(sizeof(void*) != 8 || offsetof(Tensor, quantization) == 80);
static_assert(sizeof(void*) != 8 || sizeof(Tensor) == 112);
static_assert(sizeof(void*) != 8 || offsetof(Node, builtin_data) == 40);
static_assert(sizeof(void*) != 8 || offsetof(Node, might_have_side_effect) == 72);
static_assert(sizeof(void*) != 8 || sizeof(Node) == 80);
static_assert(sizeof(void*) != 8 || offsetof(Registration, builtin_code) == 40);
static_assert(sizeof(void*) != 8 || offsetof(Registration, version) == 56);
static_assert(sizeof(void*) != 8 || sizeof(Registration) == 64);
static_assert(sizeof(void*) != 8 || sizeof(WideRegistration) >= 88);
static_assert(sizeof(void*) != 8 || (offsetof(Delegate, flags) == 40 && sizeof(Delegate) == 56));
static_assert(sizeof(void*) != 8 || offsetof(Context, tensors) == 16);
static_assert(sizeof(void*) != 8 || offsetof(Context, get_node) == 56);
static_assert(sizeof(void*) != 8 || offsetof(Context, recommended_threads) == 72);
static_assert(sizeof(void*) != 8 || offsetof(Context, float16_allowed) == 96);
static_assert(sizeof(void*) != 8 || offsetof(Context, resize_tensor_explicit) == 144);
static_assert(sizeof(void*) != 8 || offsetof(Context, preview_partitioning) == 152);
static_assert(sizeof(void*) != 8 || offsetof(Context, release_subgraph) == 192);
static_assert(sizeof(void*) != 8 || sizeof(Context) == 200);
static_assert(sizeof(void*) != 8 || sizeof(DelegateParams) == 32);

}  // namespace safelight::host
