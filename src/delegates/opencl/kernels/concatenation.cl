// SPDX-License-Identifier: Apache-2.0
// CONCATENATION along rows, columns or whole slices: $PARTS sets result[0] from the part that it lies in.
    result[0] = (float4)(0.0f);
$PARTS
