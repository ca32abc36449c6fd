// SPDX-License-Identifier: Apache-2.0
// CONCATENATION along channels that begin within slices: $PARTS sets lanes[k] from the part that channel c lies in.
    float lanes[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int k = 0; k < 4; ++k) {
      const int c = 4 * s + k;
$PARTS
    }
    result[0] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
