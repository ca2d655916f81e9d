#include "base/strings.h"
#include "tools/pages/completion.h"

namespace pointsman::tools {
namespace {

std::string FunctionOf(const CommandEntry& entry) {
  return "_" + Replaced(Replaced(entry.path, " ", "_"), "-", "_");
}

// A word of the shell, in single quotes.
std::string Quote(const std::string& text) { return Cat("'", Replaced(text, "'", "'\\''"), "'"); }

// Text inside the square brackets of a specification of _arguments, or after one of its colons.
std::string Plain(std::string text) {
  for (const char* special : {"\\", "[", "]", ":"}) {
    text = Replaced(text, special, std::string("\\") + special);
  }
  return Replaced(text, "\n", " ");
}

// ":TEXT:_default", or ":TEXT:(first-token total)".
std::string Value(const OptionEntry& option) {
  if (option.value.empty()) return "";
  const std::string what = option.is_positional ? option.names.front() : option.value;
  const std::string action =
      option.choices.empty() ? "_default" : Cat("(", Joined(option.choices, " "), ")");
  return Cat(":", Plain(what), ":", action);
}

std::string Argument(const OptionEntry& option, int position) {
  if (option.is_positional) {
    return Quote((option.may_repeat ? "*" : std::to_string(position)) + Value(option));
  }
  std::string words;
  for (const std::string& name : option.names) {
    // Only an option of one name may exclude itself; several exclude each other.
    const std::string before = option.may_repeat         ? "*"
                               : option.names.size() > 1 ? Cat("(", Joined(option.names, " "), ")")
                                                         : "";
    words += Cat(words.empty() ? "" : " ",
                 Quote(Cat(before, name, "[", Plain(option.description), "]", Value(option))));
  }
  return words;
}

std::string SubcommandStates(const CommandEntry& entry) {
  std::string names, calls;
  for (const CommandEntry& command : entry.commands) {
    names += Cat("        ",
                 Quote(Cat(command.name, ":", Replaced(command.description, "\n", " "))), "\n");
    calls += Cat("        ", command.name, ") ", FunctionOf(command), " ;;\n");
  }
  return Cat(
      "  case $state in\n"
      "    command)\n"
      "      local -a commands=(\n",
      names,
      "      )\n"
      "      _describe -t commands command commands\n"
      "      ;;\n"
      "    argument)\n"
      "      case $line[1] in\n",
      calls,
      "      esac\n"
      "      ;;\n"
      "  esac\n");
}

std::string Function(const CommandEntry& entry, const std::vector<OptionEntry>& inherited) {
  std::string arguments;
  int position = 1;
  for (const auto* list : {&entry.options, &inherited}) {
    for (const OptionEntry& option : *list) {
      arguments += Cat(" \\\n    ", Argument(option, position));
      if (option.is_positional) ++position;
    }
  }
  const bool has_commands = !entry.commands.empty();
  if (has_commands) arguments += " \\\n    '1:command:->command' '*::argument:->argument'";
  return Cat(FunctionOf(entry), "() {\n",
             has_commands ? "  local context state state_descr line\n  typeset -A opt_args\n" : "",
             "  _arguments", has_commands ? " -C" : "", arguments, "\n",
             has_commands ? SubcommandStates(entry) : "", "}\n");
}

}  // namespace

std::string ZshCompletion(const CommandEntry& root) {
  std::string functions;
  VisitTree(root, [&](const CommandEntry& entry, const std::vector<OptionEntry>& inherited) {
    functions += Function(entry, inherited);
  });
  const std::string function = FunctionOf(root);
  // As a file of fpath it is the body of the function; else it is sourced.
  return Cat("#compdef ", root.name, "\n", "# Completion of ", root.name,
             " for zsh, made from its help.\n", functions, "if [[ $funcstack[1] == ", function,
             " ]]; then\n  ", function, " \"$@\"\nelse\n  compdef ", function, " ", root.name,
             "\nfi\n");
}

}  // namespace pointsman::tools
