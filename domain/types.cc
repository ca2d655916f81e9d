#include "domain/types.h"

#include <cmath>

#include "base/strings.h"

namespace pointsman {

absl::Status ValidatePreference(const Preference& p) {
  for (const double weight : {p.quality, p.cost, p.latency}) {
    if (!std::isfinite(weight) || weight < 0) {
      return InvalidArgument(
          "preference: each weight must be a finite number of at least 0, got quality ", p.quality,
          ", cost ", p.cost, ", latency ", p.latency);
    }
  }
  const double sum = p.quality + p.cost + p.latency;
  if (!(sum > 0) || !std::isfinite(sum)) {
    return InvalidArgument(
        "preference: at least one of quality, cost and latency must be above 0, and their sum "
        "finite");
  }
  return absl::OkStatus();
}

CallEnd EndOf(const Outcome& outcome) {
  if (outcome.empty()) return CallEnd::kUnknown;
  if (!outcome.error.value_or(false)) return CallEnd::kAnswered;
  switch (outcome.error_kind.value_or(ErrorKind::kProvider)) {
    case ErrorKind::kProvider:
    case ErrorKind::kTimeout:
      return CallEnd::kFailed;
    case ErrorKind::kContentFilter:
      return CallEnd::kFiltered;
    case ErrorKind::kRateLimited:
    case ErrorKind::kCaller:
    case ErrorKind::kCancelled:
      break;
  }
  return CallEnd::kNeutral;
}

double InclusionOf(const Decision& decision, ArmId arm) {
  for (const Candidate& candidate : decision.candidates) {
    if (candidate.arm == arm) return candidate.inclusion;
  }
  return 1;
}

bool IsRatedAlone(const Decision& decision, std::size_t i) {
  const Selection selection = decision.chosen[i].selection;
  return i > 0 && (selection == Selection::kPanel || selection == Selection::kGreedy);
}

std::vector<ArmId> RatedArms(const Decision& decision) {
  std::vector<ArmId> arms;
  for (std::size_t i = 0; i < decision.chosen.size(); ++i) {
    if (i == 0 || IsRatedAlone(decision, i)) arms.push_back(decision.chosen[i].arm);
  }
  return arms;
}

Preference Normalised(const Preference& p) {
  const double sum = p.quality + p.cost + p.latency;
  return {p.quality / sum, p.cost / sum, p.latency / sum};
}

}  // namespace pointsman
