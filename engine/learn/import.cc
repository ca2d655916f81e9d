#include "engine/learn/import.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/ranges.h"
#include "engine/learn/feedback_commands.h"
#include "engine/learn/feedback_join.h"
#include "engine/request/validate.h"
#include "engine/route/decide.h"
#include "learners/choice/choose.h"

namespace pointsman::engine {
namespace {

constexpr char kFeedbackId[] = "import";

uint64_t Announced(const ImportPlan& plan, const std::string& arm) {
  const auto it = plan.arm_outcomes.find(arm);
  return it == plan.arm_outcomes.end() ? plan.queries : it->second;
}

// A hash of everything that is learned of one query and arm.
uint64_t ContentHash(const ImportedQuery& query, const ImportedOutcome& outcome) {
  ByteWriter bytes;
  bytes.Put(RequestHash(AsRoute(query)));
  bytes.PutString(outcome.arm);
  PutOutcome(outcome.outcome, bytes);
  return Checksum(bytes.bytes());
}

absl::Status UnknownArm(const PoolRuntime& pool, const std::string& arm) {
  return WithReason(InvalidArgument("arm: pool ", Quoted(pool.name()), " has no arm ", Quoted(arm),
                                    "; add the arm first, or leave out its outcomes"),
                    reason::kArmUnknown, "arm");
}

absl::StatusOr<ArmId> FindLivingArm(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                    const std::string& name) {
  const std::optional<Arm> arm = turn.FindArm(pool, name);
  if (!arm || arm->status == ArmStatus::kRemoved) return UnknownArm(*pool, name);
  return arm->id;
}

// An outcome that is not yet known.
struct NewOutcome {
  storage::FeedbackKey key;
  uint64_t content_hash = 0;
  double weight = 0;
  Outcome outcome;
};

// A query with at least one new outcome.
struct NewQuery {
  std::string text;  // the part that is embedded
  QueryContext context;
  std::vector<NewOutcome> outcomes;
};

// Reads what is known of the query, and counts new and known outcomes. Stages nothing.
absl::StatusOr<NewQuery> Prepare(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                 const ImportPlan& plan, const ImportedQuery& query,
                                 ImportOutput& output) {
  NewQuery fresh;
  fresh.text = std::string(pool->encoder().EmbeddedPart(query.query));
  for (const ImportedOutcome& outcome : query.outcomes) {
    NewOutcome out;
    ArmId arm{};
    ASSIGN_OR_RETURN(arm, FindLivingArm(turn, pool, outcome.arm));
    out.key = {pool->id(), Cat(kImportIdPrefix, plan.import_id, ":", query.index), arm};
    out.content_hash = ContentHash(query, outcome);
    out.weight = plan.strength / static_cast<double>(Announced(plan, outcome.arm));
    out.outcome = outcome.outcome;
    if (out.outcome.error_kind) out.outcome.error = true;
    std::optional<storage::FeedbackRecord> before;
    ASSIGN_OR_RETURN(before, turn.ReadFeedback(out.key));
    ImportedArm& counts = output.arms[outcome.arm];
    counts.weight = out.weight;
    const bool is_undone = before && before->learned.empty() && before->seen.empty();
    if (!before || is_undone) {
      ++counts.learned;
      fresh.outcomes.push_back(std::move(out));
    } else if (before->seen.empty() || before->seen.front().payload_hash == out.content_hash) {
      ++counts.known;
    } else {
      return WithReason(absl::AlreadyExistsError(Cat(
                            "import_id: import ", Quoted(plan.import_id),
                            " already contains a different outcome of arm ", Quoted(outcome.arm),
                            " at this index; use another import_id for different content")),
                        reason::kImportIdReused, "import_id");
    }
  }
  const uint64_t learned = fresh.outcomes.size();
  output.outcomes_learned += learned;
  output.outcomes_known += query.outcomes.size() - learned;
  ++(learned > 0 ? output.queries_learned : output.queries_known);
  if (learned > 0) {
    ASSIGN_OR_RETURN(fresh.context,
                     pool->encoder().Encode(AsRoute(query), pool->state()->pool().settings));
  }
  return fresh;
}

// One event for each outcome. All of them use the state before the query.
absl::StatusOr<std::vector<OutcomeEvent>> EventsOf(const learners::LearnedState& state,
                                                   const PoolRuntime& pool, const NewQuery& query) {
  std::vector<ArmId> arms;
  for (const NewOutcome& outcome : query.outcomes) arms.push_back(outcome.key.arm);
  const std::vector<learners::ArmView> views =
      ViewArms(pool, state, query.context, arms, FindNeighbours(pool, state, query.context));
  const learners::QueryView seen{
      .context = query.context.z, .input_tokens = query.context.input_tokens, .now = state.time()};
  const std::vector<ArmExpectation> expected = state.Estimate(seen, views);
  const Preference preference = Normalised(state.pool().settings.default_preference);

  // The experts can vote only on arms whose quality is known.
  std::vector<std::size_t> rated;
  std::vector<learners::ArmView> rated_views;
  std::vector<ArmExpectation> rated_expected;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (!query.outcomes[i].outcome.quality) continue;
    rated.push_back(i);
    rated_views.push_back(views[i]);
    rated_expected.push_back(expected[i]);
  }
  std::vector<ExpertVotes> votes(arms.size());
  if (!rated.empty()) {
    const auto on_rated =
        learners::VotesOnKnown(state, seen, preference, rated_views, rated_expected);
    for (std::size_t i = 0; i < rated.size(); ++i) votes[rated[i]] = on_rated[i];
  }

