// Starts a program as a separate process.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace pointsman::tests {

// Starts words[0], searched in PATH, with `words` as arguments. Each pair is a file descriptor of this
// process and its number in the new one. Aborts if there is no such program.
pid_t Spawn(std::vector<std::string> words, const std::vector<std::pair<int, int>>& files);

}  // namespace pointsman::tests
