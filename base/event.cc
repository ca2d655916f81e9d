#include "base/event.h"

namespace pointsman {

const char* EventKindName(const Event& event) {
  if (std::holds_alternative<OutcomeEvent>(event.body)) return "outcome";
  if (std::holds_alternative<ArmEvent>(event.body)) return "arm";
  return "pool";
}

}  // namespace pointsman
