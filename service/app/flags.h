// The flags of a program that is no `pointsman`: a wrong one ends it with exit code 2 and a line that says what is
// wrong, --help and --version with 0.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace pointsman {

constexpr int kExitUsage = 2;

// Nothing: the flags are in force. Else what the program ends with, now.
inline std::optional<int> ParseFlags(CLI::App& app, const std::string& version, int argc,
                                     char** argv) {
  app.set_version_flag("--version", app.get_name() + " " + version);
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    // Help and version: CLI11 prints them.
    if (error.get_exit_code() == 0) return app.exit(error);
    // What is not known rather than what is missing beside it.
    const std::vector<std::string> unknown = app.remaining();
    const std::string what = unknown.empty() ? error.what() : "there is no " + unknown.front();
    std::fprintf(stderr, "%s: %s; `%s --help` shows what it takes\n", app.get_name().c_str(),
                 what.c_str(), app.get_name().c_str());
    return kExitUsage;
  }
}

}  // namespace pointsman
