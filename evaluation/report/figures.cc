#include "evaluation/report/figures.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace pointsman::evaluation {
namespace {

double Ratio(double sum, std::size_t count) { return sum / static_cast<double>(count); }

void Add(Means& sum, double utility, const Outcome& outcome, bool has_costs) {
  sum.utility += utility;
  sum.quality += *outcome.quality;
  if (has_costs) sum.cost_usd += *outcome.cost_usd;
}

Means Divided(const Means& sum, std::size_t count) {
  return {Ratio(sum.utility, count), Ratio(sum.quality, count), Ratio(sum.cost_usd, count)};
}

// Utilities of every arm on one query.
std::vector<double> UtilitiesOf(const Dataset& dataset, const Valuation& valuation,
                                std::size_t query) {
  std::vector<double> utilities(dataset.arms.size());
  for (std::size_t a = 0; a < utilities.size(); ++a) {
    utilities[a] = RealisedUtility(valuation, dataset.At(query, a));
  }
  return utilities;
}

double MeanUtility(const Dataset& dataset, const Valuation& valuation,
                   std::span<const Round> rounds) {
  double sum = 0;
  for (const Round& round : rounds) {
    sum += RealisedUtility(valuation, dataset.At(round.query, round.arm));
  }
  return Ratio(sum, rounds.size());
}

// Visits every number of a figure in a fixed order, so that the code for means over seeds exists once.
template <class FiguresT, class Visit>
void VisitNumbers(FiguresT& figures, Visit visit) {
  for (auto* means : {&figures.played, &figures.random, &figures.best_single, &figures.best_quality,
                      &figures.most_expensive, &figures.cheapest, &figures.oracle}) {
    visit(means->utility);
    visit(means->quality);
    visit(means->cost_usd);
  }
  visit(figures.first_1000);
  visit(figures.last_third);
  for (auto& share : figures.shares) visit(share);
  for (auto& utility : figures.single) visit(utility);
  for (auto& quality : figures.single_quality) visit(quality);
  for (auto& cost : figures.single_cost) visit(cost);
}

std::vector<double> Numbers(const Figures& figures) {
  std::vector<double> numbers;
  VisitNumbers(figures, [&](const double& value) { numbers.push_back(value); });
  return numbers;
}

Figures WithNumbers(Figures shape, std::span<const double> numbers) {
  std::size_t next = 0;
  VisitNumbers(shape, [&](double& value) { value = numbers[next++]; });
  return shape;
}

std::vector<double> MeanOf(const std::vector<std::vector<double>>& rows) {
  std::vector<double> mean(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += row[i];
  }
  for (double& value : mean) value = Ratio(value, rows.size());
  return mean;
}

}  // namespace

