#include "engine/pool/standing_arms.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/sort_unique.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kWatchedMax = 16;
constexpr std::size_t kTrials = 4;
constexpr uint64_t kTrialOutcomes = 40;
constexpr double kTrialOutcomesOfPool = 1000;
constexpr double kPromiseDeviations = 2;
constexpr std::size_t kLookedAt = 256;  // arms, for the next trial
constexpr std::size_t kStride =
    7919;  // a prime: arms are tried in another order than that of their ids

bool IsActive(const learners::LearnedState& state, ArmId id) {
  const Arm* arm = state.arm(id);
  return arm != nullptr && arm->status == ArmStatus::kActive;
}

double Promise(const learners::LearnedState& state, ArmId id) {
  const learners::QualityEstimate level = state.Level(id);
  return level.mean + kPromiseDeviations * level.stddev;
}

std::vector<ArmId> Best(std::vector<std::pair<double, ArmId>> ranked, std::size_t count) {
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (ranked.size() > count) ranked.resize(count);
  std::vector<ArmId> best;
  for (const auto& [value, id] : ranked) best.push_back(id);
  std::sort(best.begin(), best.end());
  return best;
}

}  // namespace

std::vector<ArmId> HighestLevels(const learners::LearnedState& state, std::vector<ArmId> arms,
                                 std::size_t count) {
  SortUnique(arms);
  std::vector<std::pair<double, ArmId>> ranked;
  for (const ArmId id : arms) {
    if (!IsActive(state, id)) continue;
    if (state.Outcomes(id) > 0 || state.arm(id)->prior_quality) {
      ranked.emplace_back(state.Level(id).mean, id);
    }
  }
  return Best(std::move(ranked), count);
}

StandingArms::StandingArms() : all_(std::make_shared<const std::vector<ArmId>>()) {}

void StandingArms::Clear() {
  favourites_.clear();
  watched_.clear();
  trials_.clear();
  all_.Set(std::make_shared<const std::vector<ArmId>>());
}

void StandingArms::Update(const learners::LearnedState& state, const std::vector<ArmId>& active,
                          std::vector<ArmId> touched) {
  const bool was_kept = is_kept_;
  is_kept_ = active.size() > state.pool().settings.shortlist_size;
  if (!is_kept_) {
    if (was_kept) Clear();
    return;
  }
  if (!was_kept) touched = active;  // the pool has just outgrown its shortlist
  UpdateWatched(state, touched);
  touched.insert(touched.end(), favourites_.begin(), favourites_.end());
  favourites_ = HighestLevels(state, std::move(touched), kFavouritesMax);
  UpdateTrials(state, active);
  std::vector<ArmId> all = favourites_;
  all.insert(all.end(), watched_.begin(), watched_.end());
  for (const Trial& trial : trials_) all.push_back(trial.arm);
  SortUnique(all);
  if (all != *all_.Get()) all_.Set(std::make_shared<const std::vector<ArmId>>(std::move(all)));
}

void StandingArms::UpdateWatched(const learners::LearnedState& state,
                                 const std::vector<ArmId>& touched) {
  std::vector<ArmId> arms = watched_;
  arms.insert(arms.end(), touched.begin(), touched.end());
  SortUnique(arms);
  std::vector<std::pair<double, ArmId>> ranked;
  for (const ArmId id : arms) {
    const double share = IsActive(state, id) ? state.WatchedShare(id) : 0;
    if (share > 0) ranked.emplace_back(share, id);
  }
  watched_ = Best(std::move(ranked), kWatchedMax);
}

void StandingArms::UpdateTrials(const learners::LearnedState& state,
                                const std::vector<ArmId>& active) {
  std::optional<double> best;
  for (const ArmId id : favourites_) best = std::max(state.Level(id).mean, best.value_or(0));
  const auto may_stay = [&](ArmId id) {
    return IsActive(state, id) && state.Outcomes(id) < kTrialOutcomes &&
           (!best || Promise(state, id) >= *best);
  };
  std::erase_if(trials_, [&](const Trial& trial) {
    return state.clock() - trial.since >= kTrialOutcomesOfPool || !may_stay(trial.arm);
  });
  const auto is_on_trial = [&](ArmId id) {
    return std::any_of(trials_.begin(), trials_.end(),
                       [&](const Trial& trial) { return trial.arm == id; });
  };
  std::size_t looked_at = 0;
  while (trials_.size() < kTrials && looked_at < kLookedAt) {
    std::optional<std::pair<double, ArmId>> most;
    for (std::size_t i = 0; i < kLookedAt / kTrials && i < active.size(); ++i, ++looked_at) {
      const ArmId id = active[next_++ * kStride % active.size()];
      if (!may_stay(id) || is_on_trial(id)) continue;
      const double promise = Promise(state, id);
      if (!most || promise > most->first) most = {promise, id};
    }
    if (!most) break;
    trials_.push_back({most->second, state.clock()});
  }
}

}  // namespace pointsman::engine
