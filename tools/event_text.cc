#include "tools/event_text.h"

#include <array>
#include <cctype>
#include <ctime>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "engine/request/changes.h"
#include "evaluation/data/json.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::ordered_json;

const char* SelectionName(Selection selection) {
  switch (selection) {
    case Selection::kExplore:
      return "EXPLORE";
    case Selection::kGreedy:
      return "GREEDY";
    case Selection::kFallback:
      return "FALLBACK";
    case Selection::kPanel:
      return "PANEL";
    case Selection::kImported:
      return "IMPORTED";
  }
  return "UNKNOWN";
}

std::string Lower(std::string text) {
  for (char& c : text) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return text;
}

// Calls `visit(name, value)` for each field that is set.
template <class Visit>
void VisitOutcome(const Outcome& o, const Visit& visit) {
  if (o.quality) visit("quality", *o.quality);
  if (o.latency_ms) visit("latency_ms", *o.latency_ms);
  if (o.cost_usd) visit("cost_usd", *o.cost_usd);
  if (o.input_tokens) visit("input_tokens", *o.input_tokens);
  if (o.output_tokens) visit("output_tokens", *o.output_tokens);
  if (o.error) visit("error", *o.error);
  if (o.error_kind)
    visit("error_kind", v1::ErrorKind_Name(static_cast<v1::ErrorKind>(*o.error_kind)));
  if (o.first_token_ms) visit("first_token_ms", *o.first_token_ms);
  if (o.cached_input_tokens) visit("cached_input_tokens", *o.cached_input_tokens);
  if (o.retry_after_ms) visit("retry_after_ms", *o.retry_after_ms);
}

std::string Shown(double value) { return absl::StrFormat("%.10g", value); }
std::string Shown(int64_t value) { return Cat(value); }
std::string Shown(bool value) { return value ? "yes" : "no"; }
std::string Shown(const std::string& value) { return value; }

std::string By(const std::string& who) { return who.empty() ? "" : Cat("; by ", OneLine(who)); }

// Why an event was not learned; empty if it was.
std::string WhyNotLearned(const OutcomeEvent& e) {
  if (e.is_learned) return "";
  if (e.is_closed) return ", closes the decision";
  if (e.is_withdrawal) return ": there was nothing to withdraw";
  if (e.brings_nothing) return ", nothing new";
  return e.is_over_weight ? ", over its client's weight: not learned" : ", late: not learned";
}

std::string BodyText(const OutcomeEvent& e, const LogContext& before) {
  std::string text = e.is_closed ? "decision closed"
                                 : Cat(e.is_withdrawal ? "withdrawn: outcome of " : "outcome of ",
                                       before.NameOf(e.arm));
  const std::string told = OutcomeText(e.is_withdrawal ? e.before : e.outcome);
  if (!told.empty()) text += Cat(": ", told);
  if (e.is_withdrawal && !e.outcome.empty()) {
    text +=
        Cat(" (kept, because it was observed after the withdrawal: ", OutcomeText(e.outcome), ")");
  } else if (!e.corrects.empty())
    text += Cat(" (instead of ", OutcomeText(e.corrects), ")");
  text += Cat("; decision ", Quoted(e.decision_id));
  if (!e.feedback_id.empty()) text += Cat(", feedback ", Quoted(e.feedback_id));
  text += absl::StrFormat("; %s, propensity %.6g", Lower(SelectionName(e.selection)), e.propensity);
  if (e.inclusion != 1) text += absl::StrFormat(", inclusion %.6g", e.inclusion);
  if (e.attempt > 0)
    text += Cat(", attempt ", e.attempt, ", counted back from the arm's last call");
  if (e.weight != 1) text += absl::StrFormat(", weight %.6g", e.weight);
  if (e.is_off_policy) text += ", served by another arm than the one drawn";
  if (e.is_missing) text += ", assumed because no feedback arrived";
  return text + WhyNotLearned(e);
}

// What the event changes. If the log does not begin with event 1, values from before its first event count as
// unset.
std::vector<std::string> ChangesIn(const ArmEvent& e, const LogContext& before) {
  const Arm* known = before.Before(e.arm.id);
  std::vector<std::string> changes = engine::ChangesOf(known == nullptr ? Arm{} : *known, e.arm);
  if (e.reset) changes.push_back("what it learned: forgotten");
  if (e.reset && e.reset->inherit_from) {
    changes.push_back(absl::StrFormat("prior: what %s learned, as %g outcomes",
                                      before.NameOf(*e.reset->inherit_from),
                                      e.reset->inherit_strength));
  }
  return changes;
}

std::vector<std::string> ChangesIn(const PoolEvent& e, const LogContext& before) {
  const PoolSettings* known = before.SettingsBefore();
  return engine::ChangesOf(known == nullptr ? PoolSettings{} : *known, e.pool.settings);
}

// "new" or "changed", or both if the log does not show which.
const char* Verb(bool is_known, const LogContext& before) {
  if (is_known) return "changed";
  return before.is_from_start() ? "new" : "new or changed";
}

