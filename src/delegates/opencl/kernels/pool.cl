// SPDX-License-Identifier: Apache-2.0
// AVERAGE_POOL_2D ($AVERAGE 1) and MAX_POOL_2D: what lies outside does not count. p0: strides and padding; p1: the
// window, the input's size.
    const int from_y = y * p0.x - p0.z, from_x = x0 * p0.y - p0.w;
    const int y_begin = max(from_y, 0), y_end = min(from_y + p1.x, p1.z);
    const int x_begin = max(from_x, 0), x_end = min(from_x + p1.y, p1.w);
#if $AVERAGE
    float4 pooled = (float4)(0.0f);
#else
    float4 pooled = (float4)(-FLT_MAX);
#endif
    for (int at_y = y_begin; at_y < y_end; ++at_y) {
      for (int at_x = x_begin; at_x < x_end; ++at_x) {
        const float4 v = LOAD_in0(n, at_y, at_x, s);
#if $AVERAGE
        pooled += v;
#else
        pooled = fmax(pooled, v);
#endif
      }
    }
#if $AVERAGE
    pooled /= (float)((y_end - y_begin) * (x_end - x_begin));
#endif
    result[0] = pooled;
