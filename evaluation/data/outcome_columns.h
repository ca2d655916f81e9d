// The names of the columns in a table of outcomes, and how their cells are read.
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman::evaluation {

enum class ColumnField {
  kId,
  kText,
  kArm,
  kQuality,
  kLatencyMs,
  kCostUsd,
  kInputTokens,
  kOutputTokens,
  kError,
  kFirstTokenMs,
  kCachedInputTokens,
  kErrorKind,
  kRetryAfterMs,
  kIgnored,  // "ignore": the column is ignored
};
inline constexpr bool IsOutcomeField(ColumnField field) {
  return field >= ColumnField::kQuality && field < ColumnField::kIgnored;
}

// "latency_ms".
const char* FieldName(ColumnField field);
// "id, text, arm, quality, ...".
std::string FieldNames();

// The field that a column's name means: the field's name in any case, with spaces or hyphens for '_', or a
// synonym of id, text or arm ("query_id", "prompt", "model"). Units are part of a name.
std::optional<ColumnField> FieldOfColumn(std::string_view column);

// The field that a column probably means, although its name differs: "latency" for latency_ms, "qualty" for
// quality. Absent: no field is similar.
std::optional<ColumnField> NearMiss(std::string_view column);

// How qualities are written: a number from `worst` (0) to `best` (1). Words (true, yes, up, 👍) are read on
// every scale.
struct QualityScale {
  double worst = 0;
  double best = 1;
  bool is_thumbs = false;  // 1 and -1
};
// "0..100", "1..5", "5..1", "true/false", "thumbs"; empty: 0..1. Errors: kInvalidArgument.
absl::StatusOr<QualityScale> ParseScale(std::string_view text);

// Whether a cell has no value: empty, "NaN", "null" and the like.
bool IsMissing(std::string_view cell);

// Reads the cell into the outcome's field. Numbers other than quality are multiplied by `factor`. A missing
// value does not change the outcome. Errors: kInvalidArgument, without the position.
absl::Status ReadCell(ColumnField field, std::string_view cell, const QualityScale& scale,
                      double factor, Outcome& outcome);

}  // namespace pointsman::evaluation
