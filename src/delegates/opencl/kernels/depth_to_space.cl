// SPDX-License-Identifier: Apache-2.0
// DEPTH_TO_SPACE with blocks of p0.x. $WHOLE: the output's channels are whole slices.
    const int first = (y % p0.x * p0.x + x0 % p0.x) * made.z;
#if $WHOLE
    result[0] = LOAD_in0(n, y / p0.x, x0 / p0.x, first / 4 + s);
#else
    float lanes[4];
    for (int k = 0; k < 4; ++k) {
      lanes[k] = LOAD1_in0(n, y / p0.x, x0 / p0.x, first + min(4 * s + k, made.z - 1));
    }
    result[0] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
#endif
