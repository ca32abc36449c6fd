# SPDX-License-Identifier: Apache-2.0
#
# The C++ example of the README as a program that enlarges one picture:
#   cmake -D README=README.md -D OUT=example.cc -P readme_example.cmake
file(READ "${README}" text)
string(FIND "${text}" "```cpp\n" begin)
if(begin EQUAL -1)
  message(FATAL_ERROR "${README} has no C++ example")
endif()
math(EXPR begin "${begin} + 7")
string(SUBSTRING "${text}" ${begin} -1 text)
string(FIND "${text}" "```" end)
string(SUBSTRING "${text}" 0 ${end} text)
file(WRITE "${OUT}" "${text}
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const safelight::Status status = Enlarge(argv[1], argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, \"%s\\n\", status.message().c_str());
  return 1;
}
")
