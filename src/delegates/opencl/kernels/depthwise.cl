// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D. p0 and p1 as in convolution; p2: outputs of each input channel, input channels.
// Weights: [ky][kx][slice of outputs].
    SUM4 sum = TO_SUM4(bias[s]);
    for (int ky = 0; ky < $FILTER_H; ++ky) {
      const int from_y = y * p0.x - p0.z + ky * p1.x;
      if (from_y < 0 || from_y >= p1.z) continue;
      for (int kx = 0; kx < $FILTER_W; ++kx) {
        const int from_x = x0 * p0.y - p0.w + kx * p1.y;
        if (from_x < 0 || from_x >= p1.w) continue;
#if $MULTIPLIED
        float4 v;
        v.x = LOAD1_in0(n, from_y, from_x, min(4 * s / p2.x, p2.y - 1));
        v.y = LOAD1_in0(n, from_y, from_x, min((4 * s + 1) / p2.x, p2.y - 1));
        v.z = LOAD1_in0(n, from_y, from_x, min((4 * s + 2) / p2.x, p2.y - 1));
        v.w = LOAD1_in0(n, from_y, from_x, min((4 * s + 3) / p2.x, p2.y - 1));
#else
        const float4 v = LOAD_in0(n, from_y, from_x, s);
#endif
        sum = mad(TO_SUM4(v), WEIGHT4(weights, (ky * $FILTER_W + kx) * $SLICES + s), sum);
      }
    }
    result[0] = FROM_SUM4(sum);
