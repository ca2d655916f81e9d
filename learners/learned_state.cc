#include "learners/learned_state.h"

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

constexpr double kTokensPerPrice = 1e6;
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
  return CheckField("output_tokens", outcome.output_tokens, 0, 1e12);
}

absl::Status CheckOutcomeEvent(const OutcomeEvent& event, uint32_t dimension) {
  if (!event.context.empty() && event.context.size() != dimension) {
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
  RETURN_IF_ERROR(CheckOutcome(event.outcome));
  return CheckOutcome(event.corrects);
}

absl::Status CheckArm(const Arm& arm) {
  RETURN_IF_ERROR(CheckField("usd_per_1m_input", arm.usd_per_1m_input, 0, 1e9));
  RETURN_IF_ERROR(CheckField("usd_per_1m_output", arm.usd_per_1m_output, 0, 1e9));
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
      pool_(other.pool_),
      arms_(other.arms_),
      trackers_(other.trackers_),
      quality_(other.quality_->Clone()) {}

absl::StatusOr<LearnedState> LearnedState::Empty(const Pool& pool) {
  RETURN_IF_ERROR(ValidateForLearning(pool.settings));
  LearnedState state;
  state.pool_ = std::make_shared<const Pool>(pool);
  ASSIGN_OR_RETURN(state.quality_,
                   MakeQualityModel(pool.settings.learner, ContextDimension(pool.settings)));
  return state;
}

std::vector<ArmExpectation> LearnedState::Estimate(const QueryView& query,
                                                   std::span<const ArmView> arms) const {
  std::vector<QualityEstimate> quality(arms.size());
  quality_->Estimate(query.context, arms, quality);
  std::vector<ArmExpectation> expected(arms.size());
  const ArmTracker unknown;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const Arm& arm = *arms[i].arm;
    const ArmTracker* known = trackers_.Get(Index(arm.id));
    const ArmTracker& tracker = known == nullptr ? unknown : *known;
    const double answers = 1 - tracker.ErrorRate();
    expected[i] = ExpectCall(arm, query);
    expected[i].quality = quality[i].mean * answers;
    expected[i].quality_stddev = quality[i].stddev * answers;
  }
  return expected;
}

bool LearnedState::ChooseDirectly(const QueryView& query, const Preference& preference,
                                  std::span<const ArmView> arms,
                                  std::span<const ArmExpectation> expected, std::span<double> pmf,
                                  std::span<ExpertVotes> votes) const {
  const PoolSettings& settings = pool_->settings;
  std::vector<UtilityTerm> terms(arms.size());
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const ArmTracker* known = trackers_.Get(Index(arms[i].arm->id));
    const double answers = known == nullptr ? 1 : 1 - known->ErrorRate();
    terms[i] = {preference.quality * answers,
                -preference.cost * expected[i].cost_usd / settings.cost_scale_usd -
                    preference.latency * expected[i].latency_ms / settings.latency_scale_ms};
  }
  return quality_->ChooseDirectly(settings.learner, query.context, arms, terms, pmf, votes);
}

ArmExpectation LearnedState::ExpectCall(const Arm& arm, const QueryView& query) const {
  const ArmTracker* known = trackers_.Get(Index(arm.id));
  const ArmTracker tracker = known == nullptr ? ArmTracker{} : *known;
  ArmExpectation e;
  e.latency_ms = tracker.LatencyMs(arm);
  e.output_tokens = tracker.OutputTokens(arm, query.input_tokens);
  e.input_tokens = query.input_tokens;
  e.priced_usd = (arm.usd_per_1m_input.value_or(0) * query.input_tokens +
                  arm.usd_per_1m_output.value_or(0) * e.output_tokens) /
                 kTokensPerPrice;
  e.cost_usd = arm.usd_per_1m_input || arm.usd_per_1m_output ? e.priced_usd * tracker.CostCorrection() : tracker.ObservedCost();
  return e;
}

Micros LearnedState::RateLimitedUntil(ArmId) const { return 0; }
Sequence LearnedState::FreshSince(ArmId) const { return 0; }

ArmFigures LearnedState::Figures(ArmId arm, Micros now) const {
  const Arm* settings = arms_.Get(Index(arm));
  POINTSMAN_CHECK(settings != nullptr);
  const ArmTracker* known = trackers_.Get(Index(arm));
  const ArmTracker tracker = known == nullptr ? ArmTracker{} : *known;
  return {tracker.outcomes(), tracker.Figures(pool_->settings.learner, *settings, now),
          quality_->Level(arm), ExpectCall(*settings, {.context = {}, .now = now})};
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
    RETURN_IF_ERROR(LearnArm(arm->arm));
  } else {
    RETURN_IF_ERROR(LearnPool(std::get<PoolEvent>(event.body).pool));
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
  trackers_.Mutable(Index(event.arm)).Learn(pool_->settings.learner, event, time);
  if (event.is_first) ++outcomes_;
  const bool has_failed = event.outcome.error.value_or(false);
  if (!event.outcome.quality || has_failed || event.weight == 0) return absl::OkStatus();
  Observation observation;
  observation.arm = event.arm;
  observation.context = event.context;
  observation.features = event.features;
  observation.is_imported = event.selection == Selection::kImported;
  // The experts voted on the first draw; a panel's or a fallback's arms were not theirs.
  if (event.selection != Selection::kExplore && !observation.is_imported) {
    observation.features.votes = {};
  }
  observation.quality = *event.outcome.quality;
  observation.weight = event.weight;
  observation.propensity = event.propensity;
  observation.is_off_policy = event.is_off_policy;
  observation.is_correction = event.corrects.quality.has_value();
  observation.corrected_from = event.corrects.quality.value_or(0);
  quality_->Learn(observation);
  return absl::OkStatus();
}

absl::Status LearnedState::LearnArm(const Arm& arm) {
  RETURN_IF_ERROR(CheckArm(arm));
  if (Index(arm.id) > arms_.size()) {
    return DataLoss("arm ids are given in order and the next one is ", arms_.size(), ", not ",
                    Index(arm.id));
  }
  arms_.Set(Index(arm.id), std::make_shared<const Arm>(arm));
  quality_->PutArm(arm);
  return absl::OkStatus();
}

// New settings reach the quality model by way of its own bytes: it is decoded under them.
absl::Status LearnedState::LearnPool(const Pool& pool) {
  const PoolSettings& before = pool_->settings;
  const PoolSettings& after = pool.settings;
  if (pool.id != pool_->id) return InvalidArgument("a pool's id never changes");
  RETURN_IF_ERROR(ValidateForLearning(after));
  if (after.embedder != before.embedder || after.features != before.features ||
      after.learner.quality_model != before.learner.quality_model) {
    return InvalidArgument(
        "embedder, features and learner.quality_model are fixed when a pool is made: learned state "
        "depends on them; make a new pool");
  }
  if (after.learner != before.learner) {
    ByteWriter bytes;
    quality_->Encode(bytes);
    ByteReader in(bytes.bytes());
    ASSIGN_OR_RETURN(quality_, DecodeQualityModel(after.learner, ContextDimension(after), in));
    quality_->BeginEdit();
  }
  pool_ = std::make_shared<const Pool>(pool);
  return absl::OkStatus();
}

absl::StatusOr<LearnedState> Apply(const LearnedState& state, std::span<const Event> events) {
  LearnedState next(state);
  RETURN_IF_ERROR(next.Learn(events));
  return next;
}

}  // namespace pointsman
