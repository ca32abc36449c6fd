/* SPDX-License-Identifier: Apache-2.0
 *
 * What the program and the plug-in library libsafelight_oiio.so agree on: plain C, so that the two
 * may be built apart. The plug-in owns what Open returns until Close. Every call returns 0 when all
 * is well; otherwise it has put a sentence into `error`. No call throws.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a struct or a call below changes. */
#define SL_OIIO_ABI 1

enum { SL_OIIO_ERROR_BYTES = 512 };

typedef struct SlOiioBytes {
  const void* data; /* owned by whoever fills it in; null if absent */
  size_t size_bytes;
} SlOiioBytes;

typedef struct SlOiioPicture {
  int64_t width;
  int64_t height;
  int32_t channels;         /* 1 to 4; 2 and 4 have alpha */
  int32_t type;             /* 0: u8, 1: u16, 2: f32 */
  int32_t linear;           /* numbers are in proportion to light */
  int32_t associated_alpha; /* colours are multiplied by alpha */
  int32_t orientation;      /* EXIF's 1 to 8 */
  void* pixels;             /* for writing */
  int64_t stride_bytes;     /* for writing */
  SlOiioBytes icc;
} SlOiioPicture;

typedef struct SlOiioPlugin {
  int32_t abi;
  /* Reads the header. */
  int32_t (*open)(const char* path, void** handle, SlOiioPicture* picture, char* error);
  int32_t (*read)(void* handle, void* pixels, int64_t stride_bytes, char* error);
  void (*close)(void* handle);
  /* Writes the file `path` in the format of `extension` ("tif"). */
  int32_t (*write)(const char* path, const char* extension, const SlOiioPicture* picture, char* error);
} SlOiioPlugin;

/* The one symbol that the plug-in exports. */
const SlOiioPlugin* safelight_oiio_plugin(void);

#ifdef __cplusplus
}
#endif
