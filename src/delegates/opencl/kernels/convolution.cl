// SPDX-License-Identifier: Apache-2.0
// CONV_2D whose groups, if any, begin with a slice. p0: strides and padding along rows and columns (y x y x); p1:
// dilations, the input's size; p2: slices of an input group and of an output group.
// Weights: [slice of outputs][ky][kx][input channel of the group] of four outputs each.
    SUM4 sums[$PIXELS];
    for (int p = 0; p < $PIXELS; ++p) sums[p] = TO_SUM4(bias[s]);
    const int first = s / p2.y * p2.x;
    for (int ky = 0; ky < $FILTER_H; ++ky) {
      const int from_y = y * p0.x - p0.z + ky * p1.x;
      if (from_y < 0 || from_y >= p1.z) continue;
      for (int kx = 0; kx < $FILTER_W; ++kx) {
        int w = ((s * $FILTER_H + ky) * $FILTER_W + kx) * p2.x * 4;
        const int from_x = x0 * p0.y - p0.w + kx * p1.y;
        for (int i = 0; i < p2.x; ++i, w += 4) {
          const SUM4 w0 = WEIGHT4(weights, w), w1 = WEIGHT4(weights, w + 1);
          const SUM4 w2 = WEIGHT4(weights, w + 2), w3 = WEIGHT4(weights, w + 3);
          for (int p = 0; p < $PIXELS; ++p) {
            const int at = from_x + p * p0.y;
            if (at < 0 || at >= p1.w) continue;
            const SUM4 v = TO_SUM4(LOAD_in0(n, from_y, at, first + i));
            sums[p] = mad((SUM4)(v.x), w0, sums[p]);
            sums[p] = mad((SUM4)(v.y), w1, sums[p]);
            sums[p] = mad((SUM4)(v.z), w2, sums[p]);
            sums[p] = mad((SUM4)(v.w), w3, sums[p]);
          }
        }
      }
    }
    for (int p = 0; p < $PIXELS; ++p) result[p] = FROM_SUM4(sums[p]);
