#include "tools/pages/man_page.h"

#include <sstream>

#include "base/strings.h"
#include "base/version.h"

namespace pointsman::tools {
namespace {

// Text as roff prints it: no escape, no request where a line begins, and hyphens that can be copied.
std::string Escaped(const std::string& text) {
  return Replaced(Replaced(text, "\\", "\\e"), "-", "\\-");
}

std::string Lines(const std::string& text) {
  std::string roff;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool looks_like_request = line.starts_with(".") || line.starts_with("'");
    roff += (looks_like_request ? "\\&" : "") + Escaped(line) + "\n";
  }
  return roff;
}

std::string Verbatim(const std::string& text) {
  return text.empty() ? "" : ".PP\n.nf\n" + Lines(text) + ".fi\n";
}

std::string Section(const std::string& name, const std::string& body) {
  return body.empty() ? "" : ".SH " + name + "\n" + body;
}

// "a sentence" as one: with a point at its end, if it has none.
std::string Sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

std::string Heading(const OptionEntry& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += Cat(text.empty() ? "" : ", ", "\\fB", Escaped(name), "\\fR");
  }
  if (!option.value.empty() && !option.is_positional) {
    text += Cat(" \\fI", Escaped(option.value), "\\fR");
  }
  return text + (option.may_repeat ? " ..." : "");
}

std::string Explained(const OptionEntry& option) {
  std::string text = Sentence(option.description);
  if (!option.choices.empty()) text += " One of: " + Joined(option.choices, ", ") + ".";
  if (!option.default_value.empty()) text += " Default: " + option.default_value + ".";
  if (option.is_required) text += " Required.";
  if (!option.environment.empty()) text += " Environment: " + option.environment + ".";
  return Lines(text);
}

std::string Options(const std::vector<OptionEntry>& options) {
  std::string roff;
  for (const OptionEntry& option : options) {
    roff += Cat(".TP\n", Heading(option), "\n", Explained(option));
  }
  return roff;
}

std::string Usage(const CommandEntry& entry) {
  std::string text = Cat("\\fB", Escaped(entry.path), "\\fR [\\fIoptions\\fR]");
  for (const OptionEntry& option : entry.options) {
    if (!option.is_positional) continue;
    const std::string name = Cat("\\fI", Escaped(option.names.front()), "\\fR");
    text += option.is_required ? " " + name : Cat(" [", name, "]");
  }
  if (!entry.commands.empty()) text += " \\fIcommand\\fR ...";
  return text + "\n";
}

std::string Commands(const CommandEntry& root) {
  std::string roff;
  VisitTree(root, [&](const CommandEntry& entry, const std::vector<OptionEntry>&) {
    if (&entry == &root) return;
    roff += Cat(".SS ", Escaped(entry.path), "\n", Lines(Sentence(entry.description)), ".PP\n",
                Usage(entry), Options(entry.options), Verbatim(entry.footer));
  });
  return roff;
}

std::string Environment(const CommandEntry& root) {
  std::string roff;
  VisitTree(root, [&](const CommandEntry& entry, const std::vector<OptionEntry>&) {
    for (const Variable& variable : entry.variables) {
      roff += Cat(".TP\n\\fB", Escaped(variable.name), "\\fR\n", Lines(Sentence(variable.text)));
    }
  });
  return roff;
}

}  // namespace

std::string ManPage(const CommandEntry& root, const ManHead& head) {
  std::string title = root.name;
  for (char& c : title) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return Cat(".TH ", title, " ", head.section, " \"\" \"pointsman ", Version(),
             "\" \"Pointsman\"\n") +
         Section("NAME", Escaped(root.name) + " \\- " + Escaped(head.summary) + "\n") +
         Section("SYNOPSIS", Usage(root)) + Section("DESCRIPTION", Lines(root.description)) +
         Section("OPTIONS", Options(root.options)) + Section("COMMANDS", Commands(root)) +
         Section("ENVIRONMENT", Environment(root)) + Section("NOTES", Verbatim(root.footer)) +
         Section("SEE ALSO", Lines(head.see_also));
}

}  // namespace pointsman::tools
