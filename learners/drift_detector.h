// Whether a mean has changed: two one-sided cumulative sums of residuals, for a shift of +-0.2 and outcomes
// of variance 0.2 (a quality, or whether a call failed):
//   S <- max(0, S + (0.2 r - 0.02) / 0.2),  alarm at S > 12 (about one false alarm in 300,000 outcomes)
// for r = +-residual. The sum and count of the residuals since S was last 0 say how large the shift was.
// Threads: a value.
// Source: Page 1954.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace pointsman {

class DriftDetector {
 public:
  // The shift, if this residual rings the alarm; the detector then starts over. An arm that was
  // found degraded is listened to closely for its recovery: a false alarm costs little there, and
  // its outcomes are few.
  std::optional<double> Add(double residual, double weight, bool is_watched);
  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);

 private:
  struct Side {
    double score = 0;
    double sum = 0;
    double weight = 0;
  };
  std::optional<double> AddTo(Side& side, double sign, double residual, double weight,
                              double alarm);
  Side fall_, rise_;
};

}  // namespace pointsman
