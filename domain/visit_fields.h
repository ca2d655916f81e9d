// All fields of an outcome, in one list.
// Threads: pure.
#pragma once

#include <cstdint>

#include "domain/types.h"

namespace pointsman {

// The number of a field of an outcome in record.proto, as FieldTime and OutcomeEvent::said have it. Calls
// `visit(number, pointer to member)` for each.
template <class Visit>
void VisitFields(const Visit& visit) {
  visit(uint8_t{1}, &Outcome::quality);
  visit(uint8_t{2}, &Outcome::latency_ms);
  visit(uint8_t{3}, &Outcome::cost_usd);
  visit(uint8_t{4}, &Outcome::input_tokens);
  visit(uint8_t{5}, &Outcome::output_tokens);
  visit(uint8_t{6}, &Outcome::error);
  visit(uint8_t{7}, &Outcome::first_token_ms);
  visit(uint8_t{8}, &Outcome::cached_input_tokens);
  visit(uint8_t{9}, &Outcome::error_kind);
  visit(uint8_t{10}, &Outcome::retry_after_ms);
}
inline constexpr uint8_t kFieldLast = 10;

}  // namespace pointsman
