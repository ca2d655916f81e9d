// A program as a process of its own.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace pointsman {

// Starts words[0], found as a shell finds it, with `words`. Each pair: a file of ours, and the number that
// it has there. Aborts if there is no such program.
pid_t Spawn(std::vector<std::string> words, const std::vector<std::pair<int, int>>& files);

}  // namespace pointsman
