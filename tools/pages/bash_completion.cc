#include "base/strings.h"
#include "tools/pages/completion.h"

namespace pointsman::tools {
namespace {

std::string Words(const std::vector<std::string>& words) { return Joined(words, " "); }

// What can stand at this place: options, and commands or the choices of a positional.
std::string PlaceCase(const CommandEntry& entry, const std::vector<OptionEntry>& inherited) {
  std::vector<std::string> options, words;
  for (const CommandEntry& command : entry.commands) words.push_back(command.name);
  for (const auto* list : {&entry.options, &inherited}) {
    for (const OptionEntry& option : *list) {
      auto& target = option.is_positional ? words : options;
      const auto& source = option.is_positional ? option.choices : option.names;
      target.insert(target.end(), source.begin(), source.end());
    }
  }
  return Cat("    '", entry.path, "') options='", Words(options), "' words='", Words(words),
             "' ;;\n");
}

// What can follow an option that takes a value; files where nothing is known.
std::string ValueCases(const CommandEntry& entry, const std::vector<OptionEntry>& inherited) {
  std::string text;
  for (const auto* list : {&entry.options, &inherited}) {
    for (const OptionEntry& option : *list) {
      if (option.is_positional || option.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back(Cat("'", entry.path, ":", name, "'"));
      }
      text += Cat("    ", Joined(patterns, "|"), ") values='", Words(option.choices), "' ;;\n");
    }
  }
  return text;
}

}  // namespace

std::string BashCompletion(const CommandEntry& root) {
  std::string paths, places, values;
  VisitTree(root, [&](const CommandEntry& entry, const std::vector<OptionEntry>& inherited) {
    if (&entry != &root) paths += Cat(paths.empty() ? "" : "|", "'", entry.path, "'");
    places += PlaceCase(entry, inherited);
    values += ValueCases(entry, inherited);
  });
  const std::string function = "_" + Replaced(root.name, "-", "_");
  const std::string walk = paths.empty()
                               ? ""
                               : Cat("  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
                                     "    case \"$path ${COMP_WORDS[i]}\" in ",
                                     paths, ") path+=\" ${COMP_WORDS[i]}\" ;; esac\n  done\n");
  return Cat("# Completion of ", root.name, " for bash, made from its help.\n", function,
             "() {\n"
             "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
             "  local path=",
             root.name,
             " options='' words='' values=none i\n"
             "  COMPREPLY=()\n"
             "  # bash splits --option=value at the sign.\n"
             "  if [[ $current == = ]]; then current=''; fi\n"
             "  if [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n",
             walk, "  case \"$path:$before\" in\n", values,
             "  esac\n"
             "  if [[ $values != none ]]; then\n"
             "    COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
             "    return\n"
             "  fi\n"
             "  case \"$path\" in\n",
             places,
             "  esac\n"
             "  if [[ $current == -* ]]; then words=$options; fi\n"
             "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
             "}\n"
             "complete -o default -F ",
             function, " ", root.name, "\n");
}

std::string Completion(const std::string& shell, const CommandEntry& root) {
  if (shell == "bash") return BashCompletion(root);
  return shell == "zsh" ? ZshCompletion(root) : FishCompletion(root);
}

}  // namespace pointsman::tools
