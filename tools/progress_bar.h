// Progress of a long command, on stderr: a bar that moves on a terminal, a line every tenth
// elsewhere.
// Threads: one.
#pragma once

#include <cstddef>
#include <string>

namespace pointsman {

class ProgressBar {
 public:
  // `is_quiet`: nothing is shown (with --json, stderr is for an error alone).
  explicit ProgressBar(bool is_quiet = false);
  // `share` is from 0 to 1.
  void Show(double share, const std::string& place);
  // Leaves a half-drawn bar behind, so that an error starts on its own line.
  void Leave() const;

 private:
  const bool is_quiet_;
  const bool is_terminal_;
  std::size_t last_step_ = 0;
};

}  // namespace pointsman
