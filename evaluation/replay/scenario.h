// Worlds that change, played on real outcomes by one seed in process; and one learned state that
// serves many trade-offs. Each is a script over SeedRun that answers the few figures it is for.
// Determinism: the seed's alone. Errors: those of a replay; kFailedPrecondition if the set is too
//   small for the script.
// Threads: pure functions; several seeds may run at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/replay.h"

namespace pointsman {

// What a scenario found: figures by name, in the order in which they are shown. The same names for
// every seed.
using ScenarioFigures = std::vector<std::pair<std::string, double>>;

// At half-time the best arm silently answers as the worst one does; at 7/10 it is well again.
//   share_before          of the best arm, in the last 500 rounds before
//   rounds_until_10pct    until its share of 100 rounds is under 10%
//   share_after_500       from 500 rounds after until it is well again
//   utility_after_500     over the same rounds, less the best remaining arm's there (above 0:
//   better) rounds_until_back     after it is well, until its share of 100 rounds is above 20%
//   share_back            in the last 500 rounds
//   mean_utility          over all rounds
absl::StatusOr<ScenarioFigures> RunDegradation(const Dataset& dataset, const ReplayOptions& options,
                                               uint64_t seed);

// At half-time an arm arrives that was never seen: the one that is better than every other arm on
// some domain by most (domains with at least 400 of the rounds to come).
//   share_of_domain_100, _200, ...  its share of that domain's queries 1 to 100, 101 to 200, ...
//   domain_gain                     its quality there less the best other arm's
absl::StatusOr<ScenarioFigures> RunNewArm(const Dataset& dataset, const ReplayOptions& options,
                                          uint64_t seed);

// At half-time an arm arrives that never answers right and costs what the dearest does.
//   share_first_1000, share_after   of the rounds
absl::StatusOr<ScenarioFigures> RunUselessArm(const Dataset& dataset, const ReplayOptions& options,
                                              uint64_t seed);

// Learns from 7/10 of the queries, then is frozen (greedy, nothing told) and measured on the rest:
// once from requests that each draw one of `points` preferences (cost weight i / (points - 1)),
// then from one state for each preference.
//   aiq_one, aiq_each, ratio        areas under the quality-cost curves, and their ratio
// Source: AIQ, Hu et al. 2024, "RouterBench", section 3.
absl::StatusOr<ScenarioFigures> RunTradeOff(const Dataset& dataset, const ReplayOptions& options,
                                            std::size_t points, uint64_t seed);

// The area under the upper concave hull of (cost, quality) points from the least to the greatest of
// `cost_min` and `cost_max`, flat beyond the last point, over the width: a mean quality.
double AverageImprovement(std::vector<std::pair<double, double>> points, double cost_min,
                          double cost_max);

// Means over seeds with their standard errors, the least and the greatest.
std::string ScenarioTable(const Dataset& dataset, std::string_view scenario,
                          std::string_view learner, const ReplayOptions& options,
                          const std::vector<ScenarioFigures>& of_seeds);
std::string ScenarioJson(std::string_view scenario, std::string_view learner,
                         const std::vector<ScenarioFigures>& of_seeds);

}  // namespace pointsman
