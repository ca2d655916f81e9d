// What a replay earned, and what could have been earned in the same rounds.
// Utility of a realised outcome = w_q * quality - w_c * cost / cost_scale
//   - w_l * latency / latency_scale, w normalised; a field of weight 0 is ignored.
// Threads: pure functions.
// Source: utility as in docs/design/README.md, "Utility".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "domain/types.h"
#include "evaluation/data/dataset.h"

namespace pointsman::evaluation {

// How the outcomes of a data set are valued.
struct Valuation {
  Preference preference;  // normalised
  double cost_scale_usd = 0.01;
  double latency_scale_ms = 1000;
};
double RealisedUtility(const Valuation& valuation, const Outcome& outcome);

// The first index of the largest value, and of the smallest.
std::size_t Largest(std::span<const double> values);
std::size_t Smallest(std::span<const double> values);

// One round: indexes into the data set.
struct Round {
  std::size_t query = 0;
  std::size_t arm = 0;
  friend bool operator==(const Round&, const Round&) = default;
};

// Means over rounds. Cost is 0 where the set does not record it for every arm and query.
struct Means {
  double utility = 0;
  double quality = 0;
  double cost_usd = 0;
  friend bool operator==(const Means&, const Means&) = default;
};

struct Figures {
  Means played;
  double first_1000 = 0;  // mean utility of the first 1,000 rounds, or of all if fewer
  double last_third = 0;  // mean utility of the last third of the rounds, at least one
  Means random;           // expectation of a uniform choice
  Means best_single;      // the single arm with the highest mean utility, in hindsight
  Means best_quality;     // the single arm with the highest mean quality, in hindsight
  Means most_expensive;   // the single arm with the highest mean cost; only if costs are recorded
  Means cheapest;         // the one with the lowest
  Means oracle;           // the arm with the highest utility for each query
  std::vector<double> shares;          // of rounds, per arm
  std::vector<double> single;          // mean utility of each arm if it had always been called
  std::vector<double> single_quality;  // mean quality of each arm, likewise
  std::vector<double> single_cost;     // mean cost of each arm; 0 if costs are not recorded
  friend bool operator==(const Figures&, const Figures&) = default;
};

// `rounds` is not empty.
Figures ComputeFigures(const Dataset& dataset, const Valuation& valuation,
                       std::span<const Round> rounds);

// A learning curve in blocks of rounds; all vectors have one entry per block, `shares` one vector
// of arms per block.
struct Curve {
  std::size_t block_rounds = 0;  // the last block may be shorter
  std::vector<double> utility;
  std::vector<double> random;
  std::vector<double> best_single;  // the arm that is best over all rounds
  std::vector<double> oracle;
  std::vector<std::vector<double>> shares;
  friend bool operator==(const Curve&, const Curve&) = default;
};
Curve ComputeCurve(const Dataset& dataset, const Valuation& valuation,
                   std::span<const Round> rounds, std::size_t blocks_max);

// Over seeds: the mean of each figure, and its standard error (0 for a single seed).
Figures MeanFigures(std::span<const Figures> of_seeds);
Figures StandardErrors(std::span<const Figures> of_seeds);
Curve MeanCurve(std::span<const Curve> of_seeds);

}  // namespace pointsman::evaluation
