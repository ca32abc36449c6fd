// SPDX-License-Identifier: Apache-2.0
// RESHAPE and its kin: the elements in the same order. p0, p1: rows, columns and channels of output and input.
    float lanes[4];
    for (int k = 0; k < 4; ++k) {
      int at = ((n * p0.x + y) * p0.y + x0) * p0.z + min(4 * s + k, p0.z - 1);
      const int c = at % p1.z;
      at /= p1.z;
      lanes[k] = LOAD1_in0(at / p1.y / p1.x, at / p1.y % p1.x, at % p1.y, c);
    }
    result[0] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
