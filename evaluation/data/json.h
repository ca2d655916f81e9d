// Reads JSON without exceptions, and finds the line of an error. Included by .cc files only.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/strings.h"

namespace pointsman::evaluation {

// Finds where a text stops being JSON.
class JsonErrorPosition final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override {
    position = at;
    return false;
  }
  std::size_t position = 0;  // bytes read up to the error
};

// The text with null instead of NaN, Infinity and -Infinity. They are not JSON, but Python and others write
// them for missing numbers.
inline std::string WithoutNan(std::string text) {
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_in_string = !is_in_string;
    if (is_in_string) {
      if (text[i] == '\\') ++i;
      continue;
    }
    for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
      if (std::string_view(text).substr(i, word.size()) != word) continue;
      text.replace(i, word.size(), "null");
      break;
    }
  }
  return text;
}

// `where` is the path; the line within `text` is added to it.
inline absl::StatusOr<nlohmann::json> ParseJson(std::string_view text, std::string_view where) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_discarded()) return value;
  JsonErrorPosition sax;
  nlohmann::json::sax_parse(text, &sax);
  const std::size_t end = std::min(sax.position, text.size());
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
  return InvalidArgument(where, ":", line, ": this is not valid JSON (the error is at byte ", end,
                         " of the text); correct it there");
}

// The string at `key`; null if it is missing or not a string.
inline const std::string* JsonString(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return nullptr;
  return found->get_ptr<const std::string*>();
}

}  // namespace pointsman::evaluation