std::size_t Largest(std::span<const double> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::size_t Smallest(std::span<const double> values) {
  return static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
}

double RealisedUtility(const Valuation& valuation, const Outcome& outcome) {
  const Preference& w = valuation.preference;
  double utility = 0;
  if (w.quality > 0) utility += w.quality * *outcome.quality;
  if (w.cost > 0) utility -= w.cost * *outcome.cost_usd / valuation.cost_scale_usd;
  if (w.latency > 0) utility -= w.latency * *outcome.latency_ms / valuation.latency_scale_ms;
  return utility;
}

Figures ComputeFigures(const Dataset& dataset, const Valuation& valuation,
                       std::span<const Round> rounds) {
  POINTSMAN_CHECK(!rounds.empty());
  const std::size_t arms = dataset.arms.size();
  const bool has_costs = ArmsWithoutCost(dataset).empty();
  Figures figures;
  figures.shares.assign(arms, 0);
  std::vector<Means> of_arm(arms);
  for (const Round& round : rounds) {
    const std::vector<double> utilities = UtilitiesOf(dataset, valuation, round.query);
    for (std::size_t a = 0; a < arms; ++a) {
      Add(of_arm[a], utilities[a], dataset.At(round.query, a), has_costs);
    }
    const std::size_t best = Largest(utilities);
    Add(figures.oracle, utilities[best], dataset.At(round.query, best), has_costs);
    Add(figures.played, utilities[round.arm], dataset.At(round.query, round.arm), has_costs);
    figures.shares[round.arm] += 1;
  }
  const std::size_t n = rounds.size();
  figures.played = Divided(figures.played, n);
  figures.oracle = Divided(figures.oracle, n);
  for (std::size_t a = 0; a < arms; ++a) {
    figures.shares[a] = Ratio(figures.shares[a], n);
    of_arm[a] = Divided(of_arm[a], n);
    figures.single.push_back(of_arm[a].utility);
    figures.single_quality.push_back(of_arm[a].quality);
    figures.single_cost.push_back(of_arm[a].cost_usd);
    figures.random.utility += of_arm[a].utility;
    figures.random.quality += of_arm[a].quality;
    figures.random.cost_usd += of_arm[a].cost_usd;
  }
  figures.random = Divided(figures.random, arms);
  figures.best_single = of_arm[Largest(figures.single)];
  figures.best_quality = of_arm[Largest(figures.single_quality)];
  figures.most_expensive = of_arm[Largest(figures.single_cost)];
  figures.cheapest = of_arm[Smallest(figures.single_cost)];
  figures.first_1000 =
      MeanUtility(dataset, valuation, rounds.first(std::min<std::size_t>(1000, n)));
  figures.last_third =
      MeanUtility(dataset, valuation, rounds.last(std::max<std::size_t>(1, n / 3)));
  return figures;
}

Curve ComputeCurve(const Dataset& dataset, const Valuation& valuation,
                   std::span<const Round> rounds, std::size_t blocks_max) {
  POINTSMAN_CHECK(!rounds.empty() && blocks_max > 0);
  const std::size_t arms = dataset.arms.size();
  const std::size_t best = Largest(ComputeFigures(dataset, valuation, rounds).single);
  Curve curve;
  curve.block_rounds = (rounds.size() + blocks_max - 1) / blocks_max;
  for (std::size_t begin = 0; begin < rounds.size(); begin += curve.block_rounds) {
    const auto block = rounds.subspan(begin, std::min(curve.block_rounds, rounds.size() - begin));
    double random = 0;
    double single = 0;
    double oracle = 0;
    std::vector<double> shares(arms);
    for (const Round& round : block) {
      const std::vector<double> utilities = UtilitiesOf(dataset, valuation, round.query);
      for (const double utility : utilities) random += Ratio(utility, arms);
      single += utilities[best];
      oracle += utilities[Largest(utilities)];
      shares[round.arm] += Ratio(1, block.size());
    }
    curve.utility.push_back(MeanUtility(dataset, valuation, block));
    curve.random.push_back(Ratio(random, block.size()));
    curve.best_single.push_back(Ratio(single, block.size()));
    curve.oracle.push_back(Ratio(oracle, block.size()));
    curve.shares.push_back(std::move(shares));
  }
  return curve;
}

Figures MeanFigures(std::span<const Figures> of_seeds) {
  POINTSMAN_CHECK(!of_seeds.empty());
  std::vector<std::vector<double>> rows;
  for (const Figures& figures : of_seeds) rows.push_back(Numbers(figures));
  return WithNumbers(of_seeds.front(), MeanOf(rows));
}

Figures StandardErrors(std::span<const Figures> of_seeds) {
  POINTSMAN_CHECK(!of_seeds.empty());
  const std::size_t n = of_seeds.size();
  const std::vector<double> mean = Numbers(MeanFigures(of_seeds));
  std::vector<double> error(mean.size());
  if (n > 1) {
    for (const Figures& figures : of_seeds) {
      const std::vector<double> numbers = Numbers(figures);
      for (std::size_t i = 0; i < mean.size(); ++i) {
        error[i] += (numbers[i] - mean[i]) * (numbers[i] - mean[i]);
      }
    }
    for (double& value : error) value = std::sqrt(Ratio(value, n * (n - 1)));
  }
  return WithNumbers(of_seeds.front(), error);
}

Curve MeanCurve(std::span<const Curve> of_seeds) {
  POINTSMAN_CHECK(!of_seeds.empty());
  Curve mean = of_seeds.front();
  const auto average = [&](std::vector<double> Curve::*line) {
    std::vector<std::vector<double>> rows;
    for (const Curve& curve : of_seeds) rows.push_back(curve.*line);
    mean.*line = MeanOf(rows);
  };
  average(&Curve::utility);
  average(&Curve::random);
  average(&Curve::best_single);
  average(&Curve::oracle);
  for (std::size_t block = 0; block < mean.shares.size(); ++block) {
    std::vector<std::vector<double>> rows;
    for (const Curve& curve : of_seeds) rows.push_back(curve.shares[block]);
    mean.shares[block] = MeanOf(rows);
  }
  return mean;
}

}  // namespace pointsman::evaluation
