#include "evaluation/report/report.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "evaluation/report/plot.h"

namespace pointsman::evaluation {
namespace {

using Json = nlohmann::ordered_json;

Json PreferenceJson(const Preference& preference) {
  return {
      {"quality", preference.quality}, {"cost", preference.cost}, {"latency", preference.latency}};
}

Json MeansJson(const Means& means) {
  return {{"utility", means.utility}, {"quality", means.quality}, {"cost_usd", means.cost_usd}};
}

Json PerArm(const std::vector<std::string>& arms, const std::vector<double>& values) {
  Json object = Json::object();
  for (std::size_t a = 0; a < arms.size(); ++a) object[arms[a]] = values[a];
  return object;
}

// Users' scripts rely on these keys.
void AddFigures(const ReplayReport& report, const Figures& figures, double standard_error,
                Json& object) {
  object["mean_utility"] = figures.played.utility;
  object["mean_quality"] = figures.played.quality;
  object["mean_cost_usd"] = figures.played.cost_usd;
  object["first_1000"] = figures.first_1000;
  object["last_third"] = figures.last_third;
  object["stderr"] = standard_error;
  object["random"] = figures.random.utility;
  object["best_single"] = figures.best_single.utility;
  object["oracle"] = figures.oracle.utility;
  object["shares"] = PerArm(report.arms, figures.shares);
  object["best_single_arm"] = report.arms[Largest(figures.single)];
  object["best_quality_arm"] = report.arms[Largest(figures.single_quality)];
  object["baselines"] = {{"random", MeansJson(figures.random)},
                         {"best_single", MeansJson(figures.best_single)},
                         {"best_quality", MeansJson(figures.best_quality)},
                         {"oracle", MeansJson(figures.oracle)}};
  object["single_utility"] = PerArm(report.arms, figures.single);
  if (!report.is_cost_recorded) return;
  object["most_expensive_arm"] = report.arms[Largest(figures.single_cost)];
  object["cheapest_arm"] = report.arms[Smallest(figures.single_cost)];
  object["baselines"]["most_expensive"] = MeansJson(figures.most_expensive);
  object["baselines"]["cheapest"] = MeansJson(figures.cheapest);
}

Json CurveJson(const ReplayReport& report) {
  const Curve& curve = report.curve;
  Json shares = Json::object();
  for (std::size_t a = 0; a < report.arms.size(); ++a) {
    Json line = Json::array();
    for (const auto& block : curve.shares) line.push_back(block[a]);
    shares[report.arms[a]] = std::move(line);
  }
  return {{"block_rounds", curve.block_rounds},
          {"utility", curve.utility},
          {"random", curve.random},
          {"best_single", curve.best_single},
          {"oracle", curve.oracle},
          {"shares", std::move(shares)}};
}

std::string Dumped(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Cost(const ReplayReport& report, double usd) {
  return report.is_cost_recorded ? absl::StrFormat("$%.6f", usd) : "-";
}

std::string Row(const ReplayReport& report, const std::string& name, const Means& means,
                const std::optional<Means>& error, const std::string& note) {
  std::string row = absl::StrFormat("%-22s %9.4f", name, means.utility);
  const bool has_error = error.has_value() && report.seeds.size() > 1;
  row += has_error ? absl::StrFormat(" +- %.4f", error->utility) : std::string(10, ' ');
  row += absl::StrFormat("  %8.4f  %10s", means.quality, Cost(report, means.cost_usd));
  if (!note.empty()) row += "  " + note;
  return row + "\n";
}

std::string UtilityRow(const ReplayReport& report, const std::string& name, double utility,
                       double error) {
  std::string row = absl::StrFormat("%-22s %9.4f", name, utility);
  if (report.seeds.size() > 1) row += absl::StrFormat(" +- %.4f", error);
  return row + "\n";
}

// Arms from the most to the least chosen; ties in arm order.
std::vector<std::size_t> ByShare(const std::vector<double>& shares) {
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  return order;
}

std::string Heading(const ReplayReport& report) {
  const LearnerSettings& learner = report.options.settings.learner;
  const Preference& w = report.valuation.preference;
  std::string text = absl::StrFormat("%s, pool %s: %d arms, %d queries", report.dataset,
                                     report.pool, report.arms.size(), report.queries);
  if (report.queries_left_out > 0) {
    text +=
        absl::StrFormat(" (%d left out: not every arm has an outcome)", report.queries_left_out);
  }
  for (std::size_t i = 0; i < report.arms_left_out.size(); ++i) {
    text += Cat(i == 0 ? "\nleft out because they answered few of the queries: " : ", ",
                OneLine(report.arms_left_out[i]));
  }
  text += absl::StrFormat("\n%d rounds", report.rounds);
  if (report.rounds_asked > report.rounds) {
    text += absl::StrFormat(" (%d were asked for; each query is played once)", report.rounds_asked);
  }
  const uint64_t last = report.seeds.back().seed;
  text += absl::StrFormat(
      " x %d seed%s (%d%s); learner %s, exploration %s, embedder %s\n", report.seeds.size(),
      report.seeds.size() == 1 ? "" : "s", report.seeds.front().seed,
      report.seeds.size() == 1 ? "" : absl::StrFormat(" to %d", last), learner.quality_model,
      learner.exploration, report.options.settings.embedder.name);
  if (report.options.import_queries > 0) {
    text += absl::StrFormat("after an import of %d other queries at strength %g\n",
                            report.options.import_queries, report.options.import_strength);
  }
  text += absl::StrFormat("preference: quality %.4g, cost %.4g, latency %.4g", w.quality, w.cost,
                          w.latency);
  if (w.cost > 0) text += absl::StrFormat("; cost scale $%.6f", report.valuation.cost_scale_usd);
  if (w.latency > 0) {
    text += absl::StrFormat("; latency scale %.4g ms", report.valuation.latency_scale_ms);
  }
  return text + "\n";
}

Chart UtilityChart(const ReplayReport& report) {
  const Curve& curve = report.curve;
  Chart chart;
  chart.title = absl::StrFormat("Mean utility per %d rounds: %s, pool %s", curve.block_rounds,
                                report.dataset, report.pool);
  chart.x_label = "rounds";
  chart.y_label = "utility";
  for (std::size_t block = 1; block <= curve.utility.size(); ++block) {
    chart.x.push_back(static_cast<double>(std::min(block * curve.block_rounds, report.rounds)));
  }
  const auto level = [&](double value) { return std::vector<double>(chart.x.size(), value); };
  const Figures& mean = report.mean;
  chart.lines.push_back({"pointsman", curve.utility, false});
  chart.lines.push_back({"uniform random", level(mean.random.utility), true});
  chart.lines.push_back({Cat("best single: ", report.arms[Largest(mean.single)]),
                         level(mean.best_single.utility), true});
  if (report.is_cost_recorded) {
    chart.lines.push_back({Cat("most expensive: ", report.arms[Largest(mean.single_cost)]),
                           level(mean.most_expensive.utility), true});
    chart.lines.push_back({Cat("cheapest: ", report.arms[Smallest(mean.single_cost)]),
                           level(mean.cheapest.utility), true});
  }
  chart.lines.push_back({"per-query oracle", level(mean.oracle.utility), true});
  return chart;
}

Chart ShareChart(const ReplayReport& report) {
  constexpr std::size_t kNamed = 11;  // more areas than this cannot be told apart
  Chart chart;
  chart.title = "Share of each arm over time";
  chart.x_label = "rounds";
  chart.y_label = "share";
  chart.x = UtilityChart(report).x;
  const auto order = ByShare(report.mean.shares);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool is_rest = i >= kNamed;
    if (i <= kNamed) {
      const std::string name = is_rest ? "other arms" : report.arms[order[i]];
      chart.lines.push_back({name, std::vector<double>(chart.x.size()), false});
    }
    std::vector<double>& values = chart.lines.back().values;
    for (std::size_t block = 0; block < values.size(); ++block) {
      values[block] += report.curve.shares[block][order[i]];
    }
  }
  return chart;
}

}  // namespace

std::string ReportJson(const ReplayReport& report) {
  const ReplayOptions& options = report.options;
  Json json;
  AddFigures(report, report.mean, report.standard_errors.played.utility, json);
  json["stderr_of"] = {{"mean_quality", report.standard_errors.played.quality},
                       {"mean_cost_usd", report.standard_errors.played.cost_usd},
                       {"first_1000", report.standard_errors.first_1000},
                       {"last_third", report.standard_errors.last_third}};
  json["cost_recorded"] = report.is_cost_recorded;
  json["data"] = report.dataset;
  json["pool"] = report.pool;
  json["arms"] = report.arms;
  json["queries"] = report.queries;
  json["queries_left_out"] = report.queries_left_out;
  json["arms_left_out"] = report.arms_left_out;
  json["rounds"] = report.rounds;
  json["preference"] = PreferenceJson(report.valuation.preference);
  json["cost_scale_usd"] = report.valuation.cost_scale_usd;
  json["latency_scale_ms"] = report.valuation.latency_scale_ms;
  json["learner"] = options.settings.learner.quality_model;
  json["explore"] = options.settings.learner.exploration;
  json["embedder"] = options.settings.embedder.name;
  json["feedback_delay"] = options.feedback_delay_rounds;
  json["import_queries"] = options.import_queries;
  json["import_strength"] = options.import_strength;
  json["round_ms"] = static_cast<double>(options.round_length) / static_cast<double>(kMicrosPerMs);
  json["seed_start"] = options.seed_start;
  json["curve"] = CurveJson(report);
  json["seeds"] = Json::array();
  for (const SeedReport& seed : report.seeds) {
    Json object;
    object["seed"] = seed.seed;
    AddFigures(report, seed.figures, 0, object);
    json["seeds"].push_back(std::move(object));
  }
  return Dumped(json);
}

std::string SkippedJson(const std::string& why) { return Dumped(Json{{"skipped", why}}); }

std::string ReportTable(const ReplayReport& report) {
  const Figures& mean = report.mean;
  const Figures& error = report.standard_errors;
  std::string text = Heading(report);
  text +=
      absl::StrFormat("\n%-22s %9s%10s  %8s  %10s\n", "", "utility", "", "quality", "cost/query");
  text += Row(report, "pointsman", mean.played, error.played, "");
  text += UtilityRow(report, "  first 1,000 rounds", mean.first_1000, error.first_1000);
  text += UtilityRow(report, "  last third", mean.last_third, error.last_third);
  text += Row(report, "uniform random", mean.random, error.random, "");
  text += Row(report, "best single arm", mean.best_single, error.best_single,
              report.arms[Largest(mean.single)]);
  const std::string& most_accurate = report.arms[Largest(mean.single_quality)];
  text += Row(report, "most accurate arm", mean.best_quality, error.best_quality, most_accurate);
  if (report.is_cost_recorded) {
    text += Row(report, "most expensive arm", mean.most_expensive, error.most_expensive,
                report.arms[Largest(mean.single_cost)]);
    text += Row(report, "cheapest arm", mean.cheapest, error.cheapest,
                report.arms[Smallest(mean.single_cost)]);
  }
  text += Row(report, "per-query oracle", mean.oracle, error.oracle, "");
  if (report.is_cost_recorded && mean.best_quality.cost_usd > 0) {
    text +=
        absl::StrFormat("\nagainst always calling %s: %.1f%% of its quality, %.1f%% of its cost\n",
                        most_accurate, 100 * mean.played.quality / mean.best_quality.quality,
                        100 * mean.played.cost_usd / mean.best_quality.cost_usd);
  }
  text += "\nshare of rounds per arm\n";
  std::size_t width = 0;
  for (const std::string& arm : report.arms)
    width = std::max(width, std::min<std::size_t>(arm.size(), 40));
  for (const std::size_t a : ByShare(mean.shares)) {
    text += absl::StrFormat("  %-*s %6.1f%%  %s\n", static_cast<int>(width),
                            report.arms[a].substr(0, 40), 100 * mean.shares[a],
                            Bar(mean.shares[a], 40));
  }
  return text;
}

std::string ReportSvg(const ReplayReport& report) {
  return SvgDocument({LineChartSvg(UtilityChart(report)), AreaChartSvg(ShareChart(report))});
}

std::string ReportText(const ReplayReport& report) {
  return LineChartText(UtilityChart(report)) + "\n" + AreaChartText(ShareChart(report));
}

}  // namespace pointsman::evaluation
