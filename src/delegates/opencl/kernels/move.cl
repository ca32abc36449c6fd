// SPDX-License-Identifier: Apache-2.0
// PAD, PADV2, MIRROR_PAD, SLICE, SPLIT: element (n, y, x, c) is that at p0 + index * p1, along each axis. p2: the
// input's size; p3: the filling's bits, or where $MIRROR, what mirrored() calls skip. $WHOLE: channels stay in place.
#if $WHOLE
    int4 at = p0 + (int4)(n, y, x0, 0) * p1;
#if $MIRROR
    at.x = mirrored(at.x, p2.x, p3.x);
    at.y = mirrored(at.y, p2.y, p3.x);
    at.z = mirrored(at.z, p2.z, p3.x);
#endif
    const bool inside = all(at.xyz >= 0) && all(at.xyz < p2.xyz);
    result[0] = (float4)(as_float(p3.x));
    if (inside) result[0] = LOAD_in0(at.x, at.y, at.z, s);
#else
    float lanes[4];
    for (int k = 0; k < 4; ++k) {
      int4 at = p0 + (int4)(n, y, x0, 4 * s + k) * p1;
#if $MIRROR
      at.x = mirrored(at.x, p2.x, p3.x);
      at.y = mirrored(at.y, p2.y, p3.x);
      at.z = mirrored(at.z, p2.z, p3.x);
      at.w = mirrored(at.w, p2.w, p3.x);
#endif
      lanes[k] = as_float(p3.x);
      if (all(at >= 0) && all(at < p2)) lanes[k] = LOAD1_in0(at.x, at.y, at.z, at.w);
    }
    result[0] = (float4)(lanes[0], lanes[1], lanes[2], lanes[3]);
#endif
