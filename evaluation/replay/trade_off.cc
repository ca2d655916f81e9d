#include <algorithm>
#include <memory>
#include <optional>

#include "base/check.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/shuffled.h"
#include "evaluation/replay/in_process_client.h"
#include "evaluation/replay/scenario.h"
#include "evaluation/replay/seed_run.h"
#include "evaluation/replay/warm_start.h"

namespace pointsman::evaluation {
namespace {

constexpr uint64_t kPreferenceStream = 0x7072656665726e63;

using Point = std::pair<double, double>;  // mean cost in USD, mean quality

// One learned state: trained, then frozen.
class TrainedState {
 public:
  TrainedState(const Dataset& dataset, const ReplayOptions& options, uint64_t seed)
      : dataset_(dataset), options_(options), seed_(seed) {}

  // Calls preference_of(round) for each round of training.
  template <class PreferenceOf>
  absl::Status Train(const std::vector<std::size_t>& queries, const PoolSettings& settings,
                     const PreferenceOf& preference_of) {
    ASSIGN_OR_RETURN(client_, InProcessClient::Open({}, seed_));
    run_.emplace(dataset_, *client_, seed_);
    RETURN_IF_ERROR(run_->MakePool(settings));
    for (const std::size_t query : queries) {
      ASSIGN_OR_RETURN(const std::size_t arm, run_->Route(round_, query, preference_of(round_)));
      RETURN_IF_ERROR(run_->Tell(round_, query, dataset_.At(query, arm)));
      RETURN_IF_ERROR(run_->EndRound(options_.round_length));
      ++round_;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Point> Measure(const std::vector<std::size_t>& queries,
                                const Preference& preference) {
    Point sum{0, 0};
    for (const std::size_t query : queries) {
      ASSIGN_OR_RETURN(const std::size_t arm,
                       run_->Route(round_++, query, preference, Mode::kGreedy));
      sum.first += *dataset_.At(query, arm).cost_usd;
      sum.second += *dataset_.At(query, arm).quality;
    }
    const auto n = static_cast<double>(queries.size());
    return Point{sum.first / n, sum.second / n};
  }

 private:
  const Dataset& dataset_;
  const ReplayOptions& options_;
  const uint64_t seed_;
  std::unique_ptr<InProcessClient> client_;
  std::optional<SeedRun> run_;
  std::size_t round_ = 0;
};

}  // namespace

double AverageImprovement(std::vector<Point> points, double cost_min, double cost_max) {
  POINTSMAN_CHECK(!points.empty() && cost_max > cost_min);
  std::sort(points.begin(), points.end());
  // The upper hull that never falls: goes from left to right and drops points below a chord.
  std::vector<Point> hull;
  for (const Point& point : points) {
    if (!hull.empty() && point.second <= hull.back().second) continue;
    while (!hull.empty() && hull.back().first == point.first) hull.pop_back();
    while (hull.size() >= 2) {
      const Point &a = hull[hull.size() - 2], &b = hull.back();
      const double rise_ab = (b.second - a.second) * (point.first - a.first);
      const double rise_ac = (point.second - a.second) * (b.first - a.first);
      if (rise_ab > rise_ac) break;
      hull.pop_back();
    }
    hull.push_back(point);
  }
  double area = 0;
  const auto add = [&](double from, double to, double y_from, double y_to) {
    const double left = std::max(from, cost_min), right = std::min(to, cost_max);
    if (right <= left) return;
    const double slope = to > from ? (y_to - y_from) / (to - from) : 0;
    area += (right - left) * (y_from + slope * ((left + right) / 2 - from));
  };
  for (std::size_t i = 1; i < hull.size(); ++i) {
    add(hull[i - 1].first, hull[i].first, hull[i - 1].second, hull[i].second);
  }
  add(hull.back().first, std::max(cost_max, hull.back().first), hull.back().second,
      hull.back().second);
  return area / (cost_max - cost_min);
}

absl::StatusOr<ScenarioFigures> RunTradeOff(const Dataset& dataset, const ReplayOptions& options,
                                            std::size_t points, uint64_t seed) {
  if (points < 2) return InvalidArgument("a trade-off needs at least 2 preferences");
  RETURN_IF_ERROR(CheckRecorded(dataset, {1, 1, 0}));
  const std::size_t queries = dataset.queries.size();
  std::vector<std::size_t> order = Shuffled(queries, queries, seed);
  const auto split = order.begin() + static_cast<std::ptrdiff_t>(queries * 7 / 10);
  std::vector<std::size_t> train(order.begin(), split), rest(split, order.end());
  if (options.rounds > 0 && options.rounds < train.size()) train.resize(options.rounds);

  PoolSettings settings = options.settings;
  settings.cost_scale_usd = DearestMeanCostUsd(dataset, settings.cost_scale_usd);
  std::vector<Preference> preferences;
  for (std::size_t i = 0; i < points; ++i) {
    const double cost = static_cast<double>(i) / static_cast<double>(points - 1);
    preferences.push_back({1 - cost, cost, 0});
  }

  // Costs of the cheapest and the most expensive arm on the measured queries: the ends of the curve.
  double cost_min = 1e300, cost_max = 0;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    double sum = 0;
    for (const std::size_t query : rest) sum += *dataset.At(query, a).cost_usd;
    cost_min = std::min(cost_min, sum / static_cast<double>(rest.size()));
    cost_max = std::max(cost_max, sum / static_cast<double>(rest.size()));
  }

  Rng rng(seed ^ kPreferenceStream);
  TrainedState one(dataset, options, seed);
  RETURN_IF_ERROR(
      one.Train(train, settings, [&](std::size_t) { return preferences[rng.Below(points)]; }));
  std::vector<Point> of_one, of_each;
  for (const Preference& preference : preferences) {
    ASSIGN_OR_RETURN(const Point point, one.Measure(rest, preference));
    of_one.push_back(point);
    TrainedState own(dataset, options, seed);
    RETURN_IF_ERROR(own.Train(train, settings, [&](std::size_t) { return preference; }));
    ASSIGN_OR_RETURN(const Point own_point, own.Measure(rest, preference));
    of_each.push_back(own_point);
  }
  const double aiq_one = AverageImprovement(of_one, cost_min, cost_max);
  const double aiq_each = AverageImprovement(of_each, cost_min, cost_max);
  ScenarioFigures figures{
      {"aiq_one", aiq_one}, {"aiq_each", aiq_each}, {"ratio", aiq_one / aiq_each}};
  for (std::size_t i = 0; i < points; ++i) {
    const std::string at = Cat("_at_", static_cast<double>(i) / static_cast<double>(points - 1));
    figures.emplace_back("quality" + at, of_one[i].second);
    figures.emplace_back("cost_usd" + at, of_one[i].first);
  }
  return figures;
}

}  // namespace pointsman::evaluation
