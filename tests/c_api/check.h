/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of the C API's test programs: each failure is printed, the end says "N passed, N failed".
 */
#pragma once

#include <stdio.h>

#include "safelight/c_api.h"

static int passed_checks, failed_checks;

/* What the check was about, and the library's last sentence. */
static void check_that(int holds, const char* claim, int line) {
  if (holds) {
    ++passed_checks;
    return;
  }
  ++failed_checks;
  printf("FAILED  line %d: %s (last error: %s)\n", line, claim, safelight_last_error());
}
#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __LINE__)
/* The call fails with this code, and the sentence has these words. */
#define CHECK_FAILS(call, code, words) CHECK((call) == (code) && strstr(safelight_last_error(), words) != NULL)

static int closing_line(void) {
  printf("%d passed, %d failed\n", passed_checks, failed_checks);
  return failed_checks == 0 ? 0 : 1;
}
