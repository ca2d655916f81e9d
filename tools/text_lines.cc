#include "tools/text_lines.h"

#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/lines.h"

namespace pointsman::tools {
namespace {

absl::StatusOr<std::string> TextOf(const evaluation::Lines& lines, bool is_json) {
  if (!is_json) return lines.line();
  const auto object = nlohmann::json::parse(lines.line(), nullptr, /*allow_exceptions=*/false);
  for (const char* key : {"text", "query"}) {
    if (!object.is_object()) break;
    const auto found = object.find(key);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
  }
  return InvalidArgument(lines.Where(),
                         ": expected a JSON object with the string `text` or `query`");
}

}  // namespace

absl::Status ForEachText(const std::string& path,
                         const std::function<void(const std::string&)>& use) {
  const bool is_json = path.ends_with(".jsonl") || path.ends_with(".jsonl.gz");
  ASSIGN_OR_RETURN(const auto lines, evaluation::Lines::Open(path));
  while (true) {
    ASSIGN_OR_RETURN(const bool is_line, lines->Next());
    if (!is_line) return absl::OkStatus();
    if (lines->line().empty()) continue;
    ASSIGN_OR_RETURN(const std::string text, TextOf(*lines, is_json));
    use(text);
  }
}

}  // namespace pointsman::tools
