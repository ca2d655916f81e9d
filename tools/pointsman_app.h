// All that `pointsman` takes: its parser, with every command.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/command.h"

namespace pointsman::tools {

// `cli` must outlive it: parsing writes there.
std::unique_ptr<CLI::App> MakeApp(Cli& cli);

}  // namespace pointsman::tools
