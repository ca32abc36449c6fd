// SPDX-License-Identifier: Apache-2.0
// For chains without a node before them.
    result[0] = (float4)(0.0f);
