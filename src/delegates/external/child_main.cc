// SPDX-License-Identifier: Apache-2.0
//
// safelight_delegate_process: runs a TFLite external delegate for the program that starts it, so that a library that
// crashes or hangs takes nobody with it. Not to be started by hand.
#include <sys/socket.h>

#include <cstdio>

#include "delegates/external/channel.h"

int main() {
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(safelight::kSocketFd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
    std::fputs("safelight starts this program for --delegate LIBRARY,isolate:1; it does nothing by itself\n", stderr);
    return 2;
  }
  return safelight::RunIsolatedChild();
}
