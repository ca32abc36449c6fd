// SPDX-License-Identifier: Apache-2.0
//
// XNNPACK's functions, found in the shared library when the delegate is opened: a program that never asks for it
// neither loads it nor needs it.
#pragma once

#include <xnnpack.h>

#include <memory>

#include "base/status.h"

namespace safelight::xnnpack {

// Every function that the header of any known version has.
#define SL_XNNPACK_FUNCTIONS(F)                    \
  F(xnn_initialize)                                \
  F(xnn_create_subgraph)                           \
  F(xnn_delete_subgraph)                           \
  F(xnn_create_runtime_v2)                         \
  F(xnn_setup_runtime)                             \
  F(xnn_invoke_runtime)                            \
  F(xnn_delete_runtime)                            \
  F(xnn_define_tensor_value)                       \
  F(xnn_define_quantized_tensor_value)             \
  F(xnn_define_channelwise_quantized_tensor_value) \
  F(xnn_define_convert)                            \
  F(xnn_define_convolution_2d)                     \
  F(xnn_define_deconvolution_2d)                   \
  F(xnn_define_depthwise_convolution_2d)           \
  F(xnn_define_depth_to_space)                     \
  F(xnn_define_global_average_pooling_2d)          \
  F(xnn_define_average_pooling_2d)                 \
  F(xnn_define_fully_connected)                    \
  F(xnn_define_max_pooling_2d)                     \
  F(xnn_define_add2)                               \
  F(xnn_define_multiply2)                          \
  F(xnn_define_subtract)                           \
  F(xnn_define_divide)                             \
  F(xnn_define_maximum2)                           \
  F(xnn_define_minimum2)                           \
  F(xnn_define_squared_difference)                 \
  F(xnn_define_static_constant_pad)                \
  F(xnn_define_static_reshape)                     \
  F(xnn_define_static_resize_bilinear_2d)          \
  F(xnn_define_prelu)                              \
  F(xnn_define_abs)                                \
  F(xnn_define_bankers_rounding)                   \
  F(xnn_define_ceiling)                            \
  F(xnn_define_clamp)                              \
  F(xnn_define_elu)                                \
  F(xnn_define_floor)                              \
  F(xnn_define_hardswish)                          \
  F(xnn_define_leaky_relu)                         \
  F(xnn_define_negate)                             \
  F(xnn_define_sigmoid)                            \
  F(xnn_define_softmax)                            \
  F(xnn_define_square)                             \
  F(xnn_define_square_root)

struct Library {
#define SL_DECLARE(name) decltype(&::name) name = nullptr;
  SL_XNNPACK_FUNCTIONS(SL_DECLARE)
#undef SL_DECLARE
  std::string path;  // of the library
};

// Opened and initialized once; the same for all callers. Errors: kNotFound, with the loader's own words, or the
// functions that are missing.
Result<const Library*> OpenLibrary();

// "unsupported parameter", for messages.
const char* StatusName(xnn_status status);

}  // namespace safelight::xnnpack
