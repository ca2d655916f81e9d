#include "engine/learn/feedback_commands.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "engine/learn/feedback_join.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

// It has parentheses and a space, so that no caller's own scheme of ids makes the same id.
constexpr char kMissingFeedbackId[] = "(missing feedback)";

// The weight that a client has left. Nothing is looked up if the pool sets no bound.
ClientShare ShareOf(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                    std::string_view client, ArmId arm) {
  const double bound = pool->state()->pool().settings.client_weight_per_hour;
  if (bound == 0) return {};
  const ClientKey key = KeyOfClient(client);
  return {true, key, bound - turn.UsedWeight(pool, key, arm)};
}

// `under`, overwritten by the fields that `over` has.
Outcome Over(const Outcome& under, const Outcome& over) {
  OutcomeEvent event;
  event.before = under;
  event.outcome = over;
  Outcome merged = MergedOutcome(event);
  // The join decides whether the two are consistent.
  if (over.quality) merged.quality = over.quality;
  if (under.error_kind && !over.error_kind && !over.error) merged.error_kind = under.error_kind;
  return merged;
}

}  // namespace

absl::StatusOr<Decision> FeedbackCommands::FindDecision(PoolId pool, const std::string& id,
                                                        Micros now) const {
  const Micros ttl = limits_.Get().decision_ttl_s * kMicrosPerSecond;
  std::optional<Decision> decision;
  ASSIGN_OR_RETURN(decision, decisions_.Get(pool, id));
  const auto given_at = decision ? std::optional<Micros>(decision->time) : ids_.GivenAt(pool, id);
  if (given_at && *given_at + ttl <= now) {
    return WithReason(NotFound("decision_id: decision ", Quoted(id),
                               " has expired; decisions are "
                               "kept for ",
                               limits_.Get().decision_ttl_s, " s (limit decision_ttl_s)"),
                      reason::kDecisionExpired, "decision_id");
  }
  if (!decision && is_replica_ && given_at) {
    return WithReason(
        absl::UnavailableError(
            Cat("decision_id: decision ", Quoted(id),
                " was made by another replica and is not here yet; send this again in a second")),
        reason::kDecisionNotHere, "decision_id");
  }
  if (!decision) {
    return WithReason(NotFound("decision_id: this pool has no decision ", Quoted(id),
                               "; check the pool; a decision answered with logged = false is not "
                               "stored"),
                      reason::kDecisionUnknown, "decision_id");
  }
  return *std::move(decision);
}

// The reports of one feedback, one for each call. Every attempt before the last one failed.
absl::StatusOr<std::vector<FeedbackCommands::CallReport>> FeedbackCommands::ReportsOf(
    const Turn& turn, const std::shared_ptr<PoolRuntime>& pool, const FeedbackInput& input,
    FeedbackOutput& output) const {
  Report report{.outcome = input.outcome,
                .is_withdrawal = input.is_withdrawal,
                .is_not_served = input.is_not_served,
                .feedback_id = input.feedback_id,
                .payload_hash = PayloadHash(input),
                .at = input.at,
                .client = input.client};
  const auto find = [&](const std::string& name) -> std::optional<ArmId> {
    const std::optional<Arm> arm = turn.FindArm(pool, NormalName(name));
    if (arm) return arm->id;
    output.notes.push_back(Cat("pool ", OneLine(pool->name()), " has no arm ", Quoted(name),
                               ", so nothing was learned from its call"));
    return std::nullopt;
  };
  std::vector<CallReport> reports;
  if (input.attempts.empty()) {
    CallReport call{.is_named = !input.served_arm.empty(), .report = std::move(report)};
    if (call.is_named) call.arm = find(input.served_arm);
    if (call.is_named && !call.arm) {
      call.report.outcome = {};
      call.report.is_elsewhere = true;
    }
    reports.push_back(std::move(call));
    return reports;
  }
  std::vector<std::optional<ArmId>> arms;
  for (const AttemptInput& attempt : input.attempts) arms.push_back(find(attempt.arm));
  if (!input.served_arm.empty()) {
    const std::optional<Arm> served = turn.FindArm(pool, NormalName(input.served_arm));
    const bool is_last = served ? served->id == arms.back()
                                : IsSameName(input.served_arm, input.attempts.back().arm);
    if (!is_last) {
      return BadField("served_arm", "must be the arm of the last attempt, or unset");
    }
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    CallReport call{.arm = arms[i], .is_named = true, .report = report};
    const bool is_last = i + 1 == arms.size();
    const Outcome& outcome = input.attempts[i].outcome;
    call.report.outcome = is_last ? Over(outcome, input.outcome) : outcome;
    if (!is_last && !call.report.outcome.error) call.report.outcome.error = true;
    if (is_last && call.report.outcome.empty()) call.report.outcome.error = false;
    if (!call.arm) {
      call.report.outcome = {};
      call.report.is_elsewhere = is_last;
    }
    // The attempt of a call is the number of later calls of the same arm. 0: the last one, the arm's own outcome.
    for (std::size_t j = i + 1; j < arms.size(); ++j) {
      if (call.arm && arms[j] == call.arm) ++call.attempt;
    }
    if (call.arm || is_last) reports.push_back(std::move(call));
  }
  return reports;
}

