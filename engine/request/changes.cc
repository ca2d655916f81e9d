#include "engine/request/changes.h"

#include <optional>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "domain/settings.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kTextShown = 120;

std::string Shown(double value) { return absl::StrFormat("%.10g", value); }
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
std::vector<std::string> NamesOf(const PoolSettings& settings) {
  std::vector<std::string> names;
  for (const FeatureSpec& feature : settings.features) names.push_back(feature.name);
  return names;
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
  void AddShown(std::string_view field, const std::string& before, const std::string& after) {
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
  for (const SettingRow& row : SettingTable()) {
    // Settings that have no row are listed before these rows.
    if (row.name == "cost_scale_usd") lines.Add("features", NamesOf(a), NamesOf(b));
    if (row.name == "missing_feedback") {
      lines.Add("default_preference", a.default_preference, b.default_preference);
    }
    lines.AddShown(row.name, ShownSetting(row, a), ShownSetting(row, b));
  }
  return lines.Take();
}

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += Cat(text.empty() ? "" : "; ", line);
  return text;
}

}  // namespace pointsman::engine
