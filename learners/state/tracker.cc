#include "learners/state/tracker.h"

#include <algorithm>
#include <cmath>

#include "base/siphash.h"

namespace pointsman::learners {
namespace {

constexpr double kWatchedErrorRate = 0.5;
constexpr double kRecoveredErrorRate = 0.25;
constexpr double kCallsAfterDrift = 24;
constexpr double kWeightLeast = 1e-9;  // less is a rounding error of zero
constexpr Micros kRateLimitDefault = 30 * kMicrosPerSecond;

std::optional<double> AsDouble(const std::optional<int64_t>& count) {
  return count ? std::optional<double>(static_cast<double>(*count)) : std::nullopt;
}

}  // namespace

// What an outcome says of a call, as far as the tracker learns it.
struct ArmTracker::Facts {
  CallEnd end = CallEnd::kUnknown;
  std::optional<double> quality, latency_ms, first_token_ms, cost_usd;
  std::optional<double> input_tokens, cached_tokens, output_tokens;
  double estimate = 0;         // of the request's tokens, if they were not counted
  double query_tokens = 0;     // the request's, counted or estimated
  double expected_output = 0;  // tokens, as the decision expected them
  CallTokens priced;           // what the cost is for: as reported, else as the decision expected
  bool has_tokens = false;

  bool TookPlace() const { return end == CallEnd::kAnswered || end == CallEnd::kFiltered; }
};

ArmTracker::Facts ArmTracker::FactsOf(const OutcomeEvent& event, const Outcome& o) {
  Facts f;
  f.end = EndOf(o);
  f.quality = o.quality;
  f.latency_ms = o.latency_ms;
  f.first_token_ms = o.first_token_ms;
  f.cost_usd = o.cost_usd;
  f.input_tokens = AsDouble(o.input_tokens);
  f.cached_tokens = AsDouble(o.cached_input_tokens);
  f.output_tokens = AsDouble(o.output_tokens);
  if (!event.input_is_counted) f.estimate = event.input_tokens_estimate;
  f.query_tokens = event.input_tokens_estimate;
  f.expected_output = event.output_tokens_expected;
  const double expected =
      event.input_tokens_expected > 0 ? event.input_tokens_expected : event.input_tokens_estimate;
  f.priced = {f.input_tokens.value_or(expected), f.cached_tokens.value_or(0),
              f.output_tokens.value_or(event.output_tokens_expected)};
  f.has_tokens = f.input_tokens || f.output_tokens;
  return f;
}

double ArmTracker::Kept(const LearnerSettings& settings, const LogPoint& from,
                        const LogPoint& to) const {
  const double elapsed_s =
      std::max(0.0, static_cast<double>(to.time - from.time) / kMicrosPerSecond);
  const double outcomes = std::max(0.0, to.clock - from.clock);
  return std::exp2(-elapsed_s / settings.half_life_s - outcomes / settings.half_life_outcomes);
}

double ArmTracker::KeptNow(const LearnerSettings& settings, const LogPoint& now) const {
  return outcomes_ == 0 ? 1 : Kept(settings, at_, now);
}

void ArmTracker::Age(double kept) {
  if (kept == 1) return;
  for (DecayedMean* mean : {&quality_, &failed_latency_ms_, &failed_cost_usd_, &cached_share_}) {
    mean->Scale(kept);
  }
  latency_.Scale(kept);
  first_token_.Scale(kept);
  latencies_.Scale(kept);
  cost_.Scale(kept);
  input_.Scale(kept);
  output_.Scale(kept);
  errors_ *= kept;
  answers_ *= kept;
}

void ArmTracker::Learn(const LearnerSettings& settings, const Arm& arm, const OutcomeEvent& event,
                       const LogPoint& now) {
  Settle(settings, now);
  if (event.is_first) ++outcomes_;
  Outcome before = event.before, after = MergedOutcome(event);
  if (!event.anchor && !event.is_first) {
    // Logs before format 3 only say which values a correction replaces. The call's end was
    // counted with its first part.
    before = event.corrects;
    after = event.outcome;
    if (!before.error) before.error = false;
    if (!after.error) after.error = before.error;
  }
  const LogPoint anchor = event.anchor ? LogPoint{event.anchor->time, event.anchor->clock} : at_;
  const double weight = event.weight * Kept(settings, anchor, at_);
  const Facts told = FactsOf(event, before), known = FactsOf(event, after);
  Exchange(arm, told, known, weight, anchor.clock);
  if (told.end == CallEnd::kUnknown && (event.is_first || event.anchor)) {
    NoteEnd(known.end, std::min(1.0, event.weight), at_.clock);
  }
  NoteRateLimit(event, before, after);
}

// Takes back what `a` gave and adds what `b` gives, group by group. A group that did
// not change is left alone.
void ArmTracker::Exchange(const Arm& arm, const Facts& a, const Facts& b, double w,
                          double anchor_clock) {
  const auto exchange = [w](bool is_same, const auto& add, const Facts& from, const Facts& to) {
    if (is_same) return;
    add(from, -w);
    add(to, w);
  };
  const bool same_end = a.end == b.end;
  if (!same_end) ExchangeEnds(a.end, b.end, w, anchor_clock);
  exchange(
      same_end && a.quality == b.quality,
      [this](const Facts& f, double k) {
        if (f.end == CallEnd::kAnswered && f.quality) quality_.Add(*f.quality, k);
      },
      a, b);
  exchange(
      same_end && a.latency_ms == b.latency_ms && a.output_tokens == b.output_tokens,
      [this](const Facts& f, double k) {
        if (!f.latency_ms) return;
        if (f.TookPlace()) {
          latency_.Add(*f.latency_ms, f.output_tokens, k);
          latencies_.Add(*f.latency_ms, k);
        } else if (f.end == CallEnd::kFailed) {
          failed_latency_ms_.Add(*f.latency_ms, k);
        }
      },
      a, b);
  exchange(
      same_end && a.first_token_ms == b.first_token_ms,
      [this](const Facts& f, double k) {
        if (f.TookPlace() && f.first_token_ms) first_token_.Add(*f.first_token_ms, {}, k);
      },
      a, b);
  exchange(
      same_end && a.input_tokens == b.input_tokens && a.cached_tokens == b.cached_tokens &&
          a.output_tokens == b.output_tokens,
      [this](const Facts& f, double k) {
        if (!f.TookPlace()) return;
        if (f.input_tokens && f.estimate > 0) input_.Add(f.estimate, *f.input_tokens, k);
        if (f.input_tokens && f.cached_tokens && *f.input_tokens > 0) {
          cached_share_.Add(*f.cached_tokens / *f.input_tokens, k);
        }
        if (f.output_tokens) {
          output_.Add(std::log1p(f.priced.input), *f.output_tokens, k);
        }
      },
      a, b);
  if (anchor_clock < repriced_at_) return;
  exchange(
      same_end && a.cost_usd == b.cost_usd && a.input_tokens == b.input_tokens &&
          a.cached_tokens == b.cached_tokens && a.output_tokens == b.output_tokens,
      [this, &arm](const Facts& f, double k) { AddCost(arm, f, k); }, a, b);
}

void ArmTracker::ExchangeEnds(CallEnd before, CallEnd after, double w, double anchor_clock) {
  double errors = w, answers = w;
  for (const ErrorCut& cut : error_cuts_) {
    if (cut.clock < anchor_clock) continue;
    errors *= cut.errors;
    answers *= cut.answers;
  }
  if (before == CallEnd::kFailed) errors_ -= errors;
  if (after == CallEnd::kFailed) errors_ += errors;
  if (before == CallEnd::kAnswered) answers_ -= answers;
  if (after == CallEnd::kAnswered) answers_ += answers;
  for (double* sum : {&errors_, &answers_}) {
    if (*sum < kWeightLeast) *sum = 0;
  }
  if (before == CallEnd::kFailed && ErrorRateOf(1) < kRecoveredErrorRate) watched_since_ = -1;
}

void ArmTracker::AddCost(const Arm& arm, const Facts& f, double w) {
  if (f.TookPlace()) {
    if (!f.cost_usd) return;
    if (f.input_tokens && f.output_tokens) {
      cost_.Add(arm, f.priced, *f.cost_usd, w);
    } else {
      cost_.AddUncounted(f.query_tokens, f.expected_output, *f.cost_usd, w);
    }
  } else if (f.end == CallEnd::kFailed) {
    std::optional<double> usd = f.cost_usd;
    if (!usd && f.has_tokens) {
      usd = ListPrice(arm, {f.input_tokens.value_or(0), 0, f.output_tokens.value_or(0)});
    }
    if (usd) failed_cost_usd_.Add(*usd, w);
  }
}

// The end of a call as first reported. Changes of the error rate are detected from these.
void ArmTracker::NoteEnd(CallEnd end, double weight, double clock) {
  if (end != CallEnd::kFailed && end != CallEnd::kAnswered) return;
  const double calls = errors_ + answers_;
  const double rate = ErrorRateOf(1);
  const bool is_watched = watched_since_ >= 0;
  const double residual = rate - (end == CallEnd::kFailed ? 1 : 0);
  const std::optional<DriftAlarm> alarm = error_drift_.Add(residual, weight, is_watched, clock);
  const std::optional<double> shift = alarm ? std::optional(alarm->shift()) : std::nullopt;
  double now = rate;
  if (shift) {
    now = std::clamp(rate - *shift, 0.0, 1.0);
    const double left = std::min(calls, kCallsAfterDrift);
    const double errors = now * left, answers = (1 - now) * left;
    if (error_cuts_.size() == kErrorCutsMax) error_cuts_.erase(error_cuts_.begin());
    error_cuts_.push_back(
        {clock, errors_ > 0 ? errors / errors_ : 0, answers_ > 0 ? answers / answers_ : 0});
    errors_ = errors;
    answers_ = answers;
  }
  if (now >= kWatchedErrorRate || (shift && *shift < 0)) {
    if (!is_watched) watched_since_ = clock;
  } else if (now < kRecoveredErrorRate || (shift && *shift > 0)) {
    watched_since_ = -1;
  }
}

void ArmTracker::NoteRateLimit(const OutcomeEvent& event, const Outcome& before,
                               const Outcome& after) {
  const auto is_limit = [](const Outcome& o) {
    return o.error.value_or(false) && o.error_kind == ErrorKind::kRateLimited;
  };
  if (!is_limit(before) && !is_limit(after)) return;
  if (event.selection == Selection::kImported) return;  // a limit of the past
  const uint64_t by = Checksum(event.decision_id);
  if (!is_limit(after)) {
    if (rate_limited_by_ == by) rate_limited_until_ = 0;
    return;
  }
  const Micros length =
      after.retry_after_ms ? *after.retry_after_ms * kMicrosPerMs : kRateLimitDefault;
  const bool is_change = is_limit(before) && rate_limited_by_ == by;
  // It began when it was observed; feedback may have been sent later.
  const Micros came = event.anchor ? event.anchor->time : at_.time;
  const Micros began = event.reported_at > 0 ? std::min(came, event.reported_at) : came;
  const Micros until = began + length;
  rate_limited_until_ = is_change ? until : std::max(rate_limited_until_, until);
  rate_limited_by_ = by;
}

void ArmTracker::Settle(const LearnerSettings& settings, const LogPoint& now) {
  Age(KeptNow(settings, now));
  at_ = {std::max(at_.time, now.time), std::max(at_.clock, now.clock)};
}

void ArmTracker::Reprice(const LearnerSettings& settings, const Arm& before, const Arm& after,
                         const LogPoint& now) {
  const bool is_same = before.usd_per_1m_input == after.usd_per_1m_input &&
                       before.usd_per_1m_output == after.usd_per_1m_output &&
                       before.usd_per_1m_cached_input == after.usd_per_1m_cached_input &&
                       before.usd_per_request == after.usd_per_request &&
                       before.price_tiers == after.price_tiers;
  if (is_same) return;
  Settle(settings, now);
  cost_.Reprice(before, after, TypicalOf(before, {}, 1));
  failed_cost_usd_ = {};
  repriced_at_ = std::nextafter(at_.clock, HUGE_VAL);
}

void ArmTracker::KeepWeight(double outcomes_max) {
  const double weight = std::max({latency_.weight(), quality_.weight, errors_ + answers_,
                                  cost_.weight(), output_.weight, input_.weight});
  if (weight > outcomes_max) Age(outcomes_max / weight);
  latencies_ = {};
  error_drift_ = {};
  error_cuts_.clear();
  watched_since_ = -1;
  rate_limited_until_ = 0;
  outcomes_ = 0;
}

}  // namespace pointsman::learners
