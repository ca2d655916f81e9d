#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "evaluation/replay/grid.h"
#include "evaluation/report/plot.h"

namespace pointsman::evaluation {
namespace {

using Json = nlohmann::ordered_json;

std::string PreferenceText(const Preference& preference) {
  return absl::StrFormat("quality %.4g, cost %.4g, latency %.4g", preference.quality,
                         preference.cost, preference.latency);
}

std::string Heading(const GridReport& report) {
  const ReplayOptions& replay = report.options.replay;
  std::string text = absl::StrFormat(
      "%s, pool %s: %d arms, %d queries; %d rounds x %d seeds from %d; embedder %s\n",
      report.dataset, report.pool, report.arms, report.queries, report.rounds, replay.seeds,
      replay.seed_start, replay.settings.embedder.name);
  if (replay.feedback_delay_rounds > 0) {
    text +=
        absl::StrFormat("outcomes are reported %d rounds later\n", replay.feedback_delay_rounds);
  }
  if (replay.told_share < 1) {
    text += absl::StrFormat("%.0f%% of the outcomes are reported, the others never\n",
                            100 * replay.told_share);
  }
  return text;
}

// The row of the first learner at the same preference.
const GridRow& FirstOf(const GridReport& report, std::size_t row) {
  const std::size_t learners = report.options.learners.size();
  return report.rows[row / learners * learners];
}

Json DifferenceJson(const PairedDifference& difference) {
  return {{"mean", difference.mean},
          {"stderr", difference.stderr_mean},
          {"lower_95", difference.lower_95}};
}

Json FiguresJson(const Figures& figures) {
  return {{"mean_utility", figures.played.utility},
          {"mean_quality", figures.played.quality},
          {"mean_cost_usd", figures.played.cost_usd},
          {"first_1000", figures.first_1000},
          {"last_third", figures.last_third}};
}

}  // namespace

std::string GridTable(const GridReport& report) {
  std::string text = Heading(report);
  const std::string& first = report.options.learners.front().label;
  std::size_t width = 12;
  for (const GridRow& row : report.rows) width = std::max(width, row.learner.size());
  const int w = static_cast<int>(width);
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const GridRow& row = report.rows[i];
    if (&row == &FirstOf(report, i)) {
      text += "\n" + PreferenceText(row.preference);
      if (row.preference.cost > 0) {
        text += absl::StrFormat(" (cost scale $%.6f)", report.cost_scale_usd);
      }
      text += absl::StrFormat(
          "\n%-*s %17s %9s %9s   advantage of %s (95%% lower bound): all rounds, first 1,000\n", w,
          "", "mean utility", "first1000", "last 1/3", first);
    }
    text += absl::StrFormat("%-*s %7.4f +- %.4f %9.4f %9.4f", w, row.learner,
                            row.mean.played.utility, row.standard_errors.played.utility,
                            row.mean.first_1000, row.mean.last_third);
    if (&row != &FirstOf(report, i)) {
      const Comparison c = Compare(FirstOf(report, i), row);
      text += absl::StrFormat("   %+.4f (> %+.4f), %+.4f (> %+.4f)", c.utility.mean,
                              c.utility.lower_95, c.first_1000.mean, c.first_1000.lower_95);
    }
    text += "\n";
    const bool is_last = (i + 1) % report.options.learners.size() == 0;
    if (!is_last) continue;
    text += absl::StrFormat("%-*s %7.4f\n%-*s %7.4f\n%-*s %7.4f\n", w, "random",
                            row.mean.random.utility, w, "best single", row.mean.best_single.utility,
                            w, "oracle", row.mean.oracle.utility);
  }
  for (const std::string& why : report.skipped) text += "\nskipped: " + why + "\n";
  return text;
}

std::string GridJson(const GridReport& report) {
  const ReplayOptions& replay = report.options.replay;
  Json json = {{"data", report.dataset},
               {"pool", report.pool},
               {"queries", report.queries},
               {"rounds", report.rounds},
               {"seeds", replay.seeds},
               {"seed_start", replay.seed_start},
               {"embedder", replay.settings.embedder.name},
               {"cost_scale_usd", report.cost_scale_usd},
               {"feedback_delay", replay.feedback_delay_rounds},
               {"told_share", replay.told_share},
               {"first", report.options.learners.front().label},
               {"rows", Json::array()},
               {"skipped", report.skipped}};
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const GridRow& row = report.rows[i];
    Json object = FiguresJson(row.mean);
    object["learner"] = row.learner;
    object["preference"] = {{"quality", row.preference.quality},
                            {"cost", row.preference.cost},
                            {"latency", row.preference.latency}};
    object["stderr"] = row.standard_errors.played.utility;
    object["random"] = row.mean.random.utility;
    object["best_single"] = row.mean.best_single.utility;
    object["oracle"] = row.mean.oracle.utility;
    const Comparison c = Compare(FirstOf(report, i), row);
    object["first_less_this"] = {{"mean_utility", DifferenceJson(c.utility)},
                                 {"first_1000", DifferenceJson(c.first_1000)},
                                 {"last_third", DifferenceJson(c.last_third)}};
    object["of_seeds"] = Json::array();
    for (const Figures& figures : row.seeds) object["of_seeds"].push_back(FiguresJson(figures));
    json["rows"].push_back(std::move(object));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string GridSvg(const GridReport& report) {
  const std::size_t learners = report.options.learners.size();
  std::vector<SvgPart> parts;
  for (std::size_t begin = 0; begin < report.rows.size(); begin += learners) {
    const GridRow& first = report.rows[begin];
    const Curve& curve = first.curve;
    Chart chart;
    chart.title =
        absl::StrFormat("%s, pool %s: mean utility per %d rounds (%s)", report.dataset, report.pool,
                        curve.block_rounds, PreferenceText(first.preference));
    chart.x_label = "rounds";
    chart.y_label = "utility";
    for (std::size_t block = 1; block <= curve.utility.size(); ++block) {
      chart.x.push_back(static_cast<double>(std::min(block * curve.block_rounds, report.rounds)));
    }
    for (std::size_t i = begin; i < begin + learners; ++i) {
      chart.lines.push_back({report.rows[i].learner, report.rows[i].curve.utility, false});
    }
    chart.lines.push_back({"best single arm",
                           std::vector<double>(chart.x.size(), first.mean.best_single.utility),
                           true});
    parts.push_back(LineChartSvg(chart));
  }
  return SvgDocument(parts);
}

}  // namespace pointsman::evaluation
