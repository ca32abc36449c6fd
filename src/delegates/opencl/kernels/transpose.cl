// SPDX-License-Identifier: Apache-2.0
// TRANSPOSE: $PLACE is the place in the input, of n, y, x0 and c.
    float lanes[4];
    for (int k = 0; k < 4; ++k) {
      const int c = min(4 * s + k, made.z - 1);
      lanes[k] = LOAD1_in0($PLACE);
    }
    result[0] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
