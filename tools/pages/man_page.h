// A program's man page in roff, made from its command tree.
// Threads: any.
#pragma once

#include <string>

#include "tools/pages/command_tree.h"

namespace pointsman::tools {

struct ManHead {
  int section = 1;
  std::string summary;   // one line, for NAME and for `apropos`
  std::string see_also;  // "pointsmand(8)"
};

// Cost: O(tree). The same tree gives the same bytes: no date is in it.
std::string ManPage(const CommandEntry& root, const ManHead& head);

}  // namespace pointsman::tools
