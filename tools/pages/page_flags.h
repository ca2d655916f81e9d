// The hidden flags by which a program prints its own pages: --man-page, and --completion SHELL.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/pages/man_page.h"

namespace pointsman::tools {

// Add them last: what is printed is what `app` takes then. They end the parse as --help does, with exit code 0.
void AddPageFlags(CLI::App& app, const ManHead& head);

}  // namespace pointsman::tools
