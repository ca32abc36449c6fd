// SPDX-License-Identifier: Apache-2.0
// SPACE_TO_DEPTH with blocks of p0.x, of an input of p0.y channels. $WHOLE: these are whole slices.
#if $WHOLE
    const int slices = p0.y / 4, place = s / slices;
    result[0] = LOAD_in0(n, y * p0.x + place / p0.x, x0 * p0.x + place % p0.x, s % slices);
#else
    float lanes[4];
    for (int k = 0; k < 4; ++k) {
      const int c = min(4 * s + k, made.z - 1), place = c / p0.y;
      lanes[k] = LOAD1_in0(n, y * p0.x + place / p0.x, x0 * p0.x + place % p0.x, c % p0.y);
    }
    result[0] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
#endif
