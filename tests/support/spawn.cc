#include "tests/support/spawn.h"

#include <spawn.h>

#include "base/check.h"

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): POSIX declares it so
extern char** environ;

namespace pointsman::tests {

pid_t Spawn(std::vector<std::string> words, const std::vector<std::pair<int, int>>& files) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [ours, theirs] : files) {
    posix_spawn_file_actions_adddup2(&actions, ours, theirs);
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  POINTSMAN_CHECK(posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

}  // namespace pointsman::tests
