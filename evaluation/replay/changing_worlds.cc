#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/shuffled.h"
#include "evaluation/replay/in_process_client.h"
#include "evaluation/replay/scenario.h"
#include "evaluation/replay/seed_run.h"
#include "evaluation/replay/warm_start.h"

namespace pointsman::evaluation {
namespace {

constexpr std::size_t kWindow = 100;
constexpr std::size_t kDomainRoundsMin = 400;

// Plays the rounds of one seed with outcomes that the scenario's script decides.
class World {
 public:
  World(const Dataset& dataset, const ReplayOptions& options, uint64_t seed)
      : dataset_(dataset), options_(options), seed_(seed) {}

  absl::Status Begin(const std::vector<std::size_t>& arms = {}) {
    ASSIGN_OR_RETURN(client_, InProcessClient::Open({}, seed_));
    const std::size_t queries = dataset_.queries.size();
    rounds_ = options_.rounds == 0 ? queries : std::min(options_.rounds, queries);
    if (rounds_ < 2000) {
      return FailedPrecondition("this scenario needs at least 2,000 rounds; ", dataset_.name,
                                " has ", queries, " complete queries and ", options_.rounds,
                                " rounds were asked for");
    }
    order_ = Shuffled(queries, rounds_, seed_);
    settings_ = options_.settings;
    settings_.cost_scale_usd = DearestMeanCostUsd(dataset_, settings_.cost_scale_usd);
    valuation_ = {Normalised(options_.preference), settings_.cost_scale_usd,
                  settings_.latency_scale_ms};
    run_.emplace(dataset_, *client_, seed_);
    return run_->MakePool(settings_, arms);
  }

  // Plays up to round `end`; outcome(query, arm) is the outcome in this world.
  template <class OutcomeOf>
  absl::Status PlayUntil(std::size_t end, const OutcomeOf& outcome) {
    for (; chosen_.size() < end;) {
      const std::size_t round = chosen_.size(), query = order_[round];
      ASSIGN_OR_RETURN(const std::size_t arm, run_->Route(round, query, options_.preference));
      const Outcome& answer = outcome(query, arm);
      RETURN_IF_ERROR(run_->Tell(round, query, answer));
      RETURN_IF_ERROR(run_->EndRound(options_.round_length));
      chosen_.push_back(arm);
      utility_.push_back(RealisedUtility(valuation_, answer));
    }
    return absl::OkStatus();
  }

  // The arm's share of rounds [begin, end).
  double Share(std::size_t arm, std::size_t begin, std::size_t end) const {
    const auto first = chosen_.begin();
    const auto count = std::count(first + static_cast<std::ptrdiff_t>(begin),
                                  first + static_cast<std::ptrdiff_t>(end), arm);
    return static_cast<double>(count) / static_cast<double>(end - begin);
  }
  double MeanUtility(std::size_t begin, std::size_t end) const {
    double sum = 0;
    for (std::size_t t = begin; t < end; ++t) sum += utility_[t];
    return sum / static_cast<double>(end - begin);
  }
  // The mean utility if `arm` had been called in rounds [begin, end), as recorded.
  double UtilityOf(std::size_t arm, std::size_t begin, std::size_t end) const {
    double sum = 0;
    for (std::size_t t = begin; t < end; ++t) {
      sum += RealisedUtility(valuation_, dataset_.At(order_[t], arm));
    }
    return sum / static_cast<double>(end - begin);
  }
  // Rounds after `begin` until the arm's share in a window passes `test`; the rounds up to `end` if it never
  // does.
  template <class Test>
  double RoundsUntil(std::size_t arm, std::size_t begin, std::size_t end, const Test& test) const {
    for (std::size_t t = begin + kWindow; t <= end; ++t) {
      if (test(Share(arm, t - kWindow, t))) return static_cast<double>(t - begin);
    }
    return static_cast<double>(end - begin);
  }

