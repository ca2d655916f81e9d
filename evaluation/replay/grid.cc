#include "evaluation/replay/grid.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/settings.h"
#include "evaluation/replay/in_process_client.h"
#include "evaluation/replay/parallel.h"

namespace pointsman::evaluation {
namespace {

// Short names of settings beside those of the table.
struct ShortName {
  std::string_view name;
  std::string_view setting;
};
constexpr ShortName kShortNames[] = {{"explore", "exploration"}, {"gamma", "squarecb_gamma"}};

absl::Status SetKnob(std::string_view text, LearnerSettings& settings) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return InvalidArgument("a learner's setting must be KEY=VALUE, got ", Quoted(text));
  }
  const std::string_view key = text.substr(0, equals);
  const std::string value(text.substr(equals + 1));
  std::string_view wanted = key;
  std::string names;
  for (const ShortName& is_short : kShortNames) {
    if (is_short.name == key) wanted = is_short.setting;
    names += Cat(names.empty() ? "" : ", ", is_short.name);
  }
  for (const SettingRow& row : SettingTable()) {
    if (!row.is_of_learner() || row.name == "learner.quality_model") continue;
    names += Cat(", ", row.field_name());
    if (row.field_name() != wanted) continue;
    if (const auto* word = std::get_if<std::string LearnerSettings::*>(&row.field)) {
      settings.** word = value;
      return absl::OkStatus();
    }
    char* end = nullptr;
    settings.*std::get<double LearnerSettings::*>(row.field) = std::strtod(value.c_str(), &end);
    if (!value.empty() && *end == '\0') return absl::OkStatus();
    return InvalidArgument(key, " needs a number, got ", Quoted(value));
  }
  return InvalidArgument("learners have no setting ", Quoted(key), "; the settings are ", names);
}

}  // namespace

absl::StatusOr<LearnerVariant> ParseVariant(const std::string& text,
                                            const LearnerSettings& defaults) {
  LearnerVariant variant{text, defaults};
  std::string_view rest = text;
  const auto next = [&rest] {
    const std::size_t colon = rest.find(':');
    const std::string_view part = rest.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    return part;
  };
  variant.settings.quality_model = std::string(next());
  while (!rest.empty()) RETURN_IF_ERROR(SetKnob(next(), variant.settings));
  RETURN_IF_ERROR(learners::MakeQualityModel(variant.settings, 1).status());
  return variant;
}

absl::StatusOr<GridReport> RunGrid(const Dataset& dataset, const GridOptions& options,
                                   const std::function<void(double share)>& on_progress) {
  if (options.learners.empty()) return InvalidArgument("name at least one learner");
  GridReport report;
  report.dataset = dataset.name;
  report.pool = dataset.pool;
  report.arms = dataset.arms.size();
  report.queries = dataset.queries.size();
  report.is_cost_recorded = ArmsWithoutCost(dataset).empty();
  report.options = options;
  absl::Status lacks;
  for (const Preference& preference : options.preferences) {
    if (const absl::Status status = CheckRecorded(dataset, preference); !status.ok()) {
      if (ReasonOf(status) != kDataLacks) return status;
      report.skipped.emplace_back(ToStd(status.message()));
      lacks = status;
      continue;
    }
    for (const LearnerVariant& learner : options.learners) {
      report.rows.push_back({learner.label, Normalised(preference), {}, {}, {}, {}});
    }
  }
  if (report.rows.empty()) return lacks.ok() ? InvalidArgument("name a preference") : lacks;

  const std::size_t seeds = options.replay.seeds, learners = options.learners.size();
  std::vector<ReplayReport> runs(report.rows.size() * seeds);
  // Seed by seed, so that the finished part of an interrupted grid covers all learners equally.
  const absl::Status played = ForEachTask(
      runs.size(), options.threads,
      [&](std::size_t task) -> absl::Status {
        const std::size_t row = task % report.rows.size(), seed = task / report.rows.size();
        ReplayOptions replay = options.replay;
        replay.seeds = 1;
        replay.seed_start = options.replay.seed_start + seed;
        replay.preference = report.rows[row].preference;
        replay.settings.learner = options.learners[row % learners].settings;
        ASSIGN_OR_RETURN(runs[row * seeds + seed],
                         RunReplay(dataset, replay, InProcessFactory({}), nullptr));
        return absl::OkStatus();
      },
      [&](std::size_t done) {
        if (on_progress) on_progress(static_cast<double>(done) / static_cast<double>(runs.size()));
      });
  RETURN_IF_ERROR(played);

  report.rounds = runs.front().rounds;
  report.cost_scale_usd = runs.front().valuation.cost_scale_usd;
  for (std::size_t row = 0; row < report.rows.size(); ++row) {
    std::vector<Curve> curves;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      report.rows[row].seeds.push_back(runs[row * seeds + seed].mean);
      curves.push_back(runs[row * seeds + seed].curve);
    }
    report.rows[row].mean = MeanFigures(report.rows[row].seeds);
    report.rows[row].standard_errors = StandardErrors(report.rows[row].seeds);
    report.rows[row].curve = MeanCurve(curves);
  }
  return report;
}

Comparison Compare(const GridRow& first, const GridRow& other) {
  const auto paired = [&](auto figure) {
    std::vector<double> a, b;
    for (const Figures& figures : first.seeds) a.push_back(figure(figures));
    for (const Figures& figures : other.seeds) b.push_back(figure(figures));
    return Paired(a, b);
  };
  return {paired([](const Figures& f) { return f.played.utility; }),
          paired([](const Figures& f) { return f.first_1000; }),
          paired([](const Figures& f) { return f.last_third; })};
}

}  // namespace pointsman::evaluation
