#include "domain/settings.h"

#include <type_traits>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/strings.h"
#include "domain/ranges.h"

namespace pointsman {
namespace {

using L = LearnerSettings;
using P = PoolSettings;

constexpr std::size_t kTextShown = 120;
constexpr const char* kMissingFeedbacks[] = {"NOTHING", "DEFAULT_QUALITY"};
constexpr const char* kLatencyKinds[] = {"TOTAL", "FIRST_TOKEN"};

constexpr SettingRow kTable[] = {
    {.name = "learner.quality_model",
     .field = &L::quality_model,
     .format = 2,
     .meaning = "which model learns quality",
     .is_live = false},
    {.name = "learner.exploration",
     .field = &L::exploration,
     .format = 2,
     .meaning = "which algorithm makes the distribution that an arm is drawn from"},
    {.name = "learner.exploration_floor",
     .field = &L::exploration_floor,
     .format = 2,
     .meaning = "share of the choices that is spread evenly over the candidates",
     .most = 1},
    {.name = "learner.exploration_scale",
     .field = &L::exploration_scale,
     .format = 2,
     .meaning = "factor on standard deviations",
     .most = 1000},
    {.name = "learner.epsilon",
     .field = &L::epsilon,
     .format = 2,
     .meaning = "of epsilon_greedy: share of uniform choices",
     .most = 1},
    {.name = "learner.temperature",
     .field = &L::temperature,
     .format = 2,
     .meaning = "of softmax: points of utility",
     .least = 1e-9,
     .most = 1e9},
    {.name = "learner.squarecb_gamma",
     .field = &L::squarecb_gamma,
     .format = 2,
     .meaning = "of squarecb: how strongly differences of utility count",
     .least = 1e-9,
     .most = 1e12},
    {.name = "learner.half_life_s",
     .field = &L::half_life_s,
     .format = 2,
     .meaning = "seconds in which the tracker's figures lose half of their weight",
     .unit = "s",
     .least = 1,
     .most = 1e10},
    {.name = "learner.half_life_outcomes",
     .field = &L::half_life_outcomes,
     .format = 2,
     .meaning = "outcomes of the pool in which the tracker's figures lose half of their weight",
     .unit = "outcomes",
     .least = 1,
     .most = 1e9},
    {.name = "learner.forget_outcomes",
     .field = &L::forget_outcomes,
     .format = 2,
     .meaning = "outcomes of the pool after which evidence of quality keeps 1/e of its weight",
     .unit = "outcomes",
     .most = 1e9},
    {.name = "learner.description_weight",
     .field = &L::description_weight,
     .format = 5,
     .meaning = "of hybrid: quality that a description nearer than usual by one deviation is worth "
                "before outcomes",
     .most = 1},
    {.name = "cost_scale_usd",
     .field = &P::cost_scale_usd,
     .format = 2,
     .meaning = "USD that weigh as much as one point of quality",
     .unit = "USD",
     .least = 1e-9,
     .most = kUsdMax},
    {.name = "latency_scale_ms",
     .field = &P::latency_scale_ms,
     .format = 2,
     .meaning = "ms that weigh as much as one point of quality",
     .unit = "ms",
     .least = 1e-3,
     .most = kMsMax},
    {.name = "shortlist_size",
     .field = &P::shortlist_size,
     .format = 2,
     .meaning =
         "nearest arms by description that a larger pool scores, beside favourites, neighbours' "
         "arms and random ones",
     .unit = "arms",
     .least = 1,
     .most = 4096},
    {.name = "neighbours",
     .field = &P::neighbours,
     .format = 2,
     .meaning = "past outcomes that are looked for near a query",
     .unit = "outcomes",
     .most = 1024},
    {.name = "experience_max",
     .field = &P::experience_max,
     .format = 2,
     .meaning = "past outcomes that are kept for that search",
     .unit = "outcomes",
     .most = 1e8,
     .is_live = false},
    {.name = "feedback_window_s",
     .field = &P::feedback_window,
     .format = 2,
     .meaning = "how long after a decision its feedback is learned",
     .unit = "s",
     .least = 1,
     .most = 366 * 86400,
     .most_limit = &Limits::decision_ttl_s,
     .most_limit_name = "decision_ttl_s"},
    {.name = "store_query_text",
     .field = &P::store_query_text,
     .format = 2,
     .meaning = "stores the text of queries"},
    {.name = "missing_feedback",
     .field = &P::missing_feedback,
     .format = 2,
     .meaning = "what silence teaches",
     .unit = "value",
     .values = kMissingFeedbacks},
    {.name = "missing_quality",
     .field = &P::missing_quality,
     .format = 2,
     .meaning = "the quality that silence teaches with DEFAULT_QUALITY",
     .most = 1},
    {.name = "client_weight_per_hour",
     .field = &P::client_weight_per_hour,
     .format = 3,
     .meaning = "observations that one client's feedback counts as, per arm and hour, at most",
     .unit = "observations",
     .most = 1e9},
    {.name = "latency_kind",
     .field = &P::latency_kind,
     .format = 4,
     .meaning = "the latency that preferences and limits refer to",
     .unit = "kind of latency",
     .values = kLatencyKinds},
    {.name = "strict_names",
     .field = &P::strict_names,
     .format = 4,
     .meaning = "unknown names in requests are errors"},
    {.name = "holdout_share",
     .field = &P::holdout_share,
     .format = 6,
     .meaning = "share of the decisions that the baseline makes: the control group",
     .most = 0.5},
    {.name = "holdout_arm",
     .field = &P::holdout_arm,
     .format = 6,
     .meaning = "the baseline of the control group; unset: any candidate, with equal chances"},
};

}  // namespace

std::span<const SettingRow> SettingTable() { return kTable; }

const SettingRow& SettingNamed(std::string_view name) {
  for (const SettingRow& row : kTable) {
    if (row.name == name) return row;
  }
  CheckFailed("the settings have a row of this name", __FILE__, __LINE__);
}

std::optional<double> NumberOf(const SettingRow& row, const PoolSettings& settings) {
  return VisitSetting(row, settings, []<class T>(const T& value) -> std::optional<double> {
    if constexpr (std::is_same_v<T, Micros>) {
      return static_cast<double>(value) / kMicrosPerSecond;
    } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, uint32_t>) {
      return value;
    } else {
      return std::nullopt;
    }
  });
}

std::string ShownSetting(const SettingRow& row, const PoolSettings& settings) {
  return VisitSetting(row, settings, [&]<class T>(const T& value) -> std::string {
    if constexpr (std::is_enum_v<T>) {
      const auto at = static_cast<std::size_t>(value) - 1;
      return at < row.values.size() ? row.values[at] : "unknown";
    } else if constexpr (std::is_same_v<T, std::string>) {
      return value.empty() ? "unset" : Quoted(value, kTextShown);
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_same_v<T, Micros>) {
      return Cat(value / kMicrosPerSecond);
    } else if constexpr (std::is_same_v<T, double>) {
      return absl::StrFormat("%.10g", value);
    } else {
      return Cat(value);
    }
  });
}

bool IsSameSetting(const SettingRow& row, const PoolSettings& a, const PoolSettings& b) {
  return std::visit(
      [&](auto member) {
        if constexpr (requires { a.*member; }) {
          return a.*member == b.*member;
        } else {
          return a.learner.*member == b.learner.*member;
        }
      },
      row.field);
}

}  // namespace pointsman
