// What the columns of a table of outcomes are called, and how their cells are read.
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman {

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
  kIgnored,  // "ignore": the column is none of these
};
inline constexpr bool IsOutcomeField(ColumnField field) {
  return field >= ColumnField::kQuality && field < ColumnField::kIgnored;
}

// "latency_ms".
const char* FieldName(ColumnField field);
// "id, text, arm, quality, ...".
std::string FieldNames();

// The field that a column is called after: by its name in any case, with spaces or hyphens for '_', or, of
// id, text and arm, by another word for it ("query_id", "prompt", "model"). Units are part of a name.
std::optional<ColumnField> FieldOfColumn(std::string_view column);

// The field that a column is probably meant for, though it is not called so: "latency" for latency_ms,
// "qualty" for quality. Absent: none is near.
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

// Empty, "NaN", "null" and the like: nothing was recorded.
bool IsMissing(std::string_view cell);

// The cell's value in the outcome's field; numbers other than quality are taken times `factor`. A missing
// one leaves the outcome as it is. Errors: kInvalidArgument, without the place.
absl::Status ReadCell(ColumnField field, std::string_view cell, const QualityScale& scale,
                      double factor, Outcome& outcome);

}  // namespace pointsman
