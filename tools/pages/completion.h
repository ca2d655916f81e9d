// Completion of a program's command line, as a script that its shell reads; made from the command tree.
// Commands, options and the values of options that are one of a few are completed; other values as files.
// Threads: any.
#pragma once

#include <string>

#include "tools/pages/command_tree.h"

namespace pointsman::tools {

std::string BashCompletion(const CommandEntry& root);
std::string FishCompletion(const CommandEntry& root);
std::string ZshCompletion(const CommandEntry& root);

// `shell` is one of kShells.
inline const std::vector<std::string> kShells = {"bash", "zsh", "fish"};
std::string Completion(const std::string& shell, const CommandEntry& root);

}  // namespace pointsman::tools