// The decision's own record. Before format 3 it may contain the outcome of another arm that served. That
// outcome is then moved to a record of that arm.
absl::StatusOr<storage::FeedbackRecord> FeedbackCommands::ReadHead(Turn& turn,
                                                                   const Decision& decision) const {
  std::optional<storage::FeedbackRecord> head;
  const storage::FeedbackKey key = HeadKey(decision);
  ASSIGN_OR_RETURN(head, turn.ReadFeedback(key));
  if (!head || head->decision_time != decision.time) {  // none, or of an earlier namesake
    storage::FeedbackRecord fresh;
    fresh.served = key.arm;
    fresh.decision_time = decision.time;
    fresh.is_split = true;
    return fresh;
  }
  if (!head->is_split && head->served != key.arm) {
    storage::FeedbackRecord served = *head;
    served.is_split = true;
    turn.SplitFeedback(CallBy(decision, head->served).key, std::move(served));
    storage::FeedbackRecord split;
    split.served = head->served;
    split.decision_time = head->decision_time;
    split.is_split = true;
    head = split;
    turn.SplitFeedback(key, split);
  }
  return *head;
}

absl::StatusOr<uint32_t> FeedbackCommands::FurtherCalls(const Turn& turn, const Decision& decision,
                                                        ArmId arm) const {
  for (uint32_t count = 0;; ++count) {
    std::optional<storage::FeedbackRecord> record;
    ASSIGN_OR_RETURN(record, turn.ReadFeedback(CallBy(decision, arm, count + 1).key));
    if (!record || record->decision_time != decision.time) return count;
  }
}

// Adds reports for the other calls that a feedback applies to. A withdrawal applies to all calls of the arm.
// `not_served` and an arm outside the pool apply to all arms. A list of attempts replaces an earlier, longer
// list.
absl::Status FeedbackCommands::AddCalls(Turn& turn, const Decision& decision,
                                        const FeedbackInput& input,
                                        std::vector<CallReport>& reports) const {
  std::vector<CallReport> added;
  if (!input.attempts.empty()) {
    for (const CallReport& listed : reports) {
      if (!listed.arm || listed.attempt > 0) continue;
      uint32_t calls = 0;
      for (const CallReport& other : reports) calls += other.arm == listed.arm;
      uint32_t known = 0;
      ASSIGN_OR_RETURN(known, FurtherCalls(turn, decision, *listed.arm));
      for (uint32_t attempt = calls; attempt <= known; ++attempt) {
        added.push_back({.arm = listed.arm, .attempt = attempt, .report = listed.report});
        added.back().report.outcome = {};
        added.back().report.is_withdrawal = true;
      }
    }
  } else if (const Report& report = reports.back().report;
             report.is_withdrawal || report.is_not_served || report.is_elsewhere) {
    storage::FeedbackRecord head;
    ASSIGN_OR_RETURN(head, ReadHead(turn, decision));
    const bool is_panel = decision.chosen.size() > 1 && IsRatedAlone(decision, 1);
    const ArmId main =
        reports.back().arm.value_or(is_panel ? decision.chosen.front().arm : head.served);
    std::vector<ArmId> arms;
    for (const ChosenArm& chosen : decision.chosen) {
      if (!report.is_withdrawal && chosen.arm != main) arms.push_back(chosen.arm);
    }
    for (const ArmId arm : arms) {
      std::optional<storage::FeedbackRecord> record;
      ASSIGN_OR_RETURN(record, turn.ReadFeedback(CallBy(decision, arm).key));
      const bool is_known = record && record->decision_time == decision.time;
      if (is_panel || is_known) added.push_back({.arm = arm, .report = report});
    }
    arms.push_back(main);
    for (const ArmId arm : arms) {
      uint32_t known = 0;
      ASSIGN_OR_RETURN(known, FurtherCalls(turn, decision, arm));
      for (uint32_t attempt = 1; attempt <= known && !report.is_elsewhere; ++attempt) {
        added.push_back({.arm = arm, .attempt = attempt, .report = report});
      }
    }
  }
  reports.insert(reports.begin(), added.begin(), added.end());
  return absl::OkStatus();
}

