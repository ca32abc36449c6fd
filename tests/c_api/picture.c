/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures in C, used by a C11 program: picture MODEL FOLDER, where MODEL is the built-in x3 upscaler and FOLDER may
 * be written to.
 */
#include <stdlib.h>

#include "check.h"
#include "safelight/c_picture.h"

enum { WIDTH = 23, HEIGHT = 17 };

static char path_text[4096];
static const char* path_in(const char* folder, const char* name) {
  snprintf(path_text, sizeof(path_text), "%s/%s", folder, name);
  return path_text;
}

static unsigned char photo[HEIGHT][WIDTH][3];

static safelight_pixels describe_photo(void) {
  safelight_pixels pixels;
  SAFELIGHT_INIT(pixels);
  for (size_t i = 0; i < sizeof(photo); ++i) ((unsigned char*)photo)[i] = (unsigned char)(i * 53 % 251);
  pixels.data = photo;
  pixels.width = WIDTH;
  pixels.height = HEIGHT;
  pixels.channels = 3;
  return pixels;
}

static void check_pictures(const char* folder) {
  safelight_pixels pixels = describe_photo();
  safelight_image *image = NULL, *again = NULL;
  CHECK(safelight_image_create(&pixels, &image) == SAFELIGHT_OK);
  CHECK(safelight_image_write(image, path_in(folder, "photo.png"), NULL) == SAFELIGHT_OK);
  CHECK(safelight_image_read(path_in(folder, "photo.png"), &again) == SAFELIGHT_OK);
  safelight_pixels read;
  SAFELIGHT_INIT(read);
  CHECK(safelight_image_pixels(again, &read) == SAFELIGHT_OK);
  CHECK(read.width == WIDTH && read.height == HEIGHT && read.channels == 3 && read.type == SAFELIGHT_U8);
  CHECK(read.stride_bytes == sizeof(photo[0]) && memcmp(read.data, photo, sizeof(photo)) == 0);
  safelight_write_options options;
  SAFELIGHT_INIT(options);
  options.jpeg_quality = 101;
  CHECK_FAILS(safelight_image_write(image, path_in(folder, "photo.jpg"), &options), SAFELIGHT_INVALID_ARGUMENT, "101");
  options.jpeg_quality = 80;
  CHECK(safelight_image_write(image, path_in(folder, "photo.jpg"), &options) == SAFELIGHT_OK);
  CHECK_FAILS(safelight_image_write(image, path_in(folder, "no folder/x.png"), NULL), SAFELIGHT_NOT_FOUND, "no folder");
  CHECK_FAILS(safelight_image_read(path_in(folder, "none.png"), &again), SAFELIGHT_NOT_FOUND, "none.png");
  safelight_image_free(image);
  image = NULL;
  pixels.stride_bytes = 5;
  CHECK_FAILS(safelight_image_create(&pixels, &image), SAFELIGHT_INVALID_ARGUMENT, "5 bytes apart");
  pixels.channels = 5;
  CHECK_FAILS(safelight_image_create(&pixels, &image), SAFELIGHT_INVALID_ARGUMENT, "5 channels");
  pixels = describe_photo();
  pixels.type = 3;
  CHECK_FAILS(safelight_image_create(&pixels, &image), SAFELIGHT_INVALID_ARGUMENT, "pixel type 3");
  CHECK(image == NULL);
  safelight_image_free(again);
}

static int32_t stop_at_once(void* user, double share) {
  (void)share;
  ++*(int*)user;
  return 1;
}

static void check_pipeline(const safelight_model* model) {
  const safelight_pixels pixels = describe_photo();
  safelight_image *image = NULL, *large = NULL;
  safelight_pipeline* pipeline = NULL;
  safelight_session_options session;
  SAFELIGHT_INIT(session);
  session.threads = 2;
  safelight_picture_options options;
  SAFELIGHT_INIT(options);
  options.session = &session;
  options.channels = "rgb";
  CHECK(safelight_image_create(&pixels, &image) == SAFELIGHT_OK);
  CHECK(safelight_pipeline_create(model, &options, &pipeline) == SAFELIGHT_OK);
  int calls = 0;
  safelight_run_options run;
  SAFELIGHT_INIT(run);
  run.progress = stop_at_once;
  run.progress_user = &calls;
  CHECK(safelight_pipeline_run(pipeline, image, &run, &large) == SAFELIGHT_CANCELLED && calls == 1 && large == NULL);
  CHECK(safelight_pipeline_run(pipeline, image, NULL, &large) == SAFELIGHT_OK);
  safelight_pixels result;
  SAFELIGHT_INIT(result);
  CHECK(safelight_image_pixels(large, &result) == SAFELIGHT_OK);
  CHECK(result.width == 3 * WIDTH && result.height == 3 * HEIGHT && result.channels == 3);
  CHECK(strstr(safelight_pipeline_note(pipeline, 0), "rgb") != NULL);
  size_t notes = 0;
  while (safelight_pipeline_note(pipeline, notes) != NULL) ++notes;
  CHECK(notes >= 2 && safelight_pipeline_note(pipeline, notes + 1) == NULL);
  safelight_picture_report report;
  SAFELIGHT_INIT(report);
  CHECK(safelight_pipeline_report(pipeline, &report) == SAFELIGHT_OK);
  CHECK(report.tiles == 1 && report.session_bytes > 0 && report.run_seconds > 0);
  safelight_pipeline_free(pipeline);
  safelight_image_free(image);
  safelight_image_free(large);
}

static void check_pipeline_errors(const safelight_model* model) {
  safelight_pipeline* pipeline = NULL;
  safelight_picture_options options;
  SAFELIGHT_INIT(options);
  options.channels = "cmyk";
  CHECK_FAILS(safelight_pipeline_create(model, &options, &pipeline), SAFELIGHT_INVALID_ARGUMENT, "cmyk");
  SAFELIGHT_INIT(options);
  options.has_input_range = 1;
  CHECK_FAILS(safelight_pipeline_create(model, &options, &pipeline), SAFELIGHT_INVALID_ARGUMENT,
              "two different numbers");
  SAFELIGHT_INIT(options);
  options.output = "nobody";
  CHECK_FAILS(safelight_pipeline_create(model, &options, &pipeline), SAFELIGHT_NOT_FOUND, "nobody");
  SAFELIGHT_INIT(options);
  options.tile = -1;
  CHECK_FAILS(safelight_pipeline_create(model, &options, &pipeline), SAFELIGHT_INVALID_ARGUMENT, "tile");
  const safelight_named_input extra = {"nobody", SAFELIGHT_FLOAT32, {1, {1, 0, 0, 0, 0, 0, 0, 0}}, photo};
  SAFELIGHT_INIT(options);
  options.extra_inputs = &extra;
  options.extra_input_count = 1;
  CHECK_FAILS(safelight_pipeline_create(model, &options, &pipeline), SAFELIGHT_NOT_FOUND, "nobody");
  CHECK(pipeline == NULL);
  CHECK(safelight_pipeline_note(NULL, 0) == NULL);
  CHECK(safelight_pipeline_run(NULL, NULL, NULL, NULL) == SAFELIGHT_INVALID_ARGUMENT);
  safelight_pipeline_free(NULL);
  safelight_image_free(NULL);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: picture MODEL FOLDER\n");
    return 2;
  }
  safelight_model* model = NULL;
  check_pictures(argv[2]);
  CHECK(safelight_model_open(argv[1], &model) == SAFELIGHT_OK);
  if (model != NULL) {
    check_pipeline(model);
    check_pipeline_errors(model);
  }
  safelight_model_free(model);
  return closing_line();
}
