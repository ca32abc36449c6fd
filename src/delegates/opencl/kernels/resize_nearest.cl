// SPDX-License-Identifier: Apache-2.0
// RESIZE_NEAREST_NEIGHBOR. rows, columns: for each index of the output that of the input.
    result[0] = LOAD_in0(n, rows[y].x, columns[x0].x, s);
