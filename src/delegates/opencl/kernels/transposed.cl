// SPDX-License-Identifier: Apache-2.0
// TRANSPOSE_CONV, gathered: output y sums the taps k for which (y + padding - k) divides by the stride. p0: strides and
// padding along rows and columns; p1: the input's size in .z and .w; p2: slices of the input. Weights as in convolution.
    SUM4 sum = TO_SUM4(bias[s]);
    for (int ky = 0; ky < $FILTER_H; ++ky) {
      const int apart_y = y + p0.z - ky;
      if (apart_y < 0 || apart_y % p0.x != 0 || apart_y / p0.x >= p1.z) continue;
      for (int kx = 0; kx < $FILTER_W; ++kx) {
        const int apart_x = x0 + p0.w - kx;
        if (apart_x < 0 || apart_x % p0.y != 0 || apart_x / p0.y >= p1.w) continue;
        int w = ((s * $FILTER_H + ky) * $FILTER_W + kx) * p2.x * 4;
        for (int i = 0; i < p2.x; ++i, w += 4) {
          const SUM4 v = TO_SUM4(LOAD_in0(n, apart_y / p0.x, apart_x / p0.y, i));
          sum = mad((SUM4)(v.x), WEIGHT4(weights, w), sum);
          sum = mad((SUM4)(v.y), WEIGHT4(weights, w + 1), sum);
          sum = mad((SUM4)(v.z), WEIGHT4(weights, w + 2), sum);
          sum = mad((SUM4)(v.w), WEIGHT4(weights, w + 3), sum);
        }
      }
    }
    result[0] = FROM_SUM4(sum);
