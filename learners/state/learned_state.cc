#include "learners/state/learned_state.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "learners/state/event_checks.h"

namespace pointsman::learners {
namespace {

absl::Status At(const Event& event, const absl::Status& status) {
  if (status.ok()) return status;
  return {status.code(), ToAbsl(Cat("event ", event.sequence, " (", EventKindName(event),
                                    "): ", status.message()))};
}

}  // namespace

LearnedState::LearnedState(const LearnedState& other)
    : version_(other.version_),
      arms_version_(other.arms_version_),
      time_(other.time_),
      any_rate_limited_until_(other.any_rate_limited_until_),
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
    return DataLoss("the log must continue with event ", version_ + 1,
                    ": an event is missing or repeated");
  }
  if (event.pool != pool_->id) {
    return InvalidArgument("it belongs to pool ", Index(event.pool), ", but this state to pool ",
                           Index(pool_->id));
  }
  if (event.time < time_) {
    return DataLoss("its time ", event.time, " is before that of the previous event, ", time_);
  }
  if (const auto* outcome = std::get_if<OutcomeEvent>(&event.body)) {
    RETURN_IF_ERROR(LearnOutcome(*outcome, event.time));
  } else if (const auto* arm = std::get_if<ArmEvent>(&event.body)) {
    RETURN_IF_ERROR(LearnArm(*arm, event.sequence, event.time));
  } else if (const auto* pool = std::get_if<PoolEvent>(&event.body)) {
    RETURN_IF_ERROR(LearnPool(pool->pool, event.time));
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
  // A decision from before the arm started fresh is of another model.
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
  ArmTracker& tracker = trackers_.Mutable(Index(event.arm));
  tracker.Learn(pool_->settings.learner, *arms_.Get(Index(event.arm)), event, now);
  any_rate_limited_until_ = std::max(any_rate_limited_until_, tracker.rate_limited_until());
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
  // A prior latency counts until a latency is known.
  const auto count = [sign](const LogLatency& latency, std::optional<double> prior_ms,
                            LevelSums& sums) {
    if (!(latency.weight() > 0) && !prior_ms) return;
    const double y = latency.weight() > 0 ? latency.MeanLog() : std::log(std::max(*prior_ms, 1e-3));
    sums.count += sign;
    sums.sum += sign * y;
    sums.squares += sign * y * y;
    if (sums.count < 0.5) sums = {};
  };
  count(tracker->latency(), arm->prior_latency_ms, latencies_);
  count(tracker->first_token(), std::nullopt, first_tokens_);
}

// Learns how many tokens requests and their calls really have, over all arms.
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
  const auto after =
      reported(event.anchor || event.is_first ? MergedOutcome(event) : event.outcome);
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
  // The experts voted on the first draw. The further arms of a panel or a fallback were
  // not drawn by their votes.
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
    return DataLoss("arm ids are assigned in order and the next one is ", arms_.size(), ", not ",
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
  arms_version_ = sequence;
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

// New settings reach the quality model through its own bytes: it is decoded under them.
absl::Status LearnedState::LearnPool(const Pool& pool, Micros time) {
  const PoolSettings& before = pool_->settings;
  const PoolSettings& after = pool.settings;
  if (pool.id != pool_->id) return InvalidArgument("a pool's id never changes");
  RETURN_IF_ERROR(ValidateForLearning(after));
  const bool extends =
      after.features.size() >= before.features.size() &&
      std::equal(before.features.begin(), before.features.end(), after.features.begin());
  if (after.embedder != before.embedder || !extends ||
      after.learner.quality_model != before.learner.quality_model) {
    return InvalidArgument(
        "embedder and learner.quality_model are fixed when a pool is made, and features can only "
        "be "
        "added, because learned state depends on them; make a new pool");
  }
  if (after.learner != before.learner) {
    // Until now evidence faded by the old settings.
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

}  // namespace pointsman::learners
