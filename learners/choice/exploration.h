// Exploration: pure functions from the mean and standard deviation of each candidate's utility to the
// probability of choosing it. Propensities are computed here and nowhere else.
//   thompson        the probability that the candidate's utility, drawn from its own normal posterior, is the
//                   largest (learners/choice/probability_of_largest.h)
//   squarecb        1 / (k + gamma * gap to the best) for all but the best (Foster, Rakhlin 2020)
//   epsilon_greedy  epsilon spread evenly, the rest on the best
//   softmax         exp(mean / temperature), normalised
//   greedy          all on the best
// Equal best candidates share equally. So the order of candidates never matters, and a cold pool is uniform.
// `exploration_scale` multiplies the deviations; only thompson uses them. The other algorithms have a setting
// of their own. The floor comes last: p <- (1 - floor) p + floor / k.
// Shapes: k candidates, 1 <= k; results have k entries, each >= floor / k, summing to 1 within 1e-12.
// Errors: none; any finite input is legal (equal means, zero or huge deviations). An unknown name is a
//   programmer's error: call ValidateExploration first.
// Cost: thompson O(k * nodes), the others O(k); no state.
// Threads: pure functions.
// Source: thompson, Thompson 1933; squarecb, Foster and Rakhlin 2020, algorithm 1.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "domain/arm.h"

namespace pointsman::learners {

// The pmf over candidates by the algorithm that `settings.exploration` names: "thompson", "squarecb",
// "epsilon_greedy", "softmax" or "greedy".
// `stddevs` are those of the mean, already multiplied by the preference's weight of quality.
std::vector<double> Distribution(const LearnerSettings& settings, std::span<const double> means,
                                 std::span<const double> stddevs);

// Raises entries of a pmf to their floors and scales the rest, so that it sums to 1 again. `floors` has one
// entry per candidate and sums to less than 1; empty: no floors.
void LiftToFloors(std::span<const double> floors, std::span<double> pmf);

// Errors: kInvalidArgument for an unknown name (listing those that exist) or a setting out of its range.
absl::Status ValidateExploration(const LearnerSettings& settings);

// The index that a uniform number u in [0, 1) draws from a pmf. Never an entry of probability 0.
std::size_t SampleIndex(std::span<const double> pmf, double u);

}  // namespace pointsman::learners
