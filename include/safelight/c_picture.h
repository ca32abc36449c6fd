/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures for C: files, pixels, and photos through networks. The rules are those of c_api.h; this part is
 * in safelight::safelight, not in the runtime core, and is not installed where that was built alone.
 */
#pragma once

#include "safelight/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SAFELIGHT_U8 = 0, SAFELIGHT_U16 = 1, SAFELIGHT_F32 = 2 };

enum {
  SAFELIGHT_SRGB = 0,         /* RGB (or gray) with the sRGB curve */
  SAFELIGHT_LINEAR = 1,       /* in proportion to light */
  SAFELIGHT_GRAY = 2,         /* one channel with the sRGB curve */
  SAFELIGHT_ICC = 3,          /* whatever the file's ICC profile says */
  SAFELIGHT_YCBCR_STUDIO = 4, /* BT.601, Y in 16..235 */
  SAFELIGHT_YCBCR_FULL = 5    /* BT.601, Y in 0..255 */
};

/* Pixels are interleaved: gray, gray + alpha, RGB or RGBA; alpha is straight. */
typedef struct safelight_pixels {
  size_t struct_size;
  void* data;
  int64_t width;
  int64_t height;
  int64_t channels;    /* 1 to 4 */
  int64_t type;        /* SAFELIGHT_U8, ... */
  int64_t color_space; /* SAFELIGHT_SRGB, ... */
  size_t stride_bytes; /* from one row to the next; 0: rows without gaps */
} safelight_pixels;

typedef struct safelight_image safelight_image;

/* A picture file of any known format, EXIF orientation applied. */
safelight_status safelight_image_read(const char* path, safelight_image** image);
/* A picture with a copy of these pixels; black where `data` is NULL. */
safelight_status safelight_image_create(const safelight_pixels* pixels, safelight_image** image);
/* Where the picture's pixels are; they may be written to. Valid until the image is freed. */
safelight_status safelight_image_pixels(safelight_image* image, safelight_pixels* pixels);
void safelight_image_free(safelight_image* image);

typedef struct safelight_write_options {
  size_t struct_size;
  int64_t jpeg_quality;  /* 1..100; 0: as usual */
  int64_t webp_quality;  /* 1..100; 0: as usual */
  int64_t webp_lossless; /* not 0: webp_quality is the effort */
  int64_t no_metadata;   /* not 0: EXIF, ICC profile and the rest stay out of the file */
} safelight_write_options;

/* In the format of the name's extension; written beside the name and renamed when whole. `options` may be NULL. */
safelight_status safelight_image_write(const safelight_image* image, const char* path,
                                       const safelight_write_options* options);

/* ---- photos through networks ---- */

/* Another input of the network, by its name in the file, as a tensor. */
typedef struct safelight_named_input {
  const char* name;
  int64_t dtype;
  safelight_shape shape;
  const void* data; /* has to stay while the pipeline is used */
} safelight_named_input;

/* Another input that is a picture as well; converted as the photo is. Read while the pipeline is made. */
typedef struct safelight_named_picture {
  const char* name;
  const safelight_image* image;
} safelight_named_picture;

/* How pixels become tensor values comes from here, else from a recipe file beside the model, else from the file's
 * metadata and quantization, else it is assumed; safelight_pipeline_note says which. */
typedef struct safelight_picture_options {
  size_t struct_size;
  int64_t has_input_range; /* not 0: the next two are the tensor values of black and white */
  double input_black;
  double input_white;
  int64_t has_output_range;
  double output_black;
  double output_white;
  const char* channels; /* "rgb", "bgr", "rgba", "gray" or "y"; NULL: found */
  const char* input;    /* name of the input that is the photo; NULL: the first that looks like one */
  const char* output;   /* name of the output that is the picture; NULL: the first that looks like one */
  int64_t tile;         /* input pixels; 0: whole pictures where the network allows */
  int64_t force_tiles;  /* not 0: tiles even where the network is not local; joints will show */
  const safelight_named_input* extra_inputs;
  size_t extra_input_count;
  const safelight_named_picture* extra_pictures;
  size_t extra_picture_count;
  const safelight_session_options* session; /* NULL: as usual; its input shapes are set by the pipeline */
} safelight_picture_options;

typedef struct safelight_pipeline safelight_pipeline;

/* `options` may be NULL. A pipeline keeps its session from picture to picture of one size. */
safelight_status safelight_pipeline_create(const safelight_model* model, const safelight_picture_options* options,
                                           safelight_pipeline** pipeline);
void safelight_pipeline_free(safelight_pipeline* pipeline);

/* The network's picture for `image`: same pixel type, metadata kept. `options` may be NULL. */
safelight_status safelight_pipeline_run(safelight_pipeline* pipeline, const safelight_image* image,
                                        const safelight_run_options* options, safelight_image** result);

/* Sentence `index` of how pixels become values and back; after a run also what was rewritten, padded or tiled.
 * NULL after the last. Valid until the pipeline's next run. */
const char* safelight_pipeline_note(const safelight_pipeline* pipeline, size_t index);

/* What the last picture cost. */
typedef struct safelight_picture_report {
  size_t struct_size;
  double compile_seconds; /* 0 when the session was kept from the picture before */
  double run_seconds;     /* the network, without reading and writing files */
  int64_t session_bytes;
  int64_t buffer_bytes; /* tensors of the network's other inputs and outputs */
  int64_t tiles;
} safelight_picture_report;
safelight_status safelight_pipeline_report(const safelight_pipeline* pipeline, safelight_picture_report* report);

#ifdef __cplusplus
}
#endif
