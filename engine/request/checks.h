// The building blocks of validate.h: checks of one number, one text, one list.
// Errors: kInvalidArgument BAD_FIELD or LIMIT with the field's name.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "base/strings.h"
#include "domain/ranges.h"
#include "engine/request/requests.h"
#include "engine/request/validate.h"

namespace pointsman::engine {

inline absl::Status Number(std::string_view field, double value, double least, double most,
                           std::string_view unit) {
  if (std::isfinite(value) && value >= least && value <= most) return absl::OkStatus();
  return BadField(field, Cat("must be a finite number from ", least, " to ", most,
                             unit.empty() ? "" : " ", unit, ", got ", value));
}

inline absl::Status Number(std::string_view field, const std::optional<double>& value, double least,
                           double most, std::string_view unit) {
  return value ? Number(field, *value, least, most, unit) : absl::OkStatus();
}

inline bool AreFinite(std::span<const float> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); });
}

inline absl::Status Text(std::string_view field, std::string_view text, int64_t bytes_max) {
  if (static_cast<int64_t>(text.size()) > bytes_max) {
    return WithReason(
        InvalidArgument(field, ": ", text.size(), " bytes exceed the limit of ", bytes_max),
        reason::kLimit, field);
  }
  if (!IsUtf8(text)) return BadField(field, "must be valid UTF-8");
  return absl::OkStatus();
}

inline absl::Status Count(std::string_view field, std::size_t count, int64_t most) {
  if (static_cast<int64_t>(count) <= most) return absl::OkStatus();
  return WithReason(InvalidArgument(field, ": ", count, " entries exceed the limit of ", most),
                    reason::kLimit, field);
}

}  // namespace pointsman::engine
