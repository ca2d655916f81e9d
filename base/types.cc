#include "base/types.h"

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

Preference Normalised(const Preference& p) {
  const double sum = p.quality + p.cost + p.latency;
  return {p.quality / sum, p.cost / sum, p.latency / sum};
}

}  // namespace pointsman
