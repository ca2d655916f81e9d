#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/strings.h"
#include "evaluation/data/json.h"
#include "evaluation/replay/scenario.h"

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

}  // namespace pointsman::evaluation
