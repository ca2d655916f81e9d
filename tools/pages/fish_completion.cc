#include "base/strings.h"
#include "tools/pages/completion.h"

namespace pointsman::tools {
namespace {

std::string Quote(const std::string& text) {
  std::string line = Replaced(Replaced(text, "\\", "\\\\"), "'", "\\'");
  return Cat("'", Replaced(line, "\n", " "), "'");
}

// Where an option of `entry` is taken: at that command, and below it.
std::string Option(const OptionEntry& option, const std::string& start,
                   const std::string& condition) {
  std::string text = start + condition;
  if (option.is_positional) {
    if (option.choices.empty()) return "";  // anything, files too
    return Cat(text, " -f -a ", Quote(Joined(option.choices, " ")), " -d ",
               Quote(option.description), "\n");
  }
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? Cat(" -l ", name.substr(2)) : Cat(" -s ", name.substr(1));
  }
  if (!option.choices.empty()) {
    text += Cat(" -x -a ", Quote(Joined(option.choices, " ")));
  } else if (!option.value.empty()) {
    text += " -r";
  }
  return Cat(text, " -d ", Quote(option.description), "\n");
}

}  // namespace

std::string FishCompletion(const CommandEntry& root) {
  const std::string name = Replaced(root.name, "-", "_");
  const std::string start = Cat("complete -c ", root.name);
  const auto at = [&](const char* how, const CommandEntry& entry) {
    return Cat(" -n \"__", name, "_", how, " '", entry.path, "'\"");
  };
  std::string paths, rules;
  VisitTree(root, [&](const CommandEntry& entry, const std::vector<OptionEntry>&) {
    if (&entry != &root) paths += Cat(" '", entry.path, "'");
    for (const CommandEntry& command : entry.commands) {
      rules += Cat(start, at("at", entry), " -f -a ", command.name, " -d ",
                   Quote(command.description), "\n");
    }
    for (const OptionEntry& option : entry.options) {
      rules += Option(option, start, at(option.is_positional ? "at" : "within", entry));
    }
  });
  return Cat("# Completion of ", root.name, " for fish, made from its help.\n", "function __", name,
             "_path\n"
             "  set -l path ",
             root.name,
             "\n"
             "  set -l words (commandline -opc)\n"
             "  for word in $words[2..-1]\n"
             "    if contains -- \"$path $word\"",
             paths,
             "\n"
             "      set path \"$path $word\"\n"
             "    end\n"
             "  end\n"
             "  echo $path\n"
             "end\n"
             "function __",
             name, "_at\n  test (__", name, "_path) = $argv[1]\nend\n", "function __", name,
             "_within\n  string match -q -- \"$argv[1] *\" (__", name, "_path)' '\nend\n", rules);
}

}  // namespace pointsman::tools
