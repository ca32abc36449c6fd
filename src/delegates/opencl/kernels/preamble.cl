// SPDX-License-Identifier: Apache-2.0
// What all kernels share. $HALF_VALUES, $HALF_SUMS: 0 or 1.
//
// A value lies as n images of rows of columns of slices of four channels, the last slice filled with zeros:
//   SLICES  in a buffer, of float or half;
//   IMAGE   in an image whose rows are those of all n images, a column as many pixels as it has slices;
//   PACKED  as the host has it: float, without filling.
// `a_at` says how a value `a` lies: rows held, columns, slices (PACKED: channels), the row that the first one is.
#define HALF_VALUES $HALF_VALUES
#define HALF_SUMS $HALF_SUMS
// Products and sums that shall be one operation say so.
#pragma OPENCL FP_CONTRACT OFF

#if HALF_VALUES
#define STORED half
#define LOAD4(a, i) vload_half4(i, a)
#define LOAD1(a, i) vload_half(i, a)
#define STORE4(a, i, v) vstore_half4_rte(v, i, a)
#else
#define STORED float
#define LOAD4(a, i) vload4(i, a)
#define LOAD1(a, i) (a)[i]
#define STORE4(a, i, v) vstore4(v, i, a)
#endif

// What convolutions sum in.
#if HALF_SUMS
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define SUM4 half4
#define TO_SUM4(v) convert_half4(v)
#define FROM_SUM4(v) convert_float4(v)
#else
#define SUM4 float4
#define TO_SUM4(v) (v)
#define FROM_SUM4(v) (v)
#endif
#define WEIGHT4(w, i) TO_SUM4(LOAD4(w, i))

__constant sampler_t kExact = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;

// Parameters of macros have two letters, since .x is no place for them. Where a row of columns begins, in columns.
#define LINE(a, nn, yy) (((nn) * a##_at.x + (yy) - a##_at.w) * a##_at.y)

#define LOAD_SLICES(a, nn, yy, xx, ss) LOAD4(a, (LINE(a, nn, yy) + (xx)) * a##_at.z + (ss))
#define LOAD1_SLICES(a, nn, yy, xx, cc) LOAD1(a, ((LINE(a, nn, yy) + (xx)) * a##_at.z + (cc) / 4) * 4 + (cc) % 4)
#define STORE_SLICES(a, nn, yy, xx, ss, vv, left) STORE4(a, (LINE(a, nn, yy) + (xx)) * a##_at.z + (ss), vv)

#define IMAGE_PLACE(a, nn, yy, xx, ss) (int2)((xx) * a##_at.z + (ss), (nn) * a##_at.x + (yy) - a##_at.w)
#define LOAD_IMAGE(a, nn, yy, xx, ss) read_imagef(a, kExact, IMAGE_PLACE(a, nn, yy, xx, ss))
#define LOAD1_IMAGE(a, nn, yy, xx, cc) lane(LOAD_IMAGE(a, nn, yy, xx, (cc) / 4), (cc) % 4)
#define STORE_IMAGE(a, nn, yy, xx, ss, vv, left) write_imagef(a, IMAGE_PLACE(a, nn, yy, xx, ss), vv)

#define PACKED_PLACE(a, nn, yy, xx) (a + (LINE(a, nn, yy) + (xx)) * a##_at.z)
#define LOAD_PACKED(a, nn, yy, xx, ss) load_packed(PACKED_PLACE(a, nn, yy, xx) + 4 * (ss), a##_at.z - 4 * (ss))
#define LOAD1_PACKED(a, nn, yy, xx, cc) PACKED_PLACE(a, nn, yy, xx)[cc]
#define STORE_PACKED(a, nn, yy, xx, ss, vv, left) store_packed(vv, PACKED_PLACE(a, nn, yy, xx) + 4 * (ss), left)

float lane(float4 v, int k) { return k == 0 ? v.x : k == 1 ? v.y : k == 2 ? v.z : v.w; }

float4 load_packed(__global const float* from, int left) {
  if (left >= 4) return vload4(0, from);
  return (float4)(from[0], left > 1 ? from[1] : 0.0f, left > 2 ? from[2] : 0.0f, 0.0f);
}

void store_packed(float4 v, __global float* to, int left) {
  if (left >= 4) {
    vstore4(v, 0, to);
    return;
  }
  to[0] = v.x;
  if (left > 1) to[1] = v.y;
  if (left > 2) to[2] = v.z;
}

// Zero in the lanes behind the last channel, so that they do no harm as factors.
float4 live_lanes(float4 v, int left) {
  if (left >= 4) return v;
  return (float4)(v.x, left > 1 ? v.y : 0.0f, left > 2 ? v.z : 0.0f, 0.0f);
}

// NaN stays NaN.
float4 limit(float4 v, float low, float high) {
  v = select(v, (float4)(low), v < low);
  return select(v, (float4)(high), v > high);
}

// Index i of an axis that is mirrored beyond its ends; skip 1: the outermost index is not repeated.
int mirrored(int i, int size, int skip) {
  if (i < 0) i = -i - 1 + skip;
  return i >= size ? 2 * size - 1 - skip - i : i;
}

// Whether float16 cannot hold a number, NaN included.
#define IS_BEYOND(v) (!all(fabs(v) <= 65504.0f))
