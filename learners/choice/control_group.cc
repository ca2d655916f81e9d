#include "learners/choice/control_group.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"

namespace pointsman::learners {

std::vector<double> BaselineOf(const PoolSettings& settings, std::span<const ArmView> arms) {
  std::vector<double> baseline;
  if (!(settings.holdout_share > 0) || arms.size() < 2) return baseline;
  if (settings.holdout_arm.empty()) {
    baseline.assign(arms.size(), 1.0 / static_cast<double>(arms.size()));
    return baseline;
  }
  const auto is_it = [&](const ArmView& view) {
    const std::vector<std::string>& aliases = view.arm->aliases;
    return view.arm->name == settings.holdout_arm ||
           std::find(aliases.begin(), aliases.end(), settings.holdout_arm) != aliases.end();
  };
  const auto found = std::find_if(arms.begin(), arms.end(), is_it);
  if (found == arms.end()) return baseline;
  baseline.assign(arms.size(), 0.0);
  baseline[static_cast<std::size_t>(found - arms.begin())] = 1;
  return baseline;
}

Group DrawGroup(double holdout_share, double draw) {
  return draw < holdout_share ? Group::kControl : Group::kTreated;
}

void MixIn(std::span<const double> baseline, double holdout_share, std::span<double> pmf,
           std::span<ExpertVotes> votes) {
  POINTSMAN_CHECK(baseline.size() == pmf.size() && votes.size() == pmf.size());
  for (std::size_t i = 0; i < pmf.size(); ++i) {
    const double mixed = (1 - holdout_share) * pmf[i] + holdout_share * baseline[i];
    if (mixed > 0) {
      for (float& ratio : votes[i].ratio) ratio *= static_cast<float>(pmf[i] / mixed);
    }
    pmf[i] = mixed;
  }
}

}  // namespace pointsman::learners
