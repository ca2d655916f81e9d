#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "evaluation/replay/scenario.h"
#include "evaluation/report/plot.h"

namespace pointsman::evaluation {
namespace {

struct Summary {
  double mean = 0, stderr_mean = 0, least = 0, greatest = 0;
};

Summary Summarise(const std::vector<ScenarioFigures>& of_seeds, std::size_t figure) {
  std::vector<double> values;
  for (const ScenarioFigures& figures : of_seeds) values.push_back(figures[figure].second);
  const auto n = static_cast<double>(values.size());
  Summary summary;
  for (const double value : values) summary.mean += value / n;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  if (values.size() > 1) summary.stderr_mean = std::sqrt(squares / (n * (n - 1)));
  summary.least = *std::min_element(values.begin(), values.end());
  summary.greatest = *std::max_element(values.begin(), values.end());
  return summary;
}

}  // namespace

std::string ScenarioTable(const Dataset& dataset, std::string_view scenario,
                          std::string_view learner, const ReplayOptions& options,
                          const std::vector<ScenarioFigures>& of_seeds) {
  POINTSMAN_CHECK(!of_seeds.empty());
  std::string text = absl::StrFormat("%s: %s, pool %s, learner %s, %d seeds from %d\n",
                                     std::string(scenario), dataset.name, dataset.pool,
                                     std::string(learner), options.seeds, options.seed_start);
  text += absl::StrFormat("%-22s %21s %10s %10s\n", "", "mean", "least", "greatest");
  for (std::size_t i = 0; i < of_seeds.front().size(); ++i) {
    const Summary s = Summarise(of_seeds, i);
    text += absl::StrFormat("%-22s %10.5g +- %7.2g %10.5g %10.5g\n", of_seeds.front()[i].first,
                            s.mean, s.stderr_mean, s.least, s.greatest);
  }
  return text;
}

std::string ScenarioJson(std::string_view scenario, std::string_view learner,
                         const std::vector<ScenarioFigures>& of_seeds) {
  nlohmann::ordered_json json = {{"scenario", std::string(scenario)},
                                 {"learner", std::string(learner)},
                                 {"seeds", of_seeds.size()}};
  for (std::size_t i = 0; i < of_seeds.front().size(); ++i) {
    const Summary s = Summarise(of_seeds, i);
    json[of_seeds.front()[i].first] = {
        {"mean", s.mean}, {"stderr", s.stderr_mean}, {"least", s.least}, {"greatest", s.greatest}};
  }
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

namespace {

// A tenth of the scale, over all seeds.
struct ReliabilityBin {
  double rounds = 0, promised = 0, observed = 0;
};

// Those that are not empty.
std::vector<ReliabilityBin> ReliabilityOf(const std::vector<ScenarioFigures>& of_seeds) {
  std::vector<ReliabilityBin> bins(of_seeds.front().size() / 3);
  for (const ScenarioFigures& figures : of_seeds) {
    for (std::size_t i = 0; i < bins.size(); ++i) {
      bins[i].rounds += figures[3 * i].second;
      bins[i].promised += figures[3 * i + 1].second;
      bins[i].observed += figures[3 * i + 2].second;
    }
  }
  std::erase_if(bins, [](const ReliabilityBin& bin) { return bin.rounds == 0; });
  for (ReliabilityBin& bin : bins) {
    bin.promised /= bin.rounds;
    bin.observed /= bin.rounds;
  }
  return bins;
}

}  // namespace

std::string CalibrationTable(const Dataset& dataset, std::string_view learner,
                             const std::vector<ScenarioFigures>& of_seeds) {
  const std::vector<ReliabilityBin> bins = ReliabilityOf(of_seeds);
  double rounds = 0, error = 0;
  for (const ReliabilityBin& bin : bins) rounds += bin.rounds;
  std::string text =
      absl::StrFormat("calibration: %s, pool %s, learner %s, %d seeds\n", dataset.name,
                      dataset.pool, std::string(learner), of_seeds.size());
  text += "promised  observed  share of decisions\n";
  for (const ReliabilityBin& bin : bins) {
    text += absl::StrFormat("%8.3f  %8.3f  %6.1f%%\n", bin.promised, bin.observed,
                            100 * bin.rounds / rounds);
    error += bin.rounds / rounds * std::abs(bin.promised - bin.observed);
  }
  text += absl::StrFormat("mean distance %.4f\n", error);
  return text;
}

std::string CalibrationSvg(const Dataset& dataset, std::string_view learner,
                           const std::vector<ScenarioFigures>& of_seeds) {
  // Tenths with few decisions say more of chance than of the learner.
  constexpr double kShareShown = 0.002;
  const std::vector<ReliabilityBin> bins = ReliabilityOf(of_seeds);
  double rounds = 0;
  for (const ReliabilityBin& bin : bins) rounds += bin.rounds;
  Chart chart;
  chart.title = Cat(dataset.name, ", pool ", dataset.pool, ", learner ", learner);
  chart.x_label = "quality promised";
  chart.y_label = "quality observed";
  ChartLine observed{"observed", {}}, exact{"as promised", {}, true};
  for (const ReliabilityBin& bin : bins) {
    if (bin.rounds < kShareShown * rounds) continue;
    chart.x.push_back(bin.promised);
    observed.values.push_back(bin.observed);
    exact.values.push_back(bin.promised);
  }
  chart.lines = {observed, exact};
  return SvgDocument({LineChartSvg(chart)});
}

}  // namespace pointsman::evaluation
