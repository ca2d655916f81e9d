// Parses the flags of the programs other than `pointsman`. A wrong flag ends the program with exit code 2 and
// one line about the mistake; --help and --version end it with 0.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace pointsman::service {

constexpr int kExitUsage = 2;

// Nothing: the flags are parsed. Otherwise the exit code to end with.
inline std::optional<int> ParseFlags(CLI::App& app, const std::string& version, int argc,
                                     char** argv) {
  app.set_version_flag("--version", app.get_name() + " " + version);
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    // Help and version: CLI11 prints them.
    if (error.get_exit_code() == 0) return app.exit(error);
    // Report an unknown flag rather than a missing one.
    const std::vector<std::string> unknown = app.remaining();
    const std::string what = unknown.empty() ? error.what() : "unknown argument " + unknown.front();
    std::fprintf(stderr, "%s: %s; see `%s --help`\n", app.get_name().c_str(), what.c_str(),
                 app.get_name().c_str());
    return kExitUsage;
  }
}

}  // namespace pointsman::service
