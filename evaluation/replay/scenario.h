// Worlds that change, played with real outcomes by one seed in this process; and one learned state that
// serves many trade-offs. Each is a script over SeedRun that returns a few figures.
// Determinism: depends only on the seed.
// Errors: those of a replay; kFailedPrecondition if the set is too small for the script.
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

namespace pointsman::evaluation {

// The result of a scenario: figures by name, in the order in which they are shown. The names are the same for
// every seed.
using ScenarioFigures = std::vector<std::pair<std::string, double>>;

// At half-time the best arm silently starts to answer as the worst one does; at 7/10 it recovers.
//   share_before          share of the best arm in the last 500 rounds before
//   rounds_until_10pct    rounds until its share of 100 rounds is below 10%
//   share_after_500       its share from 500 rounds later until it recovers
//   utility_after_500     mean utility over the same rounds, minus the best other arm's (above 0: better)
//   rounds_until_back     rounds from its recovery until its share of 100 rounds is above 20%
//   share_back            its share in the last 500 rounds
//   mean_utility          over all rounds
absl::StatusOr<ScenarioFigures> RunDegradation(const Dataset& dataset, const ReplayOptions& options,
                                               uint64_t seed);

// At half-time a new arm arrives: the one with the largest lead over every other arm on some domain (among
// domains with at least 400 of the remaining rounds).
//   share_of_domain_100, _200, ...  its share of that domain's queries 1 to 100, 101 to 200, ...
//   domain_gain                     its quality there minus that of the best other arm
absl::StatusOr<ScenarioFigures> RunNewArm(const Dataset& dataset, const ReplayOptions& options,
                                          uint64_t seed);

// At half-time an arm arrives that never answers correctly and costs as much as the most expensive one.
//   share_first_1000, share_after its share of the rounds
absl::StatusOr<ScenarioFigures> RunUselessArm(const Dataset& dataset, const ReplayOptions& options,
                                              uint64_t seed);

// Learns from 7/10 of the queries, is then frozen (greedy, no feedback) and measured on the rest. This is
// done once with requests that each draw one of `points` preferences (cost weight i / (points - 1)), and then
// with a separate state for each preference.
//   aiq_one, aiq_each, ratio        areas under the quality-cost curves, and their ratio
// Source: AIQ, Hu et al. 2024, "RouterBench", section 3.
absl::StatusOr<ScenarioFigures> RunTradeOff(const Dataset& dataset, const ReplayOptions& options,
                                            std::size_t points, uint64_t seed);

// How pools of 4, 8, 16, ... and all arms begin. The smaller ones are drawn by the seed (SubPool).
//   arms_<K>_rounds_<T>   mean utility of the first T rounds of K arms, T = 250, 500, 1000, ... and all
absl::StatusOr<ScenarioFigures> RunManyArms(const Dataset& dataset, const ReplayOptions& options,
                                            uint64_t seed);

// How the whole pool begins.
//   rounds_<T>            mean utility of the first T rounds
absl::StatusOr<ScenarioFigures> RunShort(const Dataset& dataset, const ReplayOptions& options,
                                         uint64_t seed);

// What descriptions are worth before outcomes: the pool as it is, without descriptions, and with each description
// at another arm.
//   described_<T>, not_described_<T>, wrongly_described_<T>   mean utility of the first T rounds
// Errors: kFailedPrecondition with fewer than two described arms.
absl::StatusOr<ScenarioFigures> RunColdDescriptions(const Dataset& dataset,
                                                    const ReplayOptions& options, uint64_t seed);

// Whether `expected.quality` of the chosen arms can be believed. For each tenth of the scale, over all rounds:
//   rounds_<i>, promised_<i>, observed_<i>   number of rounds, sum of the qualities promised, sum of those observed
// CalibrationTable and CalibrationSvg show them as means over all seeds.
// Source: reliability diagrams, DeGroot and Fienberg 1983.
absl::StatusOr<ScenarioFigures> RunCalibration(const Dataset& dataset, const ReplayOptions& options,
                                               uint64_t seed);
std::string CalibrationTable(const Dataset& dataset, std::string_view learner,
                             const std::vector<ScenarioFigures>& of_seeds);
std::string CalibrationSvg(const Dataset& dataset, std::string_view learner,
                           const std::vector<ScenarioFigures>& of_seeds);

// The area under the upper concave hull of (cost, quality) points from `cost_min` to `cost_max`, flat beyond
// the last point, divided by the width: a mean quality.
double AverageImprovement(std::vector<std::pair<double, double>> points, double cost_min,
                          double cost_max);

// Means over seeds with their standard errors, smallest and largest values.
std::string ScenarioTable(const Dataset& dataset, std::string_view scenario,
                          std::string_view learner, const ReplayOptions& options,
                          const std::vector<ScenarioFigures>& of_seeds);
std::string ScenarioJson(std::string_view scenario, std::string_view learner,
                         const std::vector<ScenarioFigures>& of_seeds);

}  // namespace pointsman::evaluation
