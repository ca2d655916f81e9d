// What the learned state expects of arms, and how it chooses (learners/state/learned_state.h).
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "learners/change/watched_share.h"
#include "learners/choice/exploration.h"
#include "learners/state/learned_state.h"

namespace pointsman::learners {
namespace {

constexpr double kLevelVariance = 0.5;  // of ln(latency) between arms, before two are known
// Variance of ln(cost) between arms, before two are known.
constexpr double kCostVariance = 1;

}  // namespace

LatencyPrior LearnedState::LevelSums::Prior() const {
  if (!(count > 0.5)) return {};
  const double mean = sum / count;
  const double spread = std::max(0.0, squares - sum * mean);
  return {true, mean, (kLevelVariance + spread) / (1 + count)};
}

PoolLevels LearnedState::Levels() const {
  return {latencies_.Prior(), first_tokens_.Prior(), input_tokens_, query_tokens_};
}

CallQuery LearnedState::CallOf(const QueryView& query) const {
  CallQuery call{query.input_tokens,
                 query.input_is_counted,
                 query.max_output_tokens,
                 query.latency_kind,
                 {query.now == 0 ? time_ : query.now, clock_}};
  return call;
}

std::vector<ArmExpectation> LearnedState::Estimate(const QueryView& query,
                                                   std::span<const ArmView> arms) const {
  std::vector<QualityEstimate> quality(arms.size());
  quality_->Estimate(query.context, arms, quality);
  std::vector<ArmExpectation> expected(arms.size());
  const ArmTracker unknown;
  const PoolLevels levels = Levels();
  const CallQuery call = CallOf(query);
  const LearnerSettings& settings = pool_->settings.learner;
  double known = 0, sum = 0, squares = 0;  // of ln(cost)
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const Arm& arm = *arms[i].arm;
    const ArmTracker* tracker = trackers_.Get(Index(arm.id));
    if (tracker == nullptr) tracker = &unknown;
    ArmExpectation& e = expected[i] = tracker->Expect(settings, arm, levels, call);
    const double answers = 1 - e.error_rate;
    e.quality = quality[i].mean * answers;
    e.quality_stddev = quality[i].stddev * answers;
    if (e.error_rate > 0) {
      const double doubt = quality[i].mean * std::sqrt(tracker->ErrorVariance(settings, call.now));
      e.quality_stddev = std::hypot(e.quality_stddev, doubt);
    }
    if (e.is_cost_known && e.cost_usd > 0) {
      const double log_cost = std::log(e.cost_usd);
      known += 1, sum += log_cost, squares += log_cost * log_cost;
    }
  }
  // An unknown cost is taken to be the typical cost of the others, with the deviation between them.
  if (known > 0 && known < static_cast<double>(arms.size())) {
    const double typical = std::exp(sum / known);
    const double spread = std::max(0.0, squares - sum * sum / known);
    const double deviation = std::sqrt((kCostVariance + spread) / (1 + known));
    for (ArmExpectation& e : expected) {
      if (e.is_cost_known) continue;
      e.cost_usd += typical;  // in addition to the cost of its failed calls
      e.cost_stddev_usd = typical * deviation;
    }
  }
  return expected;
}

std::vector<double> LearnedState::WatchedShares(std::span<const ArmView> arms) const {
  std::vector<double> shares;
  double sum = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const ArmTracker* tracker = trackers_.Get(Index(arms[i].arm->id));
    const double share = tracker == nullptr ? 0 : tracker->WatchedShare(clock_);
    if (share == 0) continue;
    if (shares.empty()) shares.resize(arms.size());
    shares[i] = share;
    sum += share;
  }
  LimitShares(sum, shares);
  return shares;
}

double LearnedState::WatchedShare(ArmId arm) const {
  const ArmTracker* tracker = trackers_.Get(Index(arm));
  const double failing = tracker == nullptr ? 0 : tracker->WatchedShare(clock_);
  return std::max(failing, quality_->WatchedShare(arm));
}

uint64_t LearnedState::Outcomes(ArmId arm) const {
  const ArmTracker* tracker = trackers_.Get(Index(arm));
  return tracker == nullptr ? 0 : tracker->outcomes();
}

bool LearnedState::ChooseDirectly(const QueryView& query, const Preference& preference,
                                  std::span<const ArmView> arms,
                                  std::span<const ArmExpectation> expected, std::span<double> pmf,
                                  std::span<ExpertVotes> votes) const {
  const PoolSettings& settings = pool_->settings;
  std::vector<UtilityTerm> terms(arms.size());
  const LogPoint now = CallOf(query).now;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const ArmExpectation& e = expected[i];
    const double answers = 1 - e.error_rate;
    const double cost = preference.cost / settings.cost_scale_usd;
    const double latency = preference.latency / settings.latency_scale_ms;
    terms[i] = {preference.quality * answers, -cost * e.cost_usd - latency * e.latency_ms, 0};
    double variance = cost * cost * e.cost_stddev_usd * e.cost_stddev_usd +
                      latency * latency * e.latency_stddev_ms * e.latency_stddev_ms;
    if (e.error_rate > 0) {
      const double quality = preference.quality * e.quality / std::max(answers, 1e-9);
      const ArmTracker* tracker = trackers_.Get(Index(arms[i].arm->id));
      variance += quality * quality * tracker->ErrorVariance(settings.learner, now);
    }
    terms[i].stddev = std::sqrt(variance);
  }
  return quality_->ChooseDirectly(settings.learner, query.context, arms, terms, WatchedShares(arms),
                                  pmf, votes);
}

ArmExpectation LearnedState::ExpectCall(const Arm& arm, const QueryView& query) const {
  const ArmTracker* known = trackers_.Get(Index(arm.id));
  static const ArmTracker kUnknown;
  return (known == nullptr ? kUnknown : *known)
      .Expect(pool_->settings.learner, arm, Levels(), CallOf(query));
}

Micros LearnedState::RateLimitedUntil(ArmId arm) const {
  const ArmTracker* tracker = trackers_.Get(Index(arm));
  return tracker == nullptr ? 0 : tracker->rate_limited_until();
}

Sequence LearnedState::FreshSince(ArmId arm) const {
  if (fresh_since_.empty()) return 0;
  const auto found = fresh_since_.find(arm);
  return found == fresh_since_.end() ? 0 : found->second;
}

ArmFigures LearnedState::Figures(ArmId id, Micros now) const {
  const Arm* arm = arms_.Get(Index(id));
  POINTSMAN_CHECK(arm != nullptr);
  const ArmTracker* known = trackers_.Get(Index(id));
  const ArmTracker tracker = known == nullptr ? ArmTracker{} : *known;
  const PoolLevels levels = Levels();
  QueryView typical;
  typical.input_tokens = levels.query_tokens.Mean(0, 0);
  typical.latency_kind = pool_->settings.latency_kind;
  typical.now = now;
  ArmFigures figures{tracker.outcomes(),
                     tracker.Figures(pool_->settings.learner, *arm, levels, CallOf(typical).now),
                     quality_->Level(id), ExpectCall(*arm, typical)};
  ArmExpectation& e = figures.expected;
  e.quality = figures.level.mean * (1 - e.error_rate);
  e.quality_stddev = figures.level.stddev * (1 - e.error_rate);
  return figures;
}

}  // namespace pointsman::learners
