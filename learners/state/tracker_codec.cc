// Encodes and decodes trackers, and decodes those of formats before 4.
#include <algorithm>
#include <cmath>

#include "learners/state/tracker.h"

namespace pointsman::learners {

template <class Self, class Visit>
void ArmTracker::VisitNumbers(Self& self, const Visit& visit) {
  visit(self.at_.clock);
  for (auto* mean :
       {&self.quality_, &self.failed_latency_ms_, &self.failed_cost_usd_, &self.cached_share_}) {
    visit(mean->sum);
    visit(mean->weight);
  }
  for (auto* line : {&self.input_, &self.output_}) {
    for (auto* number : {&line->weight, &line->x, &line->y, &line->xx, &line->xy}) visit(*number);
  }
  for (auto* number : {&self.errors_, &self.answers_, &self.watched_since_, &self.repriced_at_}) {
    visit(*number);
  }
}

void ArmTracker::Encode(ByteWriter& out) const {
  out.Put(at_.time);
  out.Put(outcomes_);
  VisitNumbers(*this, [&](double number) { out.Put(number); });
  latency_.Encode(out);
  first_token_.Encode(out);
  latencies_.Encode(out);
  cost_.Encode(out);
  error_drift_.Encode(out);
  out.PutArray(std::span<const ErrorCut>(error_cuts_));
  out.Put(rate_limited_until_);
  out.Put(rate_limited_by_);
}

ArmTracker ArmTracker::Decode(ByteReader& in) {
  if (in.format() < 4) return DecodeBefore4(in);
  ArmTracker tracker;
  tracker.at_.time = in.Get<Micros>();
  tracker.outcomes_ = in.Get<uint64_t>();
  VisitNumbers(tracker, [&](double& number) {
    number = in.Get<double>();
    if (!std::isfinite(number)) in.Fail();
  });
  tracker.latency_.Decode(in);
  tracker.first_token_.Decode(in);
  tracker.latencies_.Decode(in);
  tracker.cost_.Decode(in);
  tracker.error_drift_.Decode(in);
  tracker.error_cuts_ = in.GetArray<ErrorCut>();
  if (tracker.error_cuts_.size() > kErrorCutsMax) in.Fail();
  for (const ErrorCut& cut : tracker.error_cuts_) {
    if (!std::isfinite(cut.clock) || !(cut.errors >= 0) || !(cut.answers >= 0)) in.Fail();
  }
  tracker.rate_limited_until_ = in.Get<Micros>();
  tracker.rate_limited_by_ = in.Get<uint64_t>();
  return tracker;
}

// Reads the old figures: time, outcomes, six means (quality, latency, cost, input and output
// tokens, cost ratio), errors, answers, the line of output tokens, the tail. Cost is kept at its
// mean, for the mean tokens.
ArmTracker ArmTracker::DecodeBefore4(ByteReader& in) {
  ArmTracker tracker;
  tracker.at_.time = in.Get<Micros>();
  tracker.outcomes_ = in.Get<uint64_t>();
  DecayedMean latency, cost, input, output, ratio;
  double tail = 0;
  const auto get = [&in](double& number) {
    number = in.Get<double>();
    if (!std::isfinite(number)) in.Fail();
  };
  for (DecayedMean* mean : {&tracker.quality_, &latency, &cost, &input, &output, &ratio}) {
    get(mean->sum);
    get(mean->weight);
  }
  DecayedLine& line = tracker.output_;
  for (double* number : {&tracker.errors_, &tracker.answers_, &line.weight, &line.x, &line.y,
                         &line.xx, &line.xy, &tail}) {
    get(*number);
  }
  // A quality without a report of errors was an answered call too.
  tracker.answers_ = std::max(tracker.answers_, tracker.quality_.weight);
  tracker.latency_ = LogLatency::OfMean(latency.Mean(0, 0), latency.weight);
  if (latency.weight > 0) {
    tracker.latencies_.Add(latency.Mean(0, 0), 0.9 * latency.weight);
    if (tail > 0) tracker.latencies_.Add(tail, 0.1 * latency.weight);
  }
  const double tokens_in = line.weight > 0 ? std::expm1(line.x / line.weight) : input.Mean(0, 0);
  tracker.cost_ = CallCost::OfMean(std::max(0.0, cost.Mean(0, 0)),
                                   {tokens_in, 0, output.Mean(0, 0)}, cost.weight);
  return tracker;
}

}  // namespace pointsman::learners
