#include "tools/event_text.h"

#include <array>
#include <ctime>
#include <optional>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "evaluation/json.h"

namespace pointsman {
namespace {

using Json = nlohmann::ordered_json;

const char* SelectionName(Selection selection) {
  switch (selection) {
    case Selection::kExplore:
      return "explore";
    case Selection::kGreedy:
      return "greedy";
    case Selection::kFallback:
      return "fallback";
    case Selection::kPanel:
      return "panel";
    case Selection::kImported:
      return "imported";
  }
  return "unknown";
}

const char* StatusName(ArmStatus status) {
  switch (status) {
    case ArmStatus::kActive:
      return "active";
    case ArmStatus::kPaused:
      return "paused";
    case ArmStatus::kRemoved:
      return "removed";
  }
  return "unknown";
}

// Calls `visit(name, value)` for each field that was told.
template <class Visit>
void VisitOutcome(const Outcome& o, const Visit& visit) {
  if (o.quality) visit("quality", *o.quality);
  if (o.latency_ms) visit("latency_ms", *o.latency_ms);
  if (o.cost_usd) visit("cost_usd", *o.cost_usd);
  if (o.input_tokens) visit("input_tokens", *o.input_tokens);
  if (o.output_tokens) visit("output_tokens", *o.output_tokens);
  if (o.error) visit("error", *o.error);
}

std::string Shown(double value) { return absl::StrFormat("%.10g", value); }
std::string Shown(int64_t value) { return Cat(value); }
std::string Shown(bool value) { return value ? "yes" : "no"; }

std::string OutcomeText(const Outcome& outcome) {
  std::string text;
  VisitOutcome(outcome, [&](const char* name, const auto& value) {
    text += Cat(text.empty() ? "" : ", ", name, " ", Shown(value));
  });
  return text;
}

std::string BodyText(const OutcomeEvent& e, const ArmNames& names) {
  std::string text = Cat("outcome of ", names.Of(e.arm), ": ", OutcomeText(e.outcome));
  if (!e.corrects.empty()) text += Cat(" (instead of ", OutcomeText(e.corrects), ")");
  text += Cat("; decision ", Quoted(e.decision_id), ", feedback ", Quoted(e.feedback_id));
  text += absl::StrFormat("; %s, propensity %.6g", SelectionName(e.selection), e.propensity);
  if (e.weight != 1) text += absl::StrFormat(", weight %.6g", e.weight);
  if (e.is_off_policy) text += ", another arm served than was drawn";
  if (e.is_missing) text += ", nobody told it";
  if (!e.is_learned) text += e.is_over_weight ? ", over its client's weight" : ", late";
  if (!e.is_learned) text += ": not learned";
  return text;
}

std::string BodyText(const ArmEvent& e, const ArmNames&) {
  return Cat("arm ", e.arm.name, " (id ", Index(e.arm.id), "): ", StatusName(e.arm.status),
             e.arm.description.empty() ? "" : Cat(", ", Quoted(e.arm.description)));
}

std::string BodyText(const PoolEvent& e, const ArmNames&) {
  const LearnerSettings& learner = e.pool.settings.learner;
  return Cat("pool ", e.pool.name, " (id ", Index(e.pool.id), "): settings; learner ",
             learner.quality_model, ", exploration ", learner.exploration);
}

Json OutcomeJson(const Outcome& outcome) {
  Json json = Json::object();
  VisitOutcome(outcome, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

void FillJson(const OutcomeEvent& e, const ArmNames& names, Json& json) {
  json["arm"] = names.Of(e.arm);
  json["decision_id"] = e.decision_id;
  json["feedback_id"] = e.feedback_id;
  json["outcome"] = OutcomeJson(e.outcome);
  if (!e.corrects.empty()) json["corrects"] = OutcomeJson(e.corrects);
  json["selection"] = SelectionName(e.selection);
  json["propensity"] = e.propensity;
  json["weight"] = e.weight;
  json["is_first"] = e.is_first;
  json["is_learned"] = e.is_learned;
  json["is_off_policy"] = e.is_off_policy;
  json["is_missing"] = e.is_missing;
  json["is_over_weight"] = e.is_over_weight;
}

void FillJson(const ArmEvent& e, const ArmNames&, Json& json) {
  json["arm"] = e.arm.name;
  json["id"] = Index(e.arm.id);
  json["status"] = StatusName(e.arm.status);
  json["description"] = e.arm.description;
}

void FillJson(const PoolEvent& e, const ArmNames&, Json& json) {
  json["id"] = Index(e.pool.id);
  json["quality_model"] = e.pool.settings.learner.quality_model;
  json["exploration"] = e.pool.settings.learner.exploration;
}

}  // namespace

void ArmNames::Note(const Event& event) {
  if (const auto* put = std::get_if<ArmEvent>(&event.body)) Note(put->arm);
}

std::string ArmNames::Of(ArmId arm) const {
  const auto found = names_.find(arm);
  return found == names_.end() ? Cat("arm ", Index(arm)) : found->second;
}

std::string TimeText(Micros time) {
  const auto seconds = static_cast<std::time_t>(time / kMicrosPerSecond);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  return absl::StrFormat("%s.%03dZ", text.data(), time % kMicrosPerSecond / kMicrosPerMs);
}

std::string EventText(const Event& event, const ArmNames& names) {
  const std::string body =
      std::visit([&](const auto& b) { return BodyText(b, names); }, event.body);
  return absl::StrFormat("%8d  %s  %s", event.sequence, TimeText(event.time), body);
}

std::string EventJson(const std::string& pool, const Event& event, const ArmNames& names) {
  Json json;
  json["pool"] = pool;
  json["sequence"] = event.sequence;
  json["time"] = TimeText(event.time);
  json["event"] = EventKindName(event);
  std::visit([&](const auto& body) { FillJson(body, names, json); }, event.body);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pointsman
