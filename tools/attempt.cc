#include "tools/attempt.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace pointsman::tools {

absl::StatusOr<v1::ErrorKind> ParseErrorKind(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  v1::ErrorKind kind{};
  if (v1::ErrorKind_Parse(name, &kind) && kind != v1::ERROR_KIND_UNSPECIFIED) return kind;
  return InvalidArgument(Quoted(text),
                         " is not a kind of error; expected provider, timeout, rate-limited, "
                         "caller, content-filter or cancelled");
}

absl::StatusOr<v1::Attempt> ParseAttempt(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  const auto number = [](const std::string& part, double& value) {
    const char* const end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, value);
    return error == std::errc() && stop == end && value >= 0;
  };
  v1::Attempt attempt;
  for (std::size_t name_parts = 1; name_parts <= parts.size(); ++name_parts) {
    const std::size_t more = parts.size() - name_parts;
    if (more > 3) continue;
    attempt.Clear();
    attempt.set_arm(
        absl::StrJoin(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(name_parts), ":"));
    bool is_read = !attempt.arm().empty();
    const auto part = [&](std::size_t i) { return parts[name_parts + i]; };
    double value = 0;
    if (more > 0 && !part(0).empty()) {
      const auto kind = ParseErrorKind(part(0));
      is_read = is_read && kind.ok();
      if (kind.ok()) attempt.set_error_kind(*kind);
    }
    if (more > 1 && !part(1).empty()) {
      is_read = is_read && number(part(1), value);
      attempt.set_latency_ms(value);
    }
    if (more > 2 && !part(2).empty()) {
      is_read = is_read && number(part(2), value);
      attempt.set_cost_usd(value);
    }
    // A name may contain colons, but an error kind or a time inside it is taken for a typing error.
    const bool is_whole = name_parts > 1 && more == 0;
    if (is_whole && name_parts > 2 && number(parts.back(), value)) break;
    if (is_whole && std::any_of(parts.begin() + 1, parts.end() - 1, [](const std::string& word) {
          return ParseErrorKind(word).ok();
        })) {
      break;
    }
    if (is_read) return attempt;
  }
  return InvalidArgument(
      Quoted(text),
      " is not an attempt; expected ARM, ARM:timeout, ARM:timeout:30000 or "
      "ARM:timeout:30000:0.002; after an arm name that contains colons, add one more colon");
}

}  // namespace pointsman::tools
