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

// What says "the default" in the settings of a pool that exists means what the pool was made with.
void KeepUnspecified(const EmbedderSettings& present, EmbedderSettings& wanted) {
  if (wanted.name != present.name) return;
  if (wanted.dimension == 0) wanted.dimension = present.dimension;
  if (wanted.projected == 0) wanted.projected = present.projected;
  if (wanted.lexicon_file.empty()) wanted.lexicon_file = present.lexicon_file;
  if (wanted.lexicon_checksum == 0) wanted.lexicon_checksum = present.lexicon_checksum;
  if (wanted.endpoint.empty()) wanted.endpoint = present.endpoint;
  if (wanted.model.empty()) wanted.model = present.model;
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
  return FeedbackOutput{result, Append(turn, pool, served.key, std::move(joined), is_record_new)};
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

absl::StatusOr<std::pair<Arm, bool>> Commands::PutArmIn(Turn& turn,
                                                        const std::shared_ptr<PoolRuntime>& pool,
                                                        Arm arm) {
  RETURN_IF_ERROR(ValidateArm(arm, limits_.Get()));
  const auto present = turn.FindArm(pool, arm.name);
  if (!present) {
    const std::size_t count = turn.ArmCount(pool);
    if (static_cast<int64_t>(count) >= limits_.Get().arms_per_pool_max) {
      return WithReason(FailedPrecondition("pool ", Quoted(pool->name()), " has ", count,
                                           " arms, the limit arms_per_pool_max"),
                        reason::kLimit, "arm");
    }
    arm.id = static_cast<ArmId>(count);
  } else {
    arm.id = present->id;
  }
  // Putting what is there already writes nothing.
  if (!present || !(*present == arm)) turn.Append(pool, ArmEvent{arm});
  return std::make_pair(std::move(arm), !present || present->status == ArmStatus::kRemoved);
}

absl::StatusOr<std::pair<Arm, bool>> Commands::StagePutArm(Turn& turn, const std::string& pool_name,
                                                           Arm arm) {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(pool_name));
  return PutArmIn(turn, pool, std::move(arm));
}

absl::StatusOr<bool> Commands::StageRemoveArm(Turn& turn, const std::string& pool_name,
                                              const std::string& name) {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(pool_name));
  auto arm = turn.FindArm(pool, name);
  if (!arm || arm->status == ArmStatus::kRemoved) {
    return WithReason(NotFound("pool ", Quoted(pool->name()), " has no arm ", Quoted(name)),
                      reason::kArmUnknown, "arm");
  }
  arm->status = ArmStatus::kRemoved;
  turn.Append(pool, ArmEvent{*arm});
  return true;
}

absl::StatusOr<std::shared_ptr<PoolRuntime>> Commands::MakePool(const std::string& name,
                                                                const PoolSettings& settings) {
  if (static_cast<int64_t>(pools_.all()->size()) >= limits_.Get().pools_max) {
    return WithReason(
        FailedPrecondition("there are ", pools_.all()->size(), " pools, the limit pools_max"),
        reason::kLimit, "name");
  }
  Pool pool;
  pool.name = name;
  pool.settings = settings;
  pool.created_at = clock_.Now();
  ASSIGN_OR_RETURN(pool.id, storage_.log->NewPoolId());
  auto state = LearnedState::Empty(pool);
  RETURN_IF_ERROR(state.status());
  std::shared_ptr<PoolRuntime> runtime;
  ASSIGN_OR_RETURN(runtime, PoolRuntime::Make(*std::move(state), options_.building, remotes_));
  RETURN_IF_ERROR(runtime->embedder_status());
  runtime->NoteSnapshot(0, clock_.Now());
  return runtime;
}

absl::StatusOr<std::pair<PoolInfo, bool>> Commands::PutPool(const std::string& name,
                                                            const EditSettings& edit,
                                                            std::vector<Arm> arms,
                                                            bool create_only) {
  RETURN_IF_ERROR(ValidateName("name", name, limits_.Get()));
  const auto all = pools_.all();
  const auto it = all->find(name);
  const bool is_new = it == all->end();
  if (!is_new && create_only) {
    return WithReason(absl::AlreadyExistsError(Cat("there is a pool ", Quoted(name), " already")),
                      reason::kPoolExists, "name");
  }
  const PoolSettings present = is_new ? PoolSettings{} : it->second->state()->pool().settings;
  PoolSettings wanted;
  ASSIGN_OR_RETURN(wanted, edit(present));
  if (is_new) {
    RETURN_IF_ERROR(ValidateEmbedder(wanted.embedder, limits_.Get()));
    auto resolved = ResolveEmbedder(wanted.embedder);
    if (!resolved.ok()) {
      return BadField("settings.embedder", ToStd(resolved.status().message()));
    }
    wanted.embedder = *std::move(resolved);
  } else {
    KeepUnspecified(present.embedder, wanted.embedder);
  }
  RETURN_IF_ERROR(ValidateSettings(wanted, limits_.Get()));
  if (!is_new) RETURN_IF_ERROR(ValidateChange(present, wanted));
  for (const Arm& arm : arms) RETURN_IF_ERROR(ValidateArm(arm, limits_.Get()));

  std::shared_ptr<PoolRuntime> pool;
  if (is_new) {
    ASSIGN_OR_RETURN(pool, MakePool(name, wanted));
  } else {
    pool = it->second;
  }
  Turn turn(*storage_.log, clock_.Now());
  if (is_new || !(present == wanted)) {
    Pool record = pool->state()->pool();
    record.settings = wanted;
    turn.Append(pool, PoolEvent{record});
    turn.PutPool(std::move(record));
  }
  for (Arm& arm : arms) RETURN_IF_ERROR(PutArmIn(turn, pool, std::move(arm)).status());
  RETURN_IF_ERROR(turn.Commit().status());
  if (wanted.client_weight_per_hour == 0) pool->client_weights().Clear();
  if (is_new) pools_.Put(pool);
  return std::make_pair(InfoOf(*pool), is_new);
}

absl::Status Commands::DeletePool(const std::string& name) {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(name));
  RETURN_IF_ERROR(storage_.log->DropPool(pool->id()));
  pools_.Remove(pool->name());
  return absl::OkStatus();
}

}  // namespace pointsman
