#include "service/engine/commands.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "service/engine/feedback_join.h"
#include "service/engine/validate.h"

namespace pointsman {
namespace {

// Parentheses and a space, so that no caller's own scheme of ids makes it.
constexpr char kMissingFeedbackId[] = "(missing feedback)";

// What joining one feedback gave, into the turn; the sequence of its event, 0 for none.
Sequence Append(Turn& turn, const std::shared_ptr<PoolRuntime>& pool, const FeedbackKey& key,
                Joined joined, bool is_record_new) {
  Sequence sequence = 0;
  if (joined.event) {
    const OutcomeEvent event = *joined.event;
    sequence = turn.Append(pool, *std::move(joined.event));
    if (joined.brings_quality) joined.record.quality_sequence = sequence;
    if (joined.brings_quality || joined.corrects_quality) {
      Remember(turn, pool, joined.record.quality_sequence, event);
    }
  }
  if (is_record_new) turn.PutFeedback(key, std::move(joined.record));
  return sequence;
}

// What is left to a client; nothing is looked up where a pool sets no bound.
ClientShare ShareOf(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                    std::string_view client, ArmId arm) {
  const double bound = pool->state()->pool().settings.client_weight_per_hour;
  if (bound == 0) return {};
  const ClientKey key = KeyOfClient(client);
  return {true, key, bound - turn.UsedWeight(pool, key, arm)};
}

}  // namespace

PoolInfo InfoOf(const PoolRuntime& pool) {
  const auto state = pool.state();
  PoolInfo info;
  info.pool = state->pool();
  info.snapshot_version = state->version();
  info.problem = std::string(ToStd(pool.embedder_status().message()));
  for (std::size_t i = 0; i < state->arm_count(); ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm == nullptr) continue;
    info.arms_active += arm->status == ArmStatus::kActive;
    info.arms_paused += arm->status == ArmStatus::kPaused;
  }
  return info;
}

void Remember(Turn& turn, const std::shared_ptr<PoolRuntime>& pool, Sequence quality_sequence,
              const OutcomeEvent& event) {
  const PoolSettings& settings = pool->state()->pool().settings;
  const std::size_t projected = settings.embedder.projected;
  if (!event.outcome.quality || event.context.size() < projected || settings.experience_max == 0) {
    return;
  }
  Experience experience{quality_sequence, event.arm, static_cast<float>(*event.outcome.quality),
                        static_cast<float>(event.weight), event.context};
  experience.context.resize(projected);
  turn.PutExperience(pool, std::move(experience));
}

absl::StatusOr<Decision> Commands::FindDecision(PoolId pool, const std::string& id,
                                                Micros now) const {
  const Micros ttl = limits_.Get().decision_ttl_s * kMicrosPerSecond;
  std::optional<Decision> decision;
  ASSIGN_OR_RETURN(decision, storage_.decisions->Get(pool, id));
  const auto given_at = decision ? std::optional<Micros>(decision->time) : ids_.GivenAt(pool, id);
  if (given_at && *given_at + ttl <= now) {
    return WithReason(NotFound("decision_id: decision ", Quoted(id),
                               " has expired; decisions are "
                               "kept for ",
                               limits_.Get().decision_ttl_s, " s (limit decision_ttl_s)"),
                      reason::kDecisionExpired, "decision_id");
  }
  if (!decision) {
    return WithReason(NotFound("decision_id: this pool has no decision ", Quoted(id),
                               "; was it given by another pool, or answered with logged = false?"),
                      reason::kDecisionUnknown, "decision_id");
  }
  return *std::move(decision);
}

absl::StatusOr<FeedbackOutput> Commands::StageFeedback(Turn& turn, const FeedbackInput& input) {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(input.pool));
  Decision decision;
  ASSIGN_OR_RETURN(decision, FindDecision(pool->id(), input.decision_id, turn.now()));
  std::optional<ArmId> named;
  if (!input.served_arm.empty()) {
    const auto arm = turn.FindArm(pool, input.served_arm);
    if (!arm) {
      return WithReason(InvalidArgument("served_arm: pool ", Quoted(pool->name()), " has no arm ",
                                        Quoted(input.served_arm)),
                        reason::kArmUnknown, "served_arm");
    }
    named = arm->id;
  }
  ServedArm served = ResolveServed(decision, named);
  std::optional<FeedbackRecord> before;
  ASSIGN_OR_RETURN(before, turn.ReadFeedback(served.key));
  if (before && before->decision_time != decision.time) before.reset();  // of an earlier namesake
  ASSIGN_OR_RETURN(served, ServedSoFar(decision, served, before));
  const Micros window = pool->state()->pool().settings.feedback_window;
  const bool is_late = turn.now() > decision.time + window;
  const ClientShare share = ShareOf(turn, pool, input.client, served.arm);
  Joined joined;
  ASSIGN_OR_RETURN(joined, Join(input, decision, served, before, is_late, share));

  const FeedbackResult result = joined.result;
  if (result == FeedbackResult::kApplied) pool->CountLag(turn.now() - decision.time);
  if (joined.counted > 0) turn.CountWeight(pool, share.client, served.arm, joined.counted);
  const bool is_record_new = !before || !(*before == joined.record);
  return FeedbackOutput{
      result, Append(turn, pool, served.key, std::move(joined), is_record_new), {}};
}

absl::Status Commands::StageMissing(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                    const DecisionPosition& position, ArmId arm) const {
  const auto decision = storage_.decisions->Get(pool->id(), position.decision_id);
  if (absl::IsUnavailable(decision.status())) return decision.status();
  // Damaged, gone for want of space, or made again under its id: there is nothing to learn from.
  if (!decision.ok() || !decision->has_value() || (*decision)->time != position.time) {
    return absl::OkStatus();
  }
  FeedbackInput input;
  input.feedback_id = kMissingFeedbackId;
  input.outcome.quality = pool->state()->pool().settings.missing_quality;
  const ServedArm served = ResolveServed(**decision, arm);
  std::optional<FeedbackRecord> before;
  ASSIGN_OR_RETURN(before, turn.ReadFeedback(served.key));
  if (before && before->decision_time != position.time) before.reset();
  // By the record's arm, if a part of the feedback said that another one served.
  ServedArm unnamed = served;
  unnamed.is_named = false;
  ASSIGN_OR_RETURN(unnamed, ServedSoFar(**decision, unnamed, before));
  // Nobody told it, so no client is counted.
  auto joined = Join(input, **decision, unnamed, before, /*is_late=*/false, ClientShare{});
  if (!joined.ok() || !joined->event) return absl::OkStatus();
  joined->event->is_missing = true;
  Append(turn, pool, served.key, *std::move(joined), /*is_record_new=*/true);
  return absl::OkStatus();
}

}  // namespace pointsman
