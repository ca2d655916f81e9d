// Whether a mean has changed: two one-sided cumulative sums of residuals, for a shift of +-0.2 and outcomes
// of variance 0.2 (a quality, or whether a call failed):
//   S <- max(0, S + (0.2 r - 0.02) / 0.2),  alarm at S > 12 (about one false alarm in 300,000 outcomes)
// for r = +-residual. The sum and count of the residuals since S was last 0 say how large the shift was, and
// are kept by who acts on it: when they are taken back, so is what they set off.
// Threads: a value.
// Source: Page 1954.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace pointsman {

// What rang: residuals of this weight and sum, the first of them at `since` of the caller's clock.
struct DriftAlarm {
  double sum = 0, weight = 0, since = 0;

  double shift() const { return sum / weight; }
};

class DriftDetector {
 public:
  // The alarm, if this residual rings it; the detector then starts over. An arm that was
  // found degraded is listened to closely for its recovery: a false alarm costs little there, and
  // its outcomes are few.
  std::optional<DriftAlarm> Add(double residual, double weight, bool is_watched, double clock);
  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);

 private:
  struct Side {
    double score = 0;
    double sum = 0;
    double weight = 0;
    double since = 0;
  };
  std::optional<DriftAlarm> AddTo(Side& side, double sign, double residual, double weight,
                                  double alarm, double clock);
  Side fall_, rise_;
};

}  // namespace pointsman
