// Detects that a mean has changed: two one-sided cumulative sums of residuals, for a shift of +-0.2 and
// outcomes of variance 0.2 (a quality, or whether a call failed):
//   S <- max(0, S + (0.2 r - 0.02) / 0.2),  alarm at S > 12 (about one false alarm in 300,000 outcomes)
// for r = +-residual. The sum and weight of the residuals since S was last 0 give the size of the shift. The
// caller keeps them: when those residuals are taken back, what the alarm caused is taken back too.
// Threads: a value.
// Source: Page 1954.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace pointsman::learners {

// The cause of an alarm: residuals of this weight and sum, the first of them at
// `since` of the caller's clock.
struct DriftAlarm {
  double sum = 0, weight = 0, since = 0;

  double shift() const { return sum / weight; }
};

class DriftDetector {
 public:
  // The alarm, if this residual raises one; the detector then starts again. For an arm that was found
  // degraded (`is_watched`) the threshold is lower, so that its recovery is seen: its outcomes are few, and a
  // false alarm costs little.
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

}  // namespace pointsman::learners
