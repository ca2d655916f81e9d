#include "learners/learned_state.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "learners/exploration.h"

namespace pointsman {
namespace {

constexpr double kWatchedShareAll = 0.06;
constexpr double kLevelVariance = 0.5;  // of ln(latency) between arms, before two are known
// Unknown costs: variance of ln(cost) between arms, before two are known.
constexpr double kCostVariance = 1;
constexpr uint32_t kContextDimensionMax = 4096 + 32;

absl::Status CheckRange(const char* name, double value, double least, double most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return InvalidArgument(name, ": must be from ", least, " to ", most, ", got ", value);
}

template <class T>
absl::Status CheckField(const char* name, const std::optional<T>& value, double least,
                        double most) {
  return value ? CheckRange(name, static_cast<double>(*value), least, most) : absl::OkStatus();
}

absl::Status CheckOutcome(const Outcome& outcome) {
  RETURN_IF_ERROR(CheckField("quality", outcome.quality, 0, 1));
  RETURN_IF_ERROR(CheckField("latency_ms", outcome.latency_ms, 0, 1e12));
  RETURN_IF_ERROR(CheckField("cost_usd", outcome.cost_usd, 0, 1e9));
  RETURN_IF_ERROR(CheckField("input_tokens", outcome.input_tokens, 0, 1e12));
  RETURN_IF_ERROR(CheckField("first_token_ms", outcome.first_token_ms, 0, 1e12));
  RETURN_IF_ERROR(CheckField("cached_input_tokens", outcome.cached_input_tokens, 0, 1e12));
  RETURN_IF_ERROR(CheckField("retry_after_ms", outcome.retry_after_ms, 0, 1e12));
  return CheckField("output_tokens", outcome.output_tokens, 0, 1e12);
}

absl::Status CheckOutcomeEvent(const OutcomeEvent& event, uint32_t dimension) {
  // Of a decision made before features were added it is shorter.
  if (event.context.size() > dimension) {
    return InvalidArgument("context: the pool's vectors have ", dimension, " entries, this one ",
                           event.context.size());
  }
  for (const float entry : event.context) {
    if (!std::isfinite(entry)) return InvalidArgument("context: an entry is not a finite number");
  }
  const ArmFeatures& f = event.features;
  for (const float feature :
       {f.neighbour_quality, f.neighbour_count, f.neighbour_baseline, f.description_similarity}) {
    if (!std::isfinite(feature)) return InvalidArgument("features: one is not a finite number");
  }
  RETURN_IF_ERROR(CheckRange("weight", event.weight, 0, 1e6));
  RETURN_IF_ERROR(CheckRange("propensity", event.propensity, 0, 1));
  RETURN_IF_ERROR(CheckRange("input_tokens_estimate", event.input_tokens_estimate, 0, 1e12));
  RETURN_IF_ERROR(CheckRange("cost_estimate_usd", event.cost_estimate_usd, 0, 1e9));
  RETURN_IF_ERROR(CheckRange("input_tokens_expected", event.input_tokens_expected, 0, 1e12));
  RETURN_IF_ERROR(CheckRange("output_tokens_expected", event.output_tokens_expected, 0, 1e12));
  if (event.anchor) RETURN_IF_ERROR(CheckRange("anchor.clock", event.anchor->clock, 0, 1e15));
  RETURN_IF_ERROR(CheckOutcome(event.outcome));
  RETURN_IF_ERROR(CheckOutcome(event.before));
  return CheckOutcome(event.corrects);
}

absl::Status CheckArm(const Arm& arm) {
  RETURN_IF_ERROR(CheckField("usd_per_1m_input", arm.usd_per_1m_input, 0, 1e9));
  RETURN_IF_ERROR(CheckField("usd_per_1m_output", arm.usd_per_1m_output, 0, 1e9));
  RETURN_IF_ERROR(CheckField("usd_per_request", arm.usd_per_request, 0, 1e9));
  RETURN_IF_ERROR(CheckField("usd_per_1m_cached_input", arm.usd_per_1m_cached_input, 0, 1e9));
  for (const PriceTier& tier : arm.price_tiers) {
    RETURN_IF_ERROR(CheckField("price_tiers.usd_per_1m_input", tier.usd_per_1m_input, 0, 1e9));
    RETURN_IF_ERROR(CheckField("price_tiers.usd_per_1m_output", tier.usd_per_1m_output, 0, 1e9));
    RETURN_IF_ERROR(
        CheckField("price_tiers.usd_per_1m_cached_input", tier.usd_per_1m_cached_input, 0, 1e9));
  }
  RETURN_IF_ERROR(CheckField("prior_quality", arm.prior_quality, 0, 1));
  RETURN_IF_ERROR(CheckRange("prior_strength", arm.prior_strength, 0, 1e9));
  RETURN_IF_ERROR(CheckField("prior_latency_ms", arm.prior_latency_ms, 0, 1e12));
  return CheckField("prior_output_tokens", arm.prior_output_tokens, 0, 1e12);
}

absl::Status At(const Event& event, const absl::Status& status) {
  if (status.ok()) return status;
  return {status.code(), ToAbsl(Cat("event ", event.sequence, " (", EventKindName(event),
                                    "): ", status.message()))};
}

}  // namespace

absl::Status ValidateForLearning(const PoolSettings& settings) {
  RETURN_IF_ERROR(
      CheckRange("embedder.projected", settings.embedder.projected, 1, kContextDimensionMax));
  RETURN_IF_ERROR(CheckRange("context dimension",
                             static_cast<double>(settings.embedder.projected) +
                                 static_cast<double>(settings.features.size()),
                             1, kContextDimensionMax));
  RETURN_IF_ERROR(CheckRange("cost_scale_usd", settings.cost_scale_usd, 1e-12, 1e12));
  RETURN_IF_ERROR(CheckRange("latency_scale_ms", settings.latency_scale_ms, 1e-9, 1e12));
  const LearnerSettings& learner = settings.learner;
  RETURN_IF_ERROR(CheckRange("learner.half_life_s", learner.half_life_s, 1e-3, 1e12));
  RETURN_IF_ERROR(CheckRange("learner.half_life_outcomes", learner.half_life_outcomes, 1, 1e12));
  if (learner.forget_outcomes != 0) {
    RETURN_IF_ERROR(
        CheckRange("learner.forget_outcomes (0: never)", learner.forget_outcomes, 1, 1e12));
  }
  return ValidateExploration(learner);
}

LearnedState::LearnedState(const LearnedState& other)
    : version_(other.version_),
      time_(other.time_),
      outcomes_(other.outcomes_),
      clock_(other.clock_),
      latencies_(other.latencies_),
      first_tokens_(other.first_tokens_),
      input_tokens_(other.input_tokens_),
      query_tokens_(other.query_tokens_),
      pool_(other.pool_),
      arms_(other.arms_),
      trackers_(other.trackers_),
      fresh_since_(other.fresh_since_),
      quality_(other.quality_->Clone()) {}

absl::StatusOr<LearnedState> LearnedState::Empty(const Pool& pool) {
  RETURN_IF_ERROR(ValidateForLearning(pool.settings));
  LearnedState state;
  state.pool_ = std::make_shared<const Pool>(pool);
  ASSIGN_OR_RETURN(state.quality_,
                   MakeQualityModel(pool.settings.learner, ContextDimension(pool.settings)));
  return state;
}

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
  CallQuery call{query.input_tokens, query.input_is_counted, query.max_output_tokens,
                 query.latency_kind, {query.now == 0 ? time_ : query.now, clock_}};
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
      const double doubt =
          quality[i].mean * std::sqrt(tracker->ErrorVariance(settings, call.now));
      e.quality_stddev = std::hypot(e.quality_stddev, doubt);
    }
    if (e.is_cost_known && e.cost_usd > 0) {
      const double log_cost = std::log(e.cost_usd);
      known += 1, sum += log_cost, squares += log_cost * log_cost;
    }
  }
  // A cost that nobody knows is taken to be the others' typical one, give or take what they differ by.
  if (known > 0 && known < static_cast<double>(arms.size())) {
    const double typical = std::exp(sum / known);
    const double spread = std::max(0.0, squares - sum * sum / known);
    const double deviation = std::sqrt((kCostVariance + spread) / (1 + known));
    for (ArmExpectation& e : expected) {
      if (e.is_cost_known) continue;
      e.cost_usd += typical;  // beside what its failed calls cost
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
  if (sum > kWatchedShareAll) {
    for (double& share : shares) share *= kWatchedShareAll / sum;
  }
  return shares;
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
  return quality_->ChooseDirectly(settings.learner, query.context, arms, terms,
                                  WatchedShares(arms), pmf, votes);
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

absl::Status LearnedState::Learn(std::span<const Event> events) {
  arms_.BeginEdit();
  trackers_.BeginEdit();
  quality_->BeginEdit();
  absl::Status status;
  for (const Event& event : events) {
    status = At(event, LearnOne(event));
    if (!status.ok()) break;
  }
  quality_->EndEdit();
  trackers_.EndEdit();
  arms_.EndEdit();
  return status;
}

absl::Status LearnedState::LearnOne(const Event& event) {
  if (event.sequence != version_ + 1) {
    return DataLoss("the log goes on with ", version_ + 1, " here: an event is missing or twice");
  }
  if (event.pool != pool_->id) {
    return InvalidArgument("it belongs to pool ", Index(event.pool), ", this state to pool ",
                           Index(pool_->id));
  }
  if (event.time < time_) {
    return DataLoss("its time ", event.time, " lies before that of the event before it, ", time_);
  }
  if (const auto* outcome = std::get_if<OutcomeEvent>(&event.body)) {
    RETURN_IF_ERROR(LearnOutcome(*outcome, event.time));
  } else if (const auto* arm = std::get_if<ArmEvent>(&event.body)) {
    RETURN_IF_ERROR(LearnArm(*arm, event.sequence, event.time));
  } else {
    RETURN_IF_ERROR(LearnPool(std::get<PoolEvent>(event.body).pool, event.time));
  }
  version_ = event.sequence;
  time_ = event.time;
  return absl::OkStatus();
}

absl::Status LearnedState::LearnOutcome(const OutcomeEvent& event, Micros time) {
  RETURN_IF_ERROR(CheckOutcomeEvent(event, ContextDimension(pool_->settings)));
  if (arms_.Get(Index(event.arm)) == nullptr) {
    return InvalidArgument("no arm has the id ", Index(event.arm), "; the pool has ", arms_.size());
  }
  if (!event.is_learned) return absl::OkStatus();
  // What was decided before the arm started fresh is of another model.
  const Sequence fresh = FreshSince(event.arm);
  if (fresh > 0 && event.decision_version > 0 && event.decision_version < fresh) {
    return absl::OkStatus();
  }
  if (event.is_first) {
    clock_ += event.weight;
    quality_->Tick(event.weight);
    ++outcomes_;
  }
  const LogPoint now{std::max(time, time_), clock_};
  LearnTokens(event, now);
  CountLevels(event.arm, -1);
  trackers_.Mutable(Index(event.arm))
      .Learn(pool_->settings.learner, *arms_.Get(Index(event.arm)), event, now);
  CountLevels(event.arm, 1);
  if (event.weight > 0) LearnQuality(event);
  return absl::OkStatus();
}

void LearnedState::CountLevels(ArmId id, double sign) {
  const Arm* arm = arms_.Get(Index(id));
  if (arm == nullptr || arm->status == ArmStatus::kRemoved) return;
  const ArmTracker* known = trackers_.Get(Index(id));
  static const ArmTracker kUnknown;
  const ArmTracker* tracker = known == nullptr ? &kUnknown : known;
  // What is believed of an arm counts until it is known.
  const auto count = [sign](const LogLatency& latency, std::optional<double> prior_ms,
                            LevelSums& sums) {
    if (!(latency.weight() > 0) && !prior_ms) return;
    const double y =
        latency.weight() > 0 ? latency.MeanLog() : std::log(std::max(*prior_ms, 1e-3));
    sums.count += sign;
    sums.sum += sign * y;
    sums.squares += sign * y * y;
    if (sums.count < 0.5) sums = {};
  };
  count(tracker->latency(), arm->prior_latency_ms, latencies_);
  count(tracker->first_token(), std::nullopt, first_tokens_);
}

// How many tokens requests and their calls really have, over all arms.
void LearnedState::LearnTokens(const OutcomeEvent& event, const LogPoint& now) {
  const LearnerSettings& settings = pool_->settings.learner;
  if (event.is_first) {
    const double kept = std::exp2(-event.weight / settings.half_life_outcomes);
    input_tokens_.Scale(kept);
    query_tokens_.Scale(kept);
    if (event.input_tokens_estimate > 0) {
      query_tokens_.Add(event.input_tokens_estimate, event.weight);
    }
  }
  if (event.input_is_counted || !(event.input_tokens_estimate > 0)) return;
  const auto reported = [](const Outcome& o) -> std::optional<double> {
    const CallEnd end = EndOf(o);
    if (end != CallEnd::kAnswered && end != CallEnd::kFiltered) return std::nullopt;
    return o.input_tokens ? std::optional(static_cast<double>(*o.input_tokens)) : std::nullopt;
  };
  const auto before = reported(event.anchor || event.is_first ? event.before : event.corrects);
  const auto after = reported(event.anchor || event.is_first ? MergedOutcome(event) : event.outcome);
  if (before == after) return;
  const double since = event.anchor ? std::max(0.0, now.clock - event.anchor->clock) : 0;
  const double weight = event.weight * std::exp2(-since / settings.half_life_outcomes);
  if (before) input_tokens_.Add(event.input_tokens_estimate, *before, -weight);
  if (after) input_tokens_.Add(event.input_tokens_estimate, *after, weight);
}

void LearnedState::LearnQuality(const OutcomeEvent& event) {
  const Outcome after = event.anchor || event.is_first ? MergedOutcome(event) : event.outcome;
  const Outcome& before = event.anchor || event.is_first ? event.before : event.corrects;
  const auto quality_of = [](const Outcome& o) -> std::optional<double> {
    return EndOf(o) == CallEnd::kAnswered ? o.quality : std::nullopt;
  };
  const std::optional<double> was = quality_of(before), is = quality_of(after);
  if (was == is) return;
  Observation observation;
  observation.arm = event.arm;
  std::vector<float> context = event.context;
  if (!context.empty()) context.resize(ContextDimension(pool_->settings), 0.0f);
  observation.context = context;
  observation.features = event.features;
  observation.is_imported = event.selection == Selection::kImported;
  // The experts voted on the first draw; a panel's or a fallback's arms were not theirs.
  if (event.selection != Selection::kExplore && !observation.is_imported) {
    observation.features.votes = {};
  }
  observation.quality = is ? *is : *was;
  observation.weight = event.weight;
  observation.propensity = event.propensity;
  observation.is_off_policy = event.is_off_policy;
  observation.is_correction = was && is;
  observation.corrected_from = was.value_or(0);
  observation.is_withdrawal = was && !is;
  if (event.anchor) observation.anchor = event.anchor->clock;
  quality_->Learn(observation);
}

absl::Status LearnedState::LearnArm(const ArmEvent& event, Sequence sequence, Micros time) {
  const Arm& arm = event.arm;
  RETURN_IF_ERROR(CheckArm(arm));
  if (Index(arm.id) > arms_.size()) {
    return DataLoss("arm ids are given in order and the next one is ", arms_.size(), ", not ",
                    Index(arm.id));
  }
  CountLevels(arm.id, -1);
  if (const Arm* before = arms_.Get(Index(arm.id));
      before != nullptr && trackers_.Get(Index(arm.id)) != nullptr && !event.reset) {
    const Arm old = *before;
    trackers_.Mutable(Index(arm.id))
        .Reprice(pool_->settings.learner, old, arm, {std::max(time, time_), clock_});
  }
  arms_.Set(Index(arm.id), std::make_shared<const Arm>(arm));
  if (event.reset) {
    ResetArm(event, sequence);
  } else {
    quality_->PutArm(arm);
  }
  CountLevels(arm.id, 1);
  return absl::OkStatus();
}

void LearnedState::ResetArm(const ArmEvent& event, Sequence sequence) {
  const ArmReset& reset = *event.reset;
  const ArmId id = event.arm.id;
  std::optional<double> level;
  ArmTracker tracker;
  if (reset.inherit_from && arms_.Get(Index(*reset.inherit_from)) != nullptr) {
    level = std::clamp(quality_->Level(*reset.inherit_from).mean, 0.0, 1.0);
    if (const ArmTracker* source = trackers_.Get(Index(*reset.inherit_from))) {
      tracker = *source;
      tracker.KeepWeight(reset.inherit_strength);
    }
  }
  quality_->ResetArm(event.arm, level, reset.inherit_strength);
  if (level || trackers_.Get(Index(id)) != nullptr) trackers_.Mutable(Index(id)) = tracker;
  fresh_since_[id] = sequence;
}

// New settings reach the quality model by way of its own bytes: it is decoded under them.
absl::Status LearnedState::LearnPool(const Pool& pool, Micros time) {
  const PoolSettings& before = pool_->settings;
  const PoolSettings& after = pool.settings;
  if (pool.id != pool_->id) return InvalidArgument("a pool's id never changes");
  RETURN_IF_ERROR(ValidateForLearning(after));
  const bool extends = after.features.size() >= before.features.size() &&
                       std::equal(before.features.begin(), before.features.end(),
                                  after.features.begin());
  if (after.embedder != before.embedder || !extends || after.learner.quality_model != before.learner.quality_model) {
    return InvalidArgument(
        "embedder and learner.quality_model are fixed when a pool is made, and features can only be added: "
        "learned state depends on them; make a new pool");
  }
  if (after.learner != before.learner) {
    // What has passed so far faded by the settings of before.
    quality_->Settle();
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
      if (trackers_.Get(i) == nullptr) continue;
      trackers_.Mutable(i).Settle(before.learner, {std::max(time, time_), clock_});
    }
    ByteWriter bytes;
    quality_->Encode(bytes);
    ByteReader in(bytes.bytes());
    ASSIGN_OR_RETURN(quality_, DecodeQualityModel(after.learner, ContextDimension(before), in));
    quality_->BeginEdit();
  }
  if (after.features.size() > before.features.size()) quality_->Grow(ContextDimension(after));
  pool_ = std::make_shared<const Pool>(pool);
  return absl::OkStatus();
}

absl::StatusOr<LearnedState> Apply(const LearnedState& state, std::span<const Event> events) {
  LearnedState next(state);
  RETURN_IF_ERROR(next.Learn(events));
  return next;
}

}  // namespace pointsman
