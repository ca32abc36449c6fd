// SPDX-License-Identifier: Apache-2.0
// CONV_2D whose groups begin anywhere: channel by channel. p0 and p1 as in convolution; p2: channels of an input group
// and of an output group. Weights: [output][ky][kx][input channel of the group].
    float sums[4];
    for (int k = 0; k < 4; ++k) {
      const int o = min(4 * s + k, made.z - 1);
      const int first = o / p2.y * p2.x;
      float sum = 0.0f;
      for (int ky = 0; ky < $FILTER_H; ++ky) {
        const int from_y = y * p0.x - p0.z + ky * p1.x;
        if (from_y < 0 || from_y >= p1.z) continue;
        for (int kx = 0; kx < $FILTER_W; ++kx) {
          const int from_x = x0 * p0.y - p0.w + kx * p1.y;
          if (from_x < 0 || from_x >= p1.w) continue;
          const int w = ((o * $FILTER_H + ky) * $FILTER_W + kx) * p2.x;
          for (int i = 0; i < p2.x; ++i) {
            sum = mad(LOAD1_in0(n, from_y, from_x, first + i), LOAD1(weights, w + i), sum);
          }
        }
      }
      sums[k] = sum;
    }
    result[0] = bias[s] + (float4)(sums[0], sums[1], sums[2], sums[3]);
