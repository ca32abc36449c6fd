// SPDX-License-Identifier: Apache-2.0
//
// A bar on the terminal, only when there is more than one picture.
#pragma once

#include <cstddef>

namespace safelight {

class Progress {
 public:
  explicit Progress(size_t count);
  ~Progress() { Clear(); }
  // `done` pictures and a share of the next.
  void Show(size_t done, double share);
  // There are so many after all.
  void Expect(size_t count) { count_ = count; }
  // Makes room for a line.
  void Clear();

 private:
  size_t count_;
  const bool on_terminal_;
  int last_ = -1;
};

}  // namespace safelight
