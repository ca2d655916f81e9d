#include "engine/request/changes.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "base/strings.h"

namespace pointsman {
namespace {

constexpr std::size_t kTextShown = 120;

std::string Shown(double value) { return absl::StrFormat("%.10g", value); }
std::string Shown(int64_t value) { return Cat(value); }
std::string Shown(uint32_t value) { return Cat(value); }
std::string Shown(bool value) { return value ? "true" : "false"; }
std::string Shown(const std::string& text) {
  return text.empty() ? "unset" : Quoted(text, kTextShown);
}
template <class T>
std::string Shown(const std::optional<T>& value) {
  return value ? Shown(*value) : "unset";
}
std::string Shown(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& entry : list) text += Cat(text.empty() ? "" : ", ", entry);
  return list.empty() ? "unset" : Cat("[", OneLine(text, kTextShown), "]");
}
std::string Shown(const std::vector<PriceTier>& tiers) {
  std::string text;
  for (const PriceTier& tier : tiers) {
    text += Cat(text.empty() ? "" : "; ", "above ", tier.above_input_tokens, " tokens: input ",
                Shown(tier.usd_per_1m_input), ", output ", Shown(tier.usd_per_1m_output),
                ", cached input ", Shown(tier.usd_per_1m_cached_input));
  }
  return tiers.empty() ? "unset" : Cat("[", text, "]");
}
std::string Shown(const Preference& p) {
  return Cat("quality ", p.quality, ", cost ", p.cost, ", latency ", p.latency);
}
std::string Shown(LatencyKind kind) {
  return kind == LatencyKind::kFirstToken ? "FIRST_TOKEN" : "TOTAL";
}
std::string Shown(MissingFeedback missing) {
  return missing == MissingFeedback::kQuality ? "DEFAULT_QUALITY" : "NOTHING";
}
// 0 means no limit.
std::string ShownLimit(int64_t tokens) { return tokens == 0 ? "unset" : Cat(tokens); }

class Lines {
 public:
  template <class T>
  void Add(const char* field, const T& before, const T& after) {
    if (before == after) return;
    AddShown(field, Shown(before), Shown(after));
  }
  void AddShown(const char* field, const std::string& before, const std::string& after) {
    if (before != after) lines_.push_back(Cat(field, ": ", before, " -> ", after));
  }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

}  // namespace

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

std::vector<std::string> ChangesOf(const Arm& a, const Arm& b) {
  Lines lines;
  lines.AddShown("status", StatusName(a.status), StatusName(b.status));
  lines.Add("description", a.description, b.description);
  lines.Add("tags", a.tags, b.tags);
  lines.Add("usd_per_1m_input", a.usd_per_1m_input, b.usd_per_1m_input);
  lines.Add("usd_per_1m_output", a.usd_per_1m_output, b.usd_per_1m_output);
  lines.Add("usd_per_1m_cached_input", a.usd_per_1m_cached_input, b.usd_per_1m_cached_input);
  lines.Add("usd_per_request", a.usd_per_request, b.usd_per_request);
  lines.Add("price_tiers", a.price_tiers, b.price_tiers);
  lines.AddShown("context_tokens_max", ShownLimit(a.context_tokens_max),
                 ShownLimit(b.context_tokens_max));
  lines.AddShown("output_tokens_max", ShownLimit(a.output_tokens_max),
                 ShownLimit(b.output_tokens_max));
  lines.Add("prior_quality", a.prior_quality, b.prior_quality);
  lines.Add("prior_strength", a.prior_strength, b.prior_strength);
  lines.Add("prior_latency_ms", a.prior_latency_ms, b.prior_latency_ms);
  lines.Add("prior_output_tokens", a.prior_output_tokens, b.prior_output_tokens);
  lines.Add("version", a.version, b.version);
  lines.Add("aliases", a.aliases, b.aliases);
  return lines.Take();
}

std::vector<std::string> ChangesOf(const PoolSettings& a, const PoolSettings& b) {
  Lines lines;
  const LearnerSettings &l = a.learner, &m = b.learner;
  lines.Add("learner.quality_model", l.quality_model, m.quality_model);
  lines.Add("learner.exploration", l.exploration, m.exploration);
  lines.Add("learner.exploration_floor", l.exploration_floor, m.exploration_floor);
  lines.Add("learner.exploration_scale", l.exploration_scale, m.exploration_scale);
  lines.Add("learner.epsilon", l.epsilon, m.epsilon);
  lines.Add("learner.temperature", l.temperature, m.temperature);
  lines.Add("learner.squarecb_gamma", l.squarecb_gamma, m.squarecb_gamma);
  lines.Add("learner.half_life_s", l.half_life_s, m.half_life_s);
  lines.Add("learner.half_life_outcomes", l.half_life_outcomes, m.half_life_outcomes);
  lines.Add("learner.forget_outcomes", l.forget_outcomes, m.forget_outcomes);
  std::vector<std::string> before, after;
  for (const FeatureSpec& feature : a.features) before.push_back(feature.name);
  for (const FeatureSpec& feature : b.features) after.push_back(feature.name);
  lines.Add("features", before, after);
  lines.Add("cost_scale_usd", a.cost_scale_usd, b.cost_scale_usd);
  lines.Add("latency_scale_ms", a.latency_scale_ms, b.latency_scale_ms);
  lines.Add("shortlist_size", a.shortlist_size, b.shortlist_size);
  lines.Add("neighbours", a.neighbours, b.neighbours);
  lines.Add("feedback_window_s", a.feedback_window / kMicrosPerSecond,
            b.feedback_window / kMicrosPerSecond);
  lines.Add("store_query_text", a.store_query_text, b.store_query_text);
  lines.Add("default_preference", a.default_preference, b.default_preference);
  lines.Add("missing_feedback", a.missing_feedback, b.missing_feedback);
  lines.Add("missing_quality", a.missing_quality, b.missing_quality);
  lines.Add("client_weight_per_hour", a.client_weight_per_hour, b.client_weight_per_hour);
  lines.Add("latency_kind", a.latency_kind, b.latency_kind);
  lines.Add("strict_names", a.strict_names, b.strict_names);
  return lines.Take();
}

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += Cat(text.empty() ? "" : "; ", line);
  return text;
}

}  // namespace pointsman
