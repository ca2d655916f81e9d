#include "learners/choice/choose.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "base/check.h"
#include "base/rng.h"
#include "learners/choice/control_group.h"
#include "learners/choice/exploration.h"
#include "learners/choice/utility_parts.h"

namespace pointsman::learners {
namespace {

constexpr uint64_t kTieSeed = 0x7469657300000001;  // separate from a panel's draws

// The `count` best of `pool` by utility, best first. Equal ones are ordered by `keys`, which are random.
std::vector<std::size_t> BestByUtility(const std::vector<Candidate>& candidates,
                                       std::span<const uint64_t> keys,
                                       std::vector<std::size_t> pool, std::size_t count) {
  count = std::min(count, pool.size());
  std::partial_sort(pool.begin(), pool.begin() + static_cast<std::ptrdiff_t>(count), pool.end(),
                    [&](std::size_t a, std::size_t b) {
                      const double x = candidates[a].utility, y = candidates[b].utility;
                      return x != y ? x > y : keys[a] < keys[b];
                    });
  pool.resize(count);
  return pool;
}

// Draws `count` of `pool` one after another from the given distribution, renormalised each time.
void DrawPanel(const std::vector<Candidate>& candidates, std::vector<std::size_t> pool,
               std::size_t count, uint64_t seed, std::vector<ChosenArm>& chosen) {
  Rng rng(seed);
  for (; count > 0 && !pool.empty(); --count) {
    std::vector<double> pmf;
    double sum = 0;
    for (const std::size_t i : pool) {
      pmf.push_back(candidates[i].probability);
      sum += pmf.back();
    }
    for (double& p : pmf) p = sum > 0 ? p / sum : 1.0 / static_cast<double>(pool.size());
    const std::size_t drawn = SampleIndex(pmf, rng.Uniform());
    chosen.push_back({candidates[pool[drawn]].arm, pmf[drawn], Selection::kPanel});
    pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(drawn));
  }
}

std::vector<Candidate> Candidates(const PoolSettings& settings, const ChoiceRequest& request,
                                  std::span<const ArmView> arms,
                                  std::span<const ArmExpectation> expected) {
  POINTSMAN_CHECK(!arms.empty() && expected.size() == arms.size() && request.arm_count >= 1);
  std::vector<Candidate> candidates;
  candidates.reserve(arms.size());
  for (std::size_t i = 0; i < arms.size(); ++i) {
    candidates.push_back({arms[i].arm->id, 0, Utility(settings, request.preference, expected[i]),
                          expected[i], arms[i].features});
  }
  return candidates;
}

// The distribution from one mean and one deviation per arm. With `optimism` above 0 the means are raised by
// that many deviations, which are then 0.
std::vector<double> FromEstimates(const PoolSettings& settings, const ChoiceRequest& request,
                                  std::span<const ArmExpectation> expected, double optimism,
                                  std::span<const double> floors) {
  std::vector<double> means, stddevs;
  for (const ArmExpectation& arm : expected) {
    const double stddev = UtilityStddev(settings, request.preference, arm);
    means.push_back(Utility(settings, request.preference, arm) + optimism * stddev);
    stddevs.push_back(optimism > 0 ? 0 : stddev);
  }
  std::vector<double> pmf = Distribution(settings.learner, means, stddevs);
  LiftToFloors(floors, pmf);
  return pmf;
}

// Draws the answer's arms, or takes the best of them for a greedy request. `pmf` is recorded. The first arm is
// drawn from `first_pmf`, which is `pmf` given the decision's group.
Choice Draw(const ChoiceRequest& request, std::vector<Candidate> candidates,
            const std::vector<double>& pmf, const std::vector<double>& first_pmf) {
  const std::size_t k = candidates.size();
  Choice choice;
  // The decision's own draw orders equal arms, so no arm is favoured for its position.
  Rng rng(request.panel_seed ^ kTieSeed);
  std::vector<uint64_t> keys(k);
  for (uint64_t& key : keys) key = rng.Next();
  choice.candidates = std::move(candidates);
  std::vector<std::size_t> rest(k);
  std::iota(rest.begin(), rest.end(), std::size_t{0});
  const bool is_greedy = request.mode == Mode::kGreedy;
  std::size_t first = 0;
  if (is_greedy) {
    first = BestByUtility(choice.candidates, keys, rest, 1).front();
    choice.candidates[first].probability = 1;
  } else {
    for (std::size_t i = 0; i < k; ++i) choice.candidates[i].probability = pmf[i];
    first = SampleIndex(first_pmf, request.draw);
  }
  choice.chosen.push_back({choice.candidates[first].arm, choice.candidates[first].probability,
                           is_greedy ? Selection::kGreedy : Selection::kExplore});

  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(first));
  const std::size_t further = request.arm_count - 1;
  if (request.purpose == Purpose::kPanel && !is_greedy) {
    DrawPanel(choice.candidates, std::move(rest), further, request.panel_seed, choice.chosen);
    return choice;
  }
  // A greedy panel takes the best few. Nothing is drawn, so none of it may enter an off-policy estimate.
  const Selection how =
      request.purpose == Purpose::kPanel ? Selection::kGreedy : Selection::kFallback;
  for (const std::size_t i : BestByUtility(choice.candidates, keys, std::move(rest), further)) {
    choice.chosen.push_back({choice.candidates[i].arm, 1, how});
  }
  return choice;
}

}  // namespace

