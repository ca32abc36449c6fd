// SPDX-License-Identifier: Apache-2.0
// One kernel: each work item makes $PIXELS neighbouring pixels of one slice of `out`. `made`: the first row, the rows,
// the channels, and what to leave in `beyond` when float16 cannot hold a result.
__kernel void $NAME($ARGUMENTS, __global int* beyond, int4 made) {
  const int s = get_global_id(0) % $SLICES;
  const int x0 = get_global_id(0) / $SLICES * $PIXELS;
  const int y = made.x + (int)get_global_id(1);
  const int n = get_global_id(2);
  if (x0 >= out_at.y || y >= made.x + made.y) return;
  float4 result[$PIXELS];
  {
$HEAD
  }
  for (int p = 0; p < $PIXELS; ++p) {
    const int x = x0 + p;
    if (x >= out_at.y) break;
    float4 v0 = result[p];
$CHAIN
    const float4 last = live_lanes($LAST, made.z - 4 * s);
#if $GUARDED
    if (IS_BEYOND(last)) *beyond = made.w;
#endif
    STORE_out(n, y, x, s, last, made.z - 4 * s);
  }
}
