#include "tools/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pointsman::tools {
namespace {

constexpr std::size_t kTerminalSteps = 200;
constexpr std::size_t kLineSteps = 10;
constexpr std::size_t kWidth = 24;

}  // namespace

ProgressBar::ProgressBar(bool is_quiet)
    : is_quiet_(is_quiet), is_terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressBar::Show(double share, const std::string& place) {
  if (is_quiet_) return;
  share = std::clamp(share, 0.0, 1.0);
  const std::size_t steps = is_terminal_ ? kTerminalSteps : kLineSteps;
  const auto step = static_cast<std::size_t>(share * static_cast<double>(steps));
  if (step == last_step_) return;
  last_step_ = step;
  if (is_terminal_) {
    const auto filled = static_cast<std::size_t>(share * kWidth);
    std::fprintf(stderr, "\r[%s%s] %3.0f%%  %s\x1b[K%s", std::string(filled, '#').c_str(),
                 std::string(kWidth - filled, '.').c_str(), 100 * share, place.c_str(),
                 step == steps ? "\n" : "");
  } else {
    std::fprintf(stderr, "%3.0f%%  %s\n", 100 * share, place.c_str());
  }
  std::fflush(stderr);
}

void ProgressBar::Leave() const {
  if (is_terminal_ && last_step_ > 0 && last_step_ < kTerminalSteps) std::fputc('\n', stderr);
}

}  // namespace pointsman::tools
