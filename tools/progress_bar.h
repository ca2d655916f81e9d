// Progress of a long command, on stderr: a moving bar on a terminal, elsewhere one line per 10%.
// Threads: one.
#pragma once

#include <cstddef>
#include <string>

namespace pointsman::tools {

class ProgressBar {
 public:
  // `is_quiet`: shows nothing (with --json, stderr is only for errors).
  explicit ProgressBar(bool is_quiet = false);
  // `share` is from 0 to 1.
  void Show(double share, const std::string& place);
  // Ends the line of a half-drawn bar, so that an error starts on its own line.
  void Leave() const;

 private:
  const bool is_quiet_;
  const bool is_terminal_;
  std::size_t last_step_ = 0;
};

}  // namespace pointsman::tools