  std::size_t rounds() const { return rounds_; }
  SeedRun& run() { return *run_; }
  const std::vector<std::size_t>& order() const { return order_; }
  const std::vector<std::size_t>& chosen() const { return chosen_; }

 private:
  const Dataset& dataset_;
  const ReplayOptions& options_;
  const uint64_t seed_;
  std::unique_ptr<InProcessClient> client_;
  std::optional<SeedRun> run_;
  PoolSettings settings_;
  Valuation valuation_;
  std::size_t rounds_ = 0;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> chosen_;  // arm, by round
  std::vector<double> utility_;
};

std::vector<std::size_t> AllArms(const Dataset& dataset) {
  std::vector<std::size_t> arms(dataset.arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) arms[a] = a;
  return arms;
}

// An arm that is better than every other one on a domain.
struct Niche {
  std::size_t arm = 0;
  std::string domain;
  double gain = -1;
};

// The greatest lead among the queries of rounds [begin, end).
Niche GreatestNiche(const Dataset& dataset, const std::vector<std::size_t>& order,
                    std::size_t begin, std::size_t end) {
  std::map<std::string, std::vector<std::size_t>> domains;
  for (std::size_t t = begin; t < end; ++t)
    domains[dataset.queries[order[t]].domain].push_back(order[t]);
  Niche best;
  for (const auto& [domain, queries] : domains) {
    if (queries.size() < kDomainRoundsMin) continue;
    std::vector<std::pair<double, std::size_t>> means;
    for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
      double sum = 0;
      for (const std::size_t query : queries) sum += *dataset.At(query, a).quality;
      means.push_back({sum / static_cast<double>(queries.size()), a});
    }
    std::sort(means.rbegin(), means.rend());
    const double gain = means.size() > 1 ? means[0].first - means[1].first : 0;
    if (gain > best.gain) best = {means[0].second, domain, gain};
  }
  return best;
}

}  // namespace

absl::StatusOr<ScenarioFigures> RunDegradation(const Dataset& dataset, const ReplayOptions& options,
                                               uint64_t seed) {
  World world(dataset, options, seed);
  RETURN_IF_ERROR(world.Begin());
  const std::size_t end = world.rounds(), fall = end / 2, rise = end * 7 / 10;
  std::vector<std::pair<double, std::size_t>> arms;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    arms.push_back({world.UtilityOf(a, 0, end), a});
  }
  std::sort(arms.rbegin(), arms.rend());
  const std::size_t best = arms.front().second, worst = arms.back().second;
  const auto as_recorded = [&](std::size_t query, std::size_t arm) -> const Outcome& {
    return dataset.At(query, arm);
  };
  const auto degraded = [&](std::size_t query, std::size_t arm) -> const Outcome& {
    return dataset.At(query, arm == best ? worst : arm);
  };
  RETURN_IF_ERROR(world.PlayUntil(fall, as_recorded));
  RETURN_IF_ERROR(world.PlayUntil(rise, degraded));
  RETURN_IF_ERROR(world.PlayUntil(end, as_recorded));

  const std::size_t settled = std::min(rise, fall + 500);
  double remaining = -1e300;
  for (const auto& [utility, arm] : arms) {
    if (arm != best) remaining = std::max(remaining, world.UtilityOf(arm, settled, rise));
  }
  return ScenarioFigures{
      {"share_before", world.Share(best, fall - 500, fall)},
      {"rounds_until_10pct",
       world.RoundsUntil(best, fall, rise, [](double share) { return share < 0.1; })},
      {"share_after_500", world.Share(best, settled, rise)},
      {"utility_after_500", world.MeanUtility(settled, rise) - remaining},
      {"rounds_until_back",
       world.RoundsUntil(best, rise, end, [](double share) { return share > 0.2; })},
      {"share_back", world.Share(best, end - 500, end)},
      {"mean_utility", world.MeanUtility(0, end)}};
}

