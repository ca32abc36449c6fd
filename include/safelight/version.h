/* SPDX-License-Identifier: Apache-2.0
 *
 * The version of these headers; CMakeLists.txt reads it from here. For C and C++.
 * Until 1.0 a minor version may change the C++ API; the C API keeps its rule (c_api.h).
 */
#pragma once

#define SAFELIGHT_VERSION_MAJOR 0
#define SAFELIGHT_VERSION_MINOR 1
#define SAFELIGHT_VERSION_PATCH 0

/* 1.2.3 as 1002003, for comparisons. */
#define SAFELIGHT_VERSION (SAFELIGHT_VERSION_MAJOR * 1000000 + SAFELIGHT_VERSION_MINOR * 1000 + SAFELIGHT_VERSION_PATCH)
