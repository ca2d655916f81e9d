// What a program takes on its command line, as data: read from its CLI11 parser, so that its pages (man page,
// completions) say what `--help` says. Hidden options and commands are left out.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pointsman::tools {

struct OptionEntry {
  std::vector<std::string> names;  // "-h", "--help"; of a positional: its one name
  bool is_positional = false;
  std::string value;                 // "TEXT"; empty: a flag, which takes none
  std::vector<std::string> choices;  // the only values, if there are few
  std::string description, environment, default_value;
  bool is_required = false;
  bool may_repeat = false;
};

// A variable of the environment, and what it does.
struct Variable {
  std::string name, text;
};

struct CommandEntry {
  std::string path;         // "pointsman pool create"
  std::string name;         // "create"
  std::string description;  // several lines, perhaps
  std::string footer;       // an example, or notes
  std::vector<OptionEntry> options;
  std::vector<Variable> variables;  // of hidden options, too: some are set in no other way
  std::vector<CommandEntry> commands;
};

CommandEntry ReadTree(const CLI::App& app);

// Calls visit(entry, inherited) for `root` and all below it, parents first. `inherited` are the options of the
// parents: those are taken behind the names of their children, too.
template <class Visit>
void VisitTree(const CommandEntry& root, const Visit& visit,
               const std::vector<OptionEntry>& inherited = {}) {
  visit(root, inherited);
  std::vector<OptionEntry> below = inherited;
  for (const OptionEntry& option : root.options) {
    const bool is_help = option.names.back() == "--help";  // every command has its own
    if (!option.is_positional && !is_help) below.push_back(option);
  }
  for (const CommandEntry& command : root.commands) VisitTree(command, visit, below);
}

// `text` with every `from` replaced by `to`; what pages escape.
std::string Replaced(std::string text, const std::string& from, const std::string& to);

// The words with `between` between them.
std::string Joined(const std::vector<std::string>& words, const std::string& between);

}  // namespace pointsman::tools
