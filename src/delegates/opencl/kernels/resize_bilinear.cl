// SPDX-License-Identifier: Apache-2.0
// RESIZE_BILINEAR. rows, columns: for each index of the output the two of the input and the weight of the second.
    const int4 r = rows[y], c = columns[x0];
    const float down = as_float(r.z), right = as_float(c.z);
    const float4 top = LOAD_in0(n, r.x, c.x, s) * (1.0f - right) + LOAD_in0(n, r.x, c.y, s) * right;
    const float4 bottom = LOAD_in0(n, r.y, c.x, s) * (1.0f - right) + LOAD_in0(n, r.y, c.y, s) * right;
    result[0] = top * (1.0f - down) + bottom * down;