absl::StatusOr<ScenarioFigures> RunNewArm(const Dataset& dataset, const ReplayOptions& options,
                                          uint64_t seed) {
  const std::size_t queries = dataset.queries.size();
  const std::size_t rounds = options.rounds == 0 ? queries : std::min(options.rounds, queries);
  const std::size_t half = rounds / 2;
  const Niche niche = GreatestNiche(dataset, Shuffled(queries, rounds, seed), half, rounds);
  if (niche.gain <= 0) {
    return FailedPrecondition(dataset.name, " has no domain with ", kDomainRoundsMin,
                              " queries in half of the rounds where one arm leads");
  }
  std::vector<std::size_t> others = AllArms(dataset);
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(niche.arm));
  World world(dataset, options, seed);
  RETURN_IF_ERROR(world.Begin(others));
  const auto as_recorded = [&](std::size_t query, std::size_t arm) -> const Outcome& {
    return dataset.At(query, arm);
  };
  RETURN_IF_ERROR(world.PlayUntil(half, as_recorded));
  RETURN_IF_ERROR(world.run().PutArm(niche.arm));
  RETURN_IF_ERROR(world.PlayUntil(world.rounds(), as_recorded));

  std::vector<double> taken;  // 1 where the arm got a query of its domain
  for (std::size_t t = half; t < world.rounds(); ++t) {
    if (dataset.queries[world.order()[t]].domain != niche.domain) continue;
    taken.push_back(world.chosen()[t] == niche.arm ? 1 : 0);
  }
  ScenarioFigures figures;
  for (std::size_t begin = 0; begin + 100 <= kDomainRoundsMin; begin += 100) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + 100; ++i) sum += taken[i];
    figures.emplace_back(Cat("share_of_domain_", begin + 100), sum / 100);
  }
  figures.emplace_back("domain_gain", niche.gain);
  return figures;
}

absl::StatusOr<ScenarioFigures> RunUselessArm(const Dataset& dataset, const ReplayOptions& options,
                                              uint64_t seed) {
  // The same set with one more arm, whose answers are all wrong.
  Dataset wider = dataset;
  Arm useless;
  useless.name = "useless";
  std::size_t dearest = 0;
  double dearest_price = -1;
  for (std::size_t a = 0; a < dataset.arms.size(); ++a) {
    const double price = dataset.arms[a].usd_per_1m_output.value_or(0);
    if (price > dearest_price) dearest = a, dearest_price = price;
  }
  useless.usd_per_1m_input = dataset.arms[dearest].usd_per_1m_input;
  useless.usd_per_1m_output = dataset.arms[dearest].usd_per_1m_output;
  wider.arms.push_back(useless);
  wider.outcomes.clear();
  for (std::size_t query = 0; query < dataset.queries.size(); ++query) {
    for (std::size_t a = 0; a < dataset.arms.size(); ++a)
      wider.outcomes.push_back(dataset.At(query, a));
    wider.outcomes.push_back(dataset.At(query, dearest));
    wider.outcomes.back().quality = 0;
  }

  World world(wider, options, seed);
  RETURN_IF_ERROR(world.Begin(AllArms(dataset)));
  const std::size_t half = world.rounds() / 2, late = std::min(world.rounds(), half + 1000);
  const auto as_recorded = [&](std::size_t query, std::size_t arm) -> const Outcome& {
    return wider.At(query, arm);
  };
  RETURN_IF_ERROR(world.PlayUntil(half, as_recorded));
  RETURN_IF_ERROR(world.run().PutArm(dataset.arms.size()));
  RETURN_IF_ERROR(world.PlayUntil(world.rounds(), as_recorded));
  return ScenarioFigures{
      {"share_first_1000", world.Share(dataset.arms.size(), half, late)},
      {"share_after",
       late < world.rounds() ? world.Share(dataset.arms.size(), late, world.rounds()) : 0.0}};
}

}  // namespace pointsman::evaluation
