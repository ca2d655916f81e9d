#include "tools/pages/command_tree.h"

#include <algorithm>

namespace pointsman::tools {
namespace {

// CLI11 says the choices of an option in the name of its type: "TEXT:{first-token,total}".
std::vector<std::string> ChoicesOf(const std::string& type) {
  std::vector<std::string> choices;
  const std::size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  std::size_t at = open + 1;
  while (at <= close) {
    const std::size_t end = std::min(type.find(',', at), close);
    choices.push_back(type.substr(at, end - at));
    at = end + 1;
  }
  return choices;
}

OptionEntry EntryOf(const CLI::Option& option) {
  OptionEntry entry;
  entry.is_positional = option.get_positional() && !option.nonpositional();
  if (entry.is_positional) {
    entry.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  }
  entry.description = option.get_description();
  entry.environment = option.get_envname();
  entry.is_required = option.get_required();
  entry.may_repeat = option.get_expected_max() > 1;
  if (option.get_items_expected_max() == 0) return entry;  // a flag
  const std::string type = option.get_type_name();
  entry.value = type.substr(0, type.find(':'));
  if (entry.value.empty()) entry.value = "TEXT";
  entry.choices = ChoicesOf(type);
  entry.default_value = option.get_default_str();
  return entry;
}

CommandEntry EntryOf(const CLI::App& app, const std::string& parent_path,
                     const std::string& parent_footer) {
  CommandEntry entry;
  entry.name = app.get_name();
  entry.path = parent_path.empty() ? entry.name : parent_path + " " + entry.name;
  entry.description = app.get_description();
  // CLI11 gives a command its parent's footer, which the page has already.
  if (app.get_footer() != parent_footer) entry.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    const bool is_hidden = option->get_group().empty();
    if (!is_hidden) entry.options.push_back(EntryOf(*option));
    if (option->get_envname().empty()) continue;
    entry.variables.push_back(
        {option->get_envname(),
         is_hidden ? option->get_description() : "the same as --" + option->get_lnames().front()});
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty())
      entry.commands.push_back(EntryOf(*command, entry.path, app.get_footer()));
  }
  return entry;
}

}  // namespace

CommandEntry ReadTree(const CLI::App& app) { return EntryOf(app, "", ""); }

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string Joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

}  // namespace pointsman::tools