absl::StatusOr<FeedbackCommands::JoinedCall> FeedbackCommands::JoinCall(
    Turn& turn, const std::shared_ptr<PoolRuntime>& pool, const Decision& decision,
    const CallReport& reported) const {
  storage::FeedbackRecord head;
  ASSIGN_OR_RETURN(head, ReadHead(turn, decision));
  const bool is_panel = decision.chosen.size() > 1 && IsRatedAlone(decision, 1);
  // Once feedback names an arm, later feedback without one is about it.
  const ArmId first = decision.chosen.front().arm;
  const ArmId arm = reported.arm.value_or(is_panel ? first : head.served);
  const ServedCall call = CallBy(decision, arm, reported.attempt);
  std::optional<storage::FeedbackRecord> before;
  ASSIGN_OR_RETURN(before, turn.ReadFeedback(call.key));
  if (before && before->decision_time != decision.time) before.reset();
  const Micros window = pool->state()->pool().settings.feedback_window;
  const bool is_late = turn.TimeOf(pool) > decision.time + window;
  // What the arm did before it started fresh teaches the present arm nothing.
  const Sequence fresh = pool->state()->FreshSince(arm);
  const bool is_of_old_version = fresh > 0 && decision.snapshot_version < fresh;
  const ClientShare share = ShareOf(turn, pool, reported.report.client, arm);
  Joined joined;
  ASSIGN_OR_RETURN(
      joined, Join(reported.report, decision, call, before, is_late || is_of_old_version, share));
  // The decision's record says which arm's feedback is awaited from now on.
  const bool names_another = reported.is_named && reported.arm && !is_panel && head.served != arm;
  if (names_another && reported.attempt == 0 && joined.result != FeedbackResult::kLate) {
    if (!joined.event) joined.event = OfNothing(reported.report, decision, call);
    joined.event->instead_of = first;
  }
  return JoinedCall{std::move(joined), is_of_old_version};
}

absl::StatusOr<FeedbackOutput> FeedbackCommands::StageCall(Turn& turn,
                                                           const std::shared_ptr<PoolRuntime>& pool,
                                                           const Decision& decision,
                                                           const CallReport& reported) const {
  JoinedCall call;
  ASSIGN_OR_RETURN(call, JoinCall(turn, pool, decision, reported));
  Joined& joined = call.joined;
  FeedbackOutput output{joined.result,
                        joined.event ? turn.Append(pool, *std::move(joined.event)) : 0};
  if (call.is_of_old_version && output.result == FeedbackResult::kLate) {
    output.notes.push_back(
        "the arm was reset or got a new version after this decision, so this feedback was logged "
        "but not learned");
  }
  return output;
}

absl::StatusOr<FeedbackOutput> FeedbackCommands::StageFeedback(Turn& turn,
                                                               const FeedbackInput& input) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, pools_.Find(input.pool));
  Decision decision;
  auto found = FindDecision(pool->id(), input.decision_id, turn.now());
  const std::string reason = ReasonOf(found.status());
  if (reason == reason::kDecisionUnknown || reason == reason::kDecisionNotHere) {
    turn.NoteMissingDecision();
  }
  RETURN_IF_ERROR(found.status());
  decision = *std::move(found);
  FeedbackOutput output;
  std::vector<CallReport> reports;
  ASSIGN_OR_RETURN(reports, ReportsOf(turn, pool, input, output));
  RETURN_IF_ERROR(AddCalls(turn, decision, input, reports));
  // A feedback is applied as a whole or not at all. So each of its calls is joined once before anything is
  // appended.
  for (std::size_t i = 0; reports.size() > 1 && i < reports.size(); ++i) {
    RETURN_IF_ERROR(JoinCall(turn, pool, decision, reports[i]).status());
  }
  for (const CallReport& report : reports) {
    FeedbackOutput one;
    ASSIGN_OR_RETURN(one, StageCall(turn, pool, decision, report));
    output.result = one.result;
    output.sequence = std::max(output.sequence, one.sequence);
    const bool is_last = &report == &reports.back();
    if (!is_last && one.notes.empty() && one.result == FeedbackResult::kOverWeight) {
      output.notes.push_back(
          "an earlier attempt was not learned: this client reached client_weight_per_hour on "
          "that arm");
    } else if (!is_last && one.notes.empty() && one.result == FeedbackResult::kLate) {
      output.notes.push_back(
          "an earlier attempt was not learned: it arrived after the pool's feedback window");
    }
    output.notes.insert(output.notes.end(), one.notes.begin(), one.notes.end());
  }
  return output;
}

absl::Status FeedbackCommands::StageMissing(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                            const DecisionPosition& position, ArmId arm) const {
  const auto decision = decisions_.Get(pool->id(), position.decision_id);
  if (absl::IsUnavailable(decision.status())) return decision.status();
  // There is nothing to learn from a decision that is damaged, was dropped for lack of space, or was replaced
  // by a newer one with the same id.
  if (!decision.ok() || !decision->has_value() || (*decision)->time != position.time) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const storage::FeedbackRecord head, ReadHead(turn, **decision));
  // If feedback has named another arm that served, the outcome belongs to that arm.
  const ArmId served = arm == (*decision)->chosen.front().arm ? head.served : arm;
  const ServedCall call = CallBy(**decision, served);
  std::optional<storage::FeedbackRecord> before;
  ASSIGN_OR_RETURN(before, turn.ReadFeedback(call.key));
  if (before && before->decision_time != position.time) before.reset();
  Report report;
  report.feedback_id = kMissingFeedbackId;
  report.outcome.quality = pool->state()->pool().settings.missing_quality;
  // No client reported this, so no client's weight is used.
  auto joined = Join(report, **decision, call, before, /*is_late=*/false, ClientShare{});
  if (!joined.ok() || !joined->event) return absl::OkStatus();
  joined->event->is_missing = true;
  turn.Append(pool, *std::move(joined->event));
  return absl::OkStatus();
}

}  // namespace pointsman::engine
