// The control group of a pool: a share h of its decisions is made by a fixed baseline, so that what the pool earns
// can be compared with what the baseline earns at the same time. The group is drawn first, then the arm; the
// propensity that is recorded is that of both draws, (1 - h) * pi(a) + h * baseline(a). So outcomes of both groups
// teach, and enter off-policy estimates, like any others.
// Cost: O(arms), only in pools with a control group.
// Threads: pure functions.
// Source: A/B tests beside a bandit; design: docs/design/offpolicy.md.
#pragma once

#include <span>
#include <vector>

#include "domain/types.h"
#include "learners/state/learned_state.h"

namespace pointsman::learners {

// The baseline's distribution over the candidates. Empty: the pool has no control group, or the baseline is not
// among these candidates, or there is nothing to choose from.
std::vector<double> BaselineOf(const PoolSettings& settings, std::span<const ArmView> arms);

// The group of a decision, by its own uniform draw.
Group DrawGroup(double holdout_share, double draw);

// Turns the pool's own distribution into that of both draws, and divides the experts' votes by the probability with
// which an arm is now drawn.
void MixIn(std::span<const double> baseline, double holdout_share, std::span<double> pmf,
           std::span<ExpertVotes> votes);

}  // namespace pointsman::learners
