#include "evaluation/data/outcome_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"

namespace pointsman::evaluation {
namespace {

using enum ColumnField;

constexpr double kUlp = 1e-9;  // a quality this little outside [0, 1] is moved to the bound

constexpr std::array<std::pair<ColumnField, const char*>, 14> kFields = {{
    {kId, "id"},
    {kText, "text"},
    {kArm, "arm"},
    {kQuality, "quality"},
    {kLatencyMs, "latency_ms"},
    {kCostUsd, "cost_usd"},
    {kInputTokens, "input_tokens"},
    {kOutputTokens, "output_tokens"},
    {kError, "error"},
    {kFirstTokenMs, "first_token_ms"},
    {kCachedInputTokens, "cached_input_tokens"},
    {kErrorKind, "error_kind"},
    {kRetryAfterMs, "retry_after_ms"},
    {kIgnored, "ignore"},
}};

// Synonyms for fields without a unit.
constexpr std::pair<const char*, ColumnField> kSynonyms[] = {
    {"query_id", kId}, {"sample_id", kId},   {"prompt_id", kId},  {"question_id", kId},
    {"query", kText},  {"prompt", kText},    {"question", kText}, {"query_text", kText},
    {"model", kArm},   {"model_name", kArm}, {"arm_name", kArm},  {"model_id", kArm},
};

// Words that often mean these fields, but without a unit or scale.
constexpr std::pair<const char*, ColumnField> kMeant[] = {
    {"latency", kLatencyMs},
    {"latency_s", kLatencyMs},
    {"latency_sec", kLatencyMs},
    {"latency_seconds", kLatencyMs},
    {"total_latency", kLatencyMs},
    {"total_latency_ms", kLatencyMs},
    {"duration", kLatencyMs},
    {"duration_ms", kLatencyMs},
    {"response_time", kLatencyMs},
    {"response_time_ms", kLatencyMs},
    {"elapsed_ms", kLatencyMs},
    {"cost", kCostUsd},
    {"price", kCostUsd},
    {"total_cost", kCostUsd},
    {"usd", kCostUsd},
    {"cost_eur", kCostUsd},
    {"total_cost_usd", kCostUsd},
    {"tokens_in", kInputTokens},
    {"prompt_tokens", kInputTokens},
    {"input_token_count", kInputTokens},
    {"tokens_out", kOutputTokens},
    {"completion_tokens", kOutputTokens},
    {"output_token_count", kOutputTokens},
    {"cached_tokens", kCachedInputTokens},
    {"cache_read_input_tokens", kCachedInputTokens},
    {"ttft", kFirstTokenMs},
    {"ttft_ms", kFirstTokenMs},
    {"time_to_first_token", kFirstTokenMs},
    {"time_to_first_token_ms", kFirstTokenMs},
    {"first_token", kFirstTokenMs},
    {"score", kQuality},
    {"rating", kQuality},
    {"reward", kQuality},
    {"accuracy", kQuality},
    {"is_correct", kQuality},
    {"correct", kQuality},
    {"failed", kError},
    {"is_error", kError},
    {"error_type", kErrorKind},
    {"retry_after", kRetryAfterMs},
};

constexpr std::string_view kTrueWords[] = {
    "true",     "yes",  "y",          "t",      "up",    "thumbs_up", "thumbsup",
    "thumb_up", "like", "liked",      "good",   "pass",  "passed",    "correct",
    "right",    "win",  "\U0001F44D", "\u2705", "\u2714"};
constexpr std::string_view kFalseWords[] = {
    "false",      "no",      "n",          "f",      "down",  "thumbs_down", "thumbsdown",
    "thumb_down", "dislike", "disliked",   "bad",    "fail",  "failed",      "incorrect",
    "wrong",      "loss",    "\U0001F44E", "\u274C", "\u2718"};
constexpr std::string_view kMissingWords[] = {"nan", "null", "none", "na", "n/a", "-"};

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// "Latency MS" and "latency-ms" are latency_ms.
std::string Folded(std::string_view column) {
  std::string folded = Lower(Trimmed(column));
  std::replace_if(
      folded.begin(), folded.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return folded;
}

template <class Words>
bool IsOneOf(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// A word or an emoji of any skin tone.
std::optional<bool> ReadWord(std::string_view cell) {
  std::string word = Folded(cell);
  for (const std::string_view emoji : {"\U0001F44D", "\U0001F44E"}) {
    if (word.starts_with(emoji)) word = emoji;
  }
  while (!word.empty() && word.starts_with(':') && word.ends_with(':') && word.size() > 2) {
    word = word.substr(1, word.size() - 2);
  }
  if (word == "+1") return true;
  if (IsOneOf(kTrueWords, word)) return true;
  if (IsOneOf(kFalseWords, word)) return false;
  return std::nullopt;
}

std::optional<double> ReadNumber(std::string_view cell) {
  cell = Trimmed(cell);
  if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

absl::Status Unread(ColumnField field, std::string_view cell, std::string_view expected) {
  return InvalidArgument("`", FieldName(field), "` is ", Quoted(cell), "; expected ", expected);
}

absl::StatusOr<double> ReadQuality(std::string_view cell, const QualityScale& scale) {
  const std::string_view text = Trimmed(cell);
  std::optional<double> number = ReadNumber(text);
  if (!number) {
    if (const auto word = ReadWord(text)) return *word ? 1.0 : 0.0;
    if (text.ends_with('%')) {
      if (const auto percent = ReadNumber(text.substr(0, text.size() - 1));
          percent && *percent >= 0 && *percent <= 100) {
        return *percent / 100;
      }
    }
    return Unread(kQuality, cell, "a number, true or false, or a thumb");
  }
  if (scale.is_thumbs && *number == -1) number = 0;
  const double quality = (*number - scale.worst) / (scale.best - scale.worst);
  if (!(quality >= -kUlp && quality <= 1 + kUlp)) {
    const bool is_unit = scale.worst == 0 && scale.best == 1;
    return Unread(
        kQuality, cell,
        Cat("from ", std::min(scale.worst, scale.best), " to ", std::max(scale.worst, scale.best),
            is_unit ? "; use --scale (0..100, 1..5, thumbs) for another scale" : ""));
  }
  return std::clamp(quality, 0.0, 1.0);
}

absl::StatusOr<ErrorKind> ReadKind(std::string_view cell) {
  constexpr std::pair<const char*, ErrorKind> kKinds[] = {
      {"provider", ErrorKind::kProvider},
      {"timeout", ErrorKind::kTimeout},
      {"rate_limited", ErrorKind::kRateLimited},
      {"caller", ErrorKind::kCaller},
      {"content_filter", ErrorKind::kContentFilter},
      {"cancelled", ErrorKind::kCancelled}};
  const std::string word = Folded(cell);
  for (const auto& [name, kind] : kKinds) {
    if (word == name) return kind;
  }
  return Unread(kErrorKind, cell,
                "PROVIDER, TIMEOUT, RATE_LIMITED, CALLER, CONTENT_FILTER or CANCELLED");
}

absl::Status ReadAmount(ColumnField field, std::string_view cell, double factor,
                        std::optional<double>& value) {
  std::string_view text = Trimmed(cell);
  if (text.starts_with('$')) text.remove_prefix(1);
  const auto number = ReadNumber(text);
  if (!number || !(*number >= 0)) {
    return Unread(field, cell, "a number, at least 0, or an empty cell");
  }
  value = *number * factor;
  return absl::OkStatus();
}

// Whole numbers, which a spreadsheet may write as 120.0.
absl::Status ReadCount(ColumnField field, std::string_view cell, double factor,
                       std::optional<int64_t>& value) {
  const auto number = ReadNumber(cell);
  const double count = number ? *number * factor : -1;
  if (!(count >= 0 && count <= 1e15) || count != std::floor(count)) {
    return Unread(field, cell, "a whole number, at least 0, or an empty cell");
  }
  value = static_cast<int64_t>(count);
  return absl::OkStatus();
}

absl::Status ReadError(std::string_view cell, std::optional<bool>& value) {
  const std::string word = Folded(cell);
  const auto number = ReadNumber(cell);
  if (number && (*number == 0 || *number == 1)) {
    value = *number == 1;
  } else if (word == "true" || word == "yes" || word == "error") {
    value = true;
  } else if (word == "false" || word == "no" || word == "ok") {
    value = false;
  } else {
    return Unread(kError, cell,
                  "true or false; for a column of error kinds, use the field `error_kind`");
  }
  return absl::OkStatus();
}

}  // namespace

const char* FieldName(ColumnField field) { return kFields[static_cast<std::size_t>(field)].second; }

std::string FieldNames() {
  std::string names;
  for (const auto& [field, name] : kFields) {
    if (field != kIgnored) names += Cat(names.empty() ? "" : ", ", name);
  }
  return names;
}

std::optional<ColumnField> FieldOfColumn(std::string_view column) {
  const std::string folded = Folded(column);
  for (const auto& [field, name] : kFields) {
    if (field != kIgnored && folded == name) return field;
  }
  for (const auto& [name, field] : kSynonyms) {
    if (folded == name) return field;
  }
  return std::nullopt;
}

std::optional<ColumnField> NearMiss(std::string_view column) {
  const std::string folded = Folded(column);
  for (const auto& [name, field] : kMeant) {
    if (folded == name) return field;
  }
  std::vector<std::string> names;
  for (const auto& [field, name] : kFields) {
    if (IsOutcomeField(field)) names.emplace_back(name);
  }
  const std::string near = NearestName(folded, names);
  return near.empty() ? std::nullopt : FieldOfColumn(near);
}

absl::StatusOr<QualityScale> ParseScale(std::string_view text) {
  const std::string word = Folded(text);
  if (word.empty() || word == "true/false" || word == "bool" || word == "boolean" ||
      word == "yes/no") {
    return QualityScale{};
  }
  if (word == "thumbs" || word == "up/down") return QualityScale{0, 1, true};
  const std::size_t dots = text.find("..");
  if (dots != std::string_view::npos) {
    const auto worst = ReadNumber(text.substr(0, dots));
    const auto best = ReadNumber(text.substr(dots + 2));
    if (worst && best && *worst != *best) return QualityScale{*worst, *best, false};
  }
  return InvalidArgument("--scale is ", Quoted(text),
                         "; expected WORST..BEST such as 0..100 or 1..5, true/false, or thumbs");
}

bool IsMissing(std::string_view cell) {
  const std::string word = Lower(Trimmed(cell));
  return word.empty() || IsOneOf(kMissingWords, word);
}

absl::Status ReadCell(ColumnField field, std::string_view cell, const QualityScale& scale,
                      double factor, Outcome& outcome) {
  if (IsMissing(cell)) return absl::OkStatus();
  switch (field) {
    case kQuality: {
      ASSIGN_OR_RETURN(outcome.quality, ReadQuality(cell, scale));
      return absl::OkStatus();
    }
    case kErrorKind: {
      ASSIGN_OR_RETURN(outcome.error_kind, ReadKind(cell));
      outcome.error = true;
      return absl::OkStatus();
    }
    case kError:
      return ReadError(cell, outcome.error);
    case kLatencyMs:
      return ReadAmount(field, cell, factor, outcome.latency_ms);
    case kCostUsd:
      return ReadAmount(field, cell, factor, outcome.cost_usd);
    case kFirstTokenMs:
      return ReadAmount(field, cell, factor, outcome.first_token_ms);
    case kInputTokens:
      return ReadCount(field, cell, factor, outcome.input_tokens);
    case kOutputTokens:
      return ReadCount(field, cell, factor, outcome.output_tokens);
    case kCachedInputTokens:
      return ReadCount(field, cell, factor, outcome.cached_input_tokens);
    case kRetryAfterMs:
      return ReadCount(field, cell, factor, outcome.retry_after_ms);
    default:
      return absl::OkStatus();
  }
}

}  // namespace pointsman::evaluation
