// Exploration: pure functions from (means, standard deviations) of each candidate's utility to the
// probability with which each is chosen. A propensity is produced here and nowhere else.
// Shapes: k candidates, 1 <= k; results have k entries, each >= floor / k, summing to 1 within 1e-12.
// Errors: none; any finite input is legal (equal means, zero or huge deviations).
// Cost: thompson O(k * nodes), the others O(k); no state.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/arm.h"

namespace pointsman {

// The pmf over candidates by the algorithm that `settings.exploration` names: "thompson",
// "squarecb", "epsilon_greedy", "softmax", "greedy".
// `stddevs` are those of the mean, already multiplied by the preference's weight of quality.
std::vector<double> Distribution(const LearnerSettings& settings, std::span<const double> means,
                                 std::span<const double> stddevs);

// Errors: kInvalidArgument listing what there is, for an unknown name or a knob out of its range.
absl::Status ValidateExploration(const LearnerSettings& settings);

// The index that a uniform number u in [0, 1) draws from a pmf.
std::size_t SampleIndex(std::span<const double> pmf, double u);

}  // namespace pointsman