  std::vector<OutcomeEvent> events(arms.size());
  for (std::size_t i = 0; i < arms.size(); ++i) {
    OutcomeEvent& event = events[i];
    event.decision_id = query.outcomes[i].key.decision_id;
    event.feedback_id = kFeedbackId;
    event.arm = arms[i];
    event.selection = Selection::kImported;
    event.weight = query.outcomes[i].weight;
    event.preference = preference;
    if (query.context.source != ContextSource::kNone) event.context = query.context.z;
    event.features = views[i].features;
    event.features.votes = votes[i];
    event.input_tokens_estimate = query.context.input_tokens;
    event.cost_estimate_usd = std::min(expected[i].priced_usd, kLoggedUsdMax);
    event.input_tokens_expected = expected[i].input_tokens;
    event.output_tokens_expected = expected[i].output_tokens;
    event.decision_version = state.version();
    event.outcome = query.outcomes[i].outcome;
    if (state.pool().settings.store_query_text) event.query_text = query.text;
  }
  return events;
}

absl::Status Stage(Turn& turn, const std::shared_ptr<PoolRuntime>& pool, const NewQuery& query,
                   Sequence& last) {
  const learners::LearnedState* state = nullptr;
  ASSIGN_OR_RETURN(state, turn.Learned(pool));
  std::vector<OutcomeEvent> events;
  ASSIGN_OR_RETURN(events, EventsOf(*state, *pool, query));
  for (std::size_t i = 0; i < events.size(); ++i) {
    const NewOutcome& outcome = query.outcomes[i];
    events[i].payload_hash = outcome.content_hash;
    events[i].decision_time = turn.TimeOf(pool);
    last = turn.Append(pool, std::move(events[i]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImportOutput> StageImport(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                         const ImportPlan& plan,
                                         std::span<const ImportedQuery> chunk) {
  if (chunk.empty()) {
    for (const auto& [name, count] : plan.arm_outcomes) {
      RETURN_IF_ERROR(FindLivingArm(turn, pool, name).status());
    }
  }
  ImportOutput output;
  std::vector<NewQuery> fresh;
  for (const ImportedQuery& query : chunk) {
    auto prepared = Prepare(turn, pool, plan, query, output);
    if (!prepared.ok()) return Located(prepared.status(), Cat("query ", query.index));
    if (!prepared->outcomes.empty()) fresh.push_back(*std::move(prepared));
  }
  for (const NewQuery& query : fresh) RETURN_IF_ERROR(Stage(turn, pool, query, output.sequence));
  return output;
}

absl::Status ImportTally::Admit(std::span<const ImportedQuery> chunk) {
  for (const ImportedQuery& query : chunk) {
    for (const ImportedOutcome& outcome : query.outcomes) {
      const uint64_t announced = Announced(plan_, outcome.arm);
      if (++came_[outcome.arm] <= announced) continue;
      return BadField("outcomes",
                      Cat("query ", query.index, ": more outcomes of arm ", Quoted(outcome.arm),
                          " than the ", announced,
                          " announced; the weight of each outcome depends on the "
                          "announced number, so announce at least as many as you send"));
    }
  }
  return absl::OkStatus();
}

void ImportTally::Add(const ImportOutput& output) {
  total_.queries_learned += output.queries_learned;
  total_.queries_known += output.queries_known;
  total_.outcomes_learned += output.outcomes_learned;
  total_.outcomes_known += output.outcomes_known;
  total_.sequence = std::max(total_.sequence, output.sequence);
  for (const auto& [name, arm] : output.arms) {
    ImportedArm& sum = total_.arms[name];
    sum.learned += arm.learned;
    sum.known += arm.known;
    sum.weight = arm.weight;
  }
}

}  // namespace pointsman::engine
