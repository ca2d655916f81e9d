#include "domain/event.h"

#include "domain/visit_fields.h"

namespace pointsman {

const char* EventKindName(const Event& event) {
  if (std::holds_alternative<OutcomeEvent>(event.body)) return "outcome";
  if (std::holds_alternative<ArmEvent>(event.body)) return "arm";
  if (std::holds_alternative<SilenceEvent>(event.body)) return "silence";
  return "pool";
}

Outcome MergedOutcome(const OutcomeEvent& event) {
  if (event.is_withdrawal) return event.outcome;
  Outcome merged = event.before;
  const Outcome& said = event.outcome;
  VisitFields([&](uint8_t, auto field) {
    if (said.*field) merged.*field = said.*field;
  });
  // A call that failed has no quality; one that did not fail has no error kind.
  if (merged.error.value_or(false)) {
    merged.quality.reset();
  } else {
    merged.error_kind.reset();
  }
  // How long to wait belongs to a rate limit.
  if (merged.error_kind != ErrorKind::kRateLimited) merged.retry_after_ms.reset();
  return merged;
}

}  // namespace pointsman