std::string BodyText(const ArmEvent& e, const LogContext& before) {
  const std::string changes = engine::JoinLines(ChangesIn(e, before));
  return Cat("arm ", OneLine(e.arm.name), " (id ", Index(e.arm.id), ", ",
             engine::StatusName(e.arm.status), ") ",
             Verb(before.Before(e.arm.id) != nullptr, before),
             changes.empty() ? "" : Cat(": ", changes), By(e.by));
}

std::string BodyText(const PoolEvent& e, const LogContext& before) {
  const LearnerSettings& learner = e.pool.settings.learner;
  const std::string changes = engine::JoinLines(ChangesIn(e, before));
  return Cat("pool ", OneLine(e.pool.name), " (id ", Index(e.pool.id), ", learner ",
             learner.quality_model, ", exploration ", learner.exploration, ") ",
             Verb(before.SettingsBefore() != nullptr, before),
             changes.empty() ? "" : Cat(": ", changes), By(e.by));
}

std::string BodyText(const SilenceEvent& e, const LogContext&) {
  return Cat("decisions up to ", TimeText(e.judged.time),
             " were checked for missing feedback; missing so far: ", e.missing);
}

void FillJson(const OutcomeEvent& e, const LogContext& before, Json& json) {
  json["arm"] = before.NameOf(e.arm);
  json["decision_id"] = e.decision_id;
  json["feedback_id"] = e.feedback_id;
  json["outcome"] = OutcomeJson(e.outcome);
  if (!e.corrects.empty()) json["corrects"] = OutcomeJson(e.corrects);
  if (!e.before.empty()) json["before"] = OutcomeJson(e.before);
  json["selection"] = SelectionName(e.selection);
  json["propensity"] = e.propensity;
  json["inclusion"] = e.inclusion;
  json["weight"] = e.weight;
  json["attempt"] = e.attempt;
  json["is_first"] = e.is_first;
  json["is_learned"] = e.is_learned;
  json["is_off_policy"] = e.is_off_policy;
  json["is_missing"] = e.is_missing;
  json["is_over_weight"] = e.is_over_weight;
  json["is_withdrawal"] = e.is_withdrawal;
  json["is_closed"] = e.is_closed;
}

void FillJson(const ArmEvent& e, const LogContext& before, Json& json) {
  json["arm"] = e.arm.name;
  json["id"] = Index(e.arm.id);
  json["status"] = v1::ArmStatus_Name(static_cast<v1::ArmStatus>(e.arm.status));
  json["description"] = e.arm.description;
  json["is_new"] = before.is_from_start() && before.Before(e.arm.id) == nullptr;
  json["is_reset"] = e.reset.has_value();
  json["changes"] = ChangesIn(e, before);
  json["by"] = e.by;
}

void FillJson(const PoolEvent& e, const LogContext& before, Json& json) {
  json["id"] = Index(e.pool.id);
  json["quality_model"] = e.pool.settings.learner.quality_model;
  json["exploration"] = e.pool.settings.learner.exploration;
  json["is_new"] = before.is_from_start() && before.SettingsBefore() == nullptr;
  json["changes"] = ChangesIn(e, before);
  json["by"] = e.by;
}

void FillJson(const SilenceEvent& e, const LogContext&, Json& json) {
  json["judged_time_unix_ms"] = e.judged.time / kMicrosPerMs;
  json["judged_decision_id"] = e.judged.decision_id;
  json["missing"] = e.missing;
}

}  // namespace

std::string OutcomeText(const Outcome& outcome) {
  std::string text;
  VisitOutcome(outcome, [&](const char* name, const auto& value) {
    text += Cat(text.empty() ? "" : ", ", name, " ", Shown(value));
  });
  return text;
}

Json OutcomeJson(const Outcome& outcome) {
  Json json = Json::object();
  VisitOutcome(outcome, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

void LogContext::Note(const Event& event) {
  if (const auto* put = std::get_if<ArmEvent>(&event.body)) {
    NoteName(put->arm);
    arms_[put->arm.id] = put->arm;
  } else if (const auto* pool = std::get_if<PoolEvent>(&event.body)) {
    pool_ = pool->pool.settings;
  }
}

std::string LogContext::NameOf(ArmId arm) const {
  const auto found = names_.find(arm);
  return found == names_.end() ? Cat("arm ", Index(arm)) : found->second;
}

const Arm* LogContext::Before(ArmId arm) const {
  const auto found = arms_.find(arm);
  return found == arms_.end() ? nullptr : &found->second;
}

std::string TimeText(Micros time) {
  const auto seconds = static_cast<std::time_t>(time / kMicrosPerSecond);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  return absl::StrFormat("%s.%03dZ", text.data(), time % kMicrosPerSecond / kMicrosPerMs);
}

std::string EventText(const Event& event, const LogContext& before) {
  const std::string body =
      std::visit([&](const auto& b) { return BodyText(b, before); }, event.body);
  return absl::StrFormat("%8d  %s  %s", event.sequence, TimeText(event.time), body);
}

std::string EventJson(const std::string& pool, const Event& event, const LogContext& before) {
  Json json;
  json["pool"] = pool;
  json["sequence"] = event.sequence;
  json["time_unix_ms"] = event.time / kMicrosPerMs;
  json["event"] = EventKindName(event);
  std::visit([&](const auto& body) { FillJson(body, before, json); }, event.body);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pointsman::tools
