#include "storage/codec/soundness.h"

#include <cmath>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/settings.h"

namespace pointsman::storage {
namespace {

struct Field {
  const char* name;
  double value;
};

absl::Status CheckFinite(const char* record, std::initializer_list<Field> fields) {
  for (const Field& field : fields) {
    if (!std::isfinite(field.value)) {
      return InvalidArgument(record, ": ", field.name, " is not a finite number");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckContext(const char* record, std::span<const float> context) {
  for (std::size_t i = 0; i < context.size(); ++i) {
    if (!std::isfinite(context[i])) {
      return InvalidArgument(record, ": context[", i, "] is not a finite number");
    }
  }
  return absl::OkStatus();
}

template <class Enum>
absl::Status CheckEnum(const char* record, std::string_view field, Enum value, Enum last) {
  if (value < Enum{1} || value > last) {
    return InvalidArgument(record, ": ", field, " has the unknown value ", static_cast<int>(value));
  }
  return absl::OkStatus();
}

absl::Status CheckSetting(const SettingRow& row, const PoolSettings& settings) {
  return VisitSetting(row, settings, [&]<class T>(const T& value) -> absl::Status {
    if constexpr (std::is_enum_v<T>) {
      return CheckEnum("pool", row.name, value, static_cast<T>(row.values.size()));
    } else if constexpr (std::is_same_v<T, double>) {
      if (!std::isfinite(value)) {
        return InvalidArgument("pool: ", row.name, " is not a finite number");
      }
    }
    return absl::OkStatus();
  });
}

absl::Status CheckPreference(const char* record, const Preference& p) {
  return CheckFinite(record, {{"preference.quality", p.quality},
                              {"preference.cost", p.cost},
                              {"preference.latency", p.latency}});
}

absl::Status CheckOutcome(const char* record, const Outcome& outcome) {
  if (outcome.error_kind) {
    RETURN_IF_ERROR(CheckEnum(record, "error_kind", *outcome.error_kind, kErrorKindLast));
  }
  return CheckFinite(record, {{"outcome.quality", outcome.quality.value_or(0)},
                              {"outcome.latency_ms", outcome.latency_ms.value_or(0)},
                              {"outcome.cost_usd", outcome.cost_usd.value_or(0)},
                              {"outcome.first_token_ms", outcome.first_token_ms.value_or(0)}});
}

absl::Status CheckFeatures(const char* record, const ArmFeatures& f) {
  return CheckFinite(record, {{"features.neighbour_quality", f.neighbour_quality},
                              {"features.neighbour_count", f.neighbour_count},
                              {"features.neighbour_baseline", f.neighbour_baseline},
                              {"features.description_similarity", f.description_similarity},
                              {"features.description_lead", f.description_lead},
                              {"features.votes.ratio[0]", f.votes.ratio[0]},
                              {"features.votes.ratio[1]", f.votes.ratio[1]},
                              {"features.votes.ratio[2]", f.votes.ratio[2]},
                              {"features.votes.par", f.votes.par}});
}

absl::Status CheckBody(const OutcomeEvent& e) {
  RETURN_IF_ERROR(CheckEnum("outcome event", "selection", e.selection, Selection::kImported));
  RETURN_IF_ERROR(
      CheckFinite("outcome event", {{"propensity", e.propensity},
                                    {"inclusion", e.inclusion},
                                    {"weight", e.weight},
                                    {"input_tokens_estimate", e.input_tokens_estimate},
                                    {"cost_estimate_usd", e.cost_estimate_usd},
                                    {"input_tokens_expected", e.input_tokens_expected},
                                    {"output_tokens_expected", e.output_tokens_expected},
                                    {"counted", e.counted}}));
  RETURN_IF_ERROR(CheckPreference("outcome event", e.preference));
  RETURN_IF_ERROR(CheckContext("outcome event", e.context));
  RETURN_IF_ERROR(CheckFeatures("outcome event", e.features));
  RETURN_IF_ERROR(CheckOutcome("outcome event", e.outcome));
  RETURN_IF_ERROR(CheckOutcome("outcome event, values before", e.before));
  if (e.anchor) {
    RETURN_IF_ERROR(CheckFinite("outcome event", {{"anchor.clock", e.anchor->clock}}));
  }
  return CheckOutcome("outcome event, corrected values", e.corrects);
}

absl::Status CheckBody(const ArmEvent& e) {
  const Arm& arm = e.arm;
  RETURN_IF_ERROR(CheckEnum("arm", "status", arm.status, ArmStatus::kRemoved));
  for (const PriceTier& tier : arm.price_tiers) {
    RETURN_IF_ERROR(CheckFinite(
        "arm",
        {{"price_tiers.usd_per_1m_input", tier.usd_per_1m_input.value_or(0)},
         {"price_tiers.usd_per_1m_output", tier.usd_per_1m_output.value_or(0)},
         {"price_tiers.usd_per_1m_cached_input", tier.usd_per_1m_cached_input.value_or(0)}}));
  }
  if (e.reset) {
    RETURN_IF_ERROR(CheckFinite("arm", {{"reset.inherit_strength", e.reset->inherit_strength}}));
  }
  return CheckFinite("arm", {{"usd_per_request", arm.usd_per_request.value_or(0)},
                             {"usd_per_1m_cached_input", arm.usd_per_1m_cached_input.value_or(0)},
                             {"usd_per_1m_input", arm.usd_per_1m_input.value_or(0)},
                             {"usd_per_1m_output", arm.usd_per_1m_output.value_or(0)},
                             {"prior_quality", arm.prior_quality.value_or(0)},
                             {"prior_strength", arm.prior_strength},
                             {"prior_latency_ms", arm.prior_latency_ms.value_or(0)},
                             {"prior_output_tokens", arm.prior_output_tokens.value_or(0)}});
}

absl::Status CheckBody(const PoolEvent& e) { return CheckSound(e.pool); }

absl::Status CheckBody(const SilenceEvent&) { return absl::OkStatus(); }

}  // namespace

absl::Status CheckSound(const Pool& pool) {
  if (Index(pool.id) == 0 || Index(pool.id) == UINT32_MAX) {
    return InvalidArgument("pool: the id ", Index(pool.id), " is never assigned to a pool");
  }
  for (const FeatureSpec& f : pool.settings.features) {
    RETURN_IF_ERROR(CheckFinite("pool", {{"features.center", f.center},
                                         {"features.scale", f.scale},
                                         {"features.weight", f.weight}}));
  }
  for (const SettingRow& row : SettingTable()) RETURN_IF_ERROR(CheckSetting(row, pool.settings));
  return CheckPreference("pool", pool.settings.default_preference);
}

absl::Status CheckSound(const Event& event) {
  if (event.sequence == 0) return InvalidArgument("event: the first sequence is 1, not 0");
  if (Index(event.pool) == 0 || Index(event.pool) == UINT32_MAX) {
    return InvalidArgument("event: the id ", Index(event.pool), " is never assigned to a pool");
  }
  return std::visit([](const auto& body) { return CheckBody(body); }, event.body);
}

absl::Status CheckSound(const FeedbackRecord& record) {
  RETURN_IF_ERROR(CheckFinite(
      "feedback record",
      {{"weight", record.weight}, {"anchor.clock", record.anchor ? record.anchor->clock : 0}}));
  return CheckOutcome("feedback record", record.learned);
}

absl::Status CheckSound(const Experience& experience) {
  if (experience.sequence == 0) return InvalidArgument("experience: its sequence is 0");
  RETURN_IF_ERROR(
      CheckFinite("experience", {{"quality", experience.quality}, {"weight", experience.weight}}));
  return CheckContext("experience", experience.context);
}

absl::Status CheckSound(const Decision& decision) {
  constexpr char kRecord[] = "decision";
  RETURN_IF_ERROR(CheckEnum(kRecord, "mode", decision.mode, Mode::kGreedy));
  RETURN_IF_ERROR(CheckFinite(kRecord, {{"holdout_share", decision.holdout_share}}));
  if (decision.group > Group::kControl) {
    return InvalidArgument(kRecord, ": group has the unknown value ",
                           static_cast<int>(decision.group));
  }
  RETURN_IF_ERROR(
      CheckEnum(kRecord, "context_source", decision.context_source, ContextSource::kNone));
  RETURN_IF_ERROR(CheckPreference(kRecord, decision.preference));
  RETURN_IF_ERROR(CheckContext(kRecord, decision.context));
  RETURN_IF_ERROR(CheckFinite(kRecord, {{"input_tokens", decision.input_tokens},
                                        {"max_output_tokens", decision.max_output_tokens}}));
  RETURN_IF_ERROR(
      CheckEnum(kRecord, "latency_kind", decision.latency_kind, LatencyKind::kFirstToken));
  for (const Candidate& c : decision.candidates) {
    RETURN_IF_ERROR(
        CheckFinite(kRecord, {{"candidate.probability", c.probability},
                              {"candidate.inclusion", c.inclusion},
                              {"candidate.utility", c.utility},
                              {"candidate.quality", c.expected.quality},
                              {"candidate.quality_stddev", c.expected.quality_stddev},
                              {"candidate.cost_usd", c.expected.cost_usd},
                              {"candidate.latency_ms", c.expected.latency_ms},
                              {"candidate.priced_usd", c.expected.priced_usd},
                              {"candidate.cost_stddev_usd", c.expected.cost_stddev_usd},
                              {"candidate.latency_stddev_ms", c.expected.latency_stddev_ms},
                              {"candidate.error_rate", c.expected.error_rate},
                              {"candidate.input_tokens", c.expected.input_tokens},
                              {"candidate.output_tokens", c.expected.output_tokens}}));
    RETURN_IF_ERROR(CheckFeatures(kRecord, c.features));
  }
  for (const ChosenArm& c : decision.chosen) {
    RETURN_IF_ERROR(CheckEnum(kRecord, "chosen.selection", c.selection, Selection::kImported));
    RETURN_IF_ERROR(CheckFinite(kRecord, {{"chosen.propensity", c.propensity}}));
  }
  return absl::OkStatus();
}

}  // namespace pointsman::storage