double UtilityStddev(const PoolSettings& settings, const Preference& preference,
                     const ArmExpectation& expected) {
  const double quality = preference.quality * expected.quality_stddev;
  const double cost = preference.cost * expected.cost_stddev_usd / settings.cost_scale_usd;
  const double latency =
      preference.latency * expected.latency_stddev_ms / settings.latency_scale_ms;
  if (cost == 0 && latency == 0) return quality;
  return std::sqrt(quality * quality + cost * cost + latency * latency);
}

double Utility(const PoolSettings& settings, const Preference& preference,
               const ArmExpectation& expected) {
  return PartsOf(settings, preference, expected).utility();
}

Choice Choose(const PoolSettings& settings, const ChoiceRequest& request,
              std::span<const ArmView> arms, std::span<const ArmExpectation> expected) {
  const std::vector<double> pmf = FromEstimates(settings, request, expected, 0, {});
  return Draw(request, Candidates(settings, request, arms, expected), pmf, pmf);
}

Choice Choose(const LearnedState& state, const QueryView& query, const ChoiceRequest& request,
              std::span<const ArmView> arms, std::span<const ArmExpectation> expected) {
  const PoolSettings& settings = state.pool().settings;
  std::vector<Candidate> candidates = Candidates(settings, request, arms, expected);
  std::vector<double> pmf(arms.size());
  std::vector<ExpertVotes> votes(arms.size());
  const bool is_greedy = request.mode == Mode::kGreedy;
  if (is_greedy || !state.ChooseDirectly(query, request.preference, arms, expected, pmf, votes)) {
    pmf = FromEstimates(settings, request, expected, state.Optimism(), state.WatchedShares(arms));
    std::fill(votes.begin(), votes.end(), ExpertVotes{});
  }
  std::vector<double> baseline = is_greedy ? std::vector<double>() : BaselineOf(settings, arms);
  if (baseline.empty()) {
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].features.votes = votes[i];
    return Draw(request, std::move(candidates), pmf, pmf);
  }
  const Group group = DrawGroup(settings.holdout_share, request.group_draw);
  const std::vector<double> first_pmf = group == Group::kControl ? baseline : pmf;
  MixIn(baseline, settings.holdout_share, pmf, votes);
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].features.votes = votes[i];
  Choice choice = Draw(request, std::move(candidates), pmf, first_pmf);
  choice.group = group;
  choice.holdout_share = settings.holdout_share;
  if (!settings.holdout_arm.empty()) {
    const auto it = std::find(baseline.begin(), baseline.end(), 1.0);
    choice.holdout_arm = arms[static_cast<std::size_t>(it - baseline.begin())].arm->id;
  }
  return choice;
}

std::vector<ExpertVotes> VotesOnKnown(const LearnedState& state, const QueryView& query,
                                      const Preference& preference, std::span<const ArmView> arms,
                                      std::span<const ArmExpectation> expected) {
  std::vector<ExpertVotes> votes(arms.size());
  std::vector<double> pmf(arms.size());
  if (arms.size() < 2 || !state.ChooseDirectly(query, preference, arms, expected, pmf, votes)) {
    return std::vector<ExpertVotes>(arms.size());
  }
  for (std::size_t a = 0; a < arms.size(); ++a) {
    for (float& ratio : votes[a].ratio) ratio *= static_cast<float>(pmf[a]);
  }
  return votes;
}

}  // namespace pointsman::learners
