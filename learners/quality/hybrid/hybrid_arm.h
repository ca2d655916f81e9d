// What the hybrid model knows of one arm (learners/quality/hybrid/hybrid.h has the model and its formulas).
// Threads: a value; const methods from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "Eigen/Core"
#include "domain/arm.h"
#include "base/bytes.h"
#include "learners/change/drift_detector.h"
#include "learners/linear/regression_sums.h"

namespace pointsman {

constexpr std::size_t kHybridExperts = 2;  // the cautious one and the bold one

// What all arms share under one expert's prior scale.
struct HybridPrior {
  double precision = 1;   // of each entry of theta_a around w, in units of the noise
  double level = 0.5;     // m: where an arm's level lies before any outcome of its own
  Eigen::VectorXd slope;  // w: the difficulty of a query, z . w, common to all arms
};

// One arm's evidence and its reading under both experts' priors.
struct HybridArm {
  // The evidence was shifted and cut at a change, so an outcome of before is not what it was any more. What
  // set it off and what was moved are remembered, so that it can be taken back with its cause.
  struct Cut {
    double clock = 0, shift = 0, kept = 1;
    double since = 0;                        // when what set it off began
    double cause = 0, cause_left = 0;  // residuals that set it off, and what has not been taken back; 0: undone
    double moved_weight = 0, moved_bare = 0;  // what is left of the evidence that was moved
    Eigen::VectorXd moved_first;             // sum w x of that with a vector; of size 0: none
  };
  struct Reading {
    Eigen::VectorXd theta;  // d; empty: w stands for it
    double own = 0;         // sum w (y - theta . z): what its outcomes say of the level
  };

  std::optional<double> prior_level;  // the arm's own; else the shared one
  double prior_strength = 0;   // outcomes that the prior level counts as; 0: the shared one's
  double weight = 0, sum = 0;  // all outcomes: sum w, sum w y
  double bare_weight = 0, bare_sum = 0;  // those that taught the level alone
  uint32_t outcomes = 0;                 // ever; stops counting at 2^32 - 1
  double solved_weight = 0;              // `weight` when theta was last computed
  double clock = 0;                      // when evidence stood as it does here
  double matrix_since = 0;               // clock: outcomes of before have taught the level alone
  uint64_t watched_since = 0;            // found degraded at so many outcomes of the pool; 0: not
  DriftDetector drift;
  std::vector<Cut> cuts;  // the last few, oldest first
  RegressionSums sums;  // of x = (1, z); of size 0: none yet
  std::array<Reading, kHybridExperts> readings;

  bool HasMatrix() const { return sums.size() > 0; }
  double PriorLevel(const HybridPrior& prior) const { return prior_level.value_or(prior.level); }
  double PriorStrength(double shared) const { return prior_strength > 0 ? prior_strength : shared; }

  // Keeps the share `kept` of the evidence: the posterior goes back towards the prior.
  void Scale(double kept);
  void Move(const Cut& cut, double change);
  // Both at once, at a change; remembered for corrections of what came before.
  void ShiftAndScale(const DriftAlarm& cause, double kept, double at_clock);
  // So much weight of an outcome of then is gone from the evidence; `x` is its (1, z) if it was in `sums`.
  void ForgetMoved(double then, double gone, const Eigen::VectorXd* x);
  // The residual of an outcome of then, of that weight, is larger by `change` than it was; absent: it was withdrawn,
  // and its residual taken to be the mean of what set the change off. If half of what
  // set off a change is taken back, the change did not happen, nor did those that were seen after it: what was moved is
  // moved back. It stays cut. Returns whether that is so.
  bool TakeBackCause(double then, double of_weight, std::optional<double> change);
  // What became of an outcome of then: its weight times `kept`, its quality plus `shift`.
  struct Since {
    double kept = 1, shift = 0;
  };
  Since CutsSince(double then) const;
  void Grow(Eigen::Index size);
  // What the evidence says of theta once the level is eliminated, under a prior N(w, I /
  // precision):
  //   theta = (SlopeMoments + precision I)^-1 (SlopeCross + precision w).
  Eigen::MatrixXd SlopeMoments(double level_strength) const;
  Eigen::VectorXd SlopeCross(const HybridPrior& prior, double level_strength) const;
  // theta by that formula, given SlopeMoments; then what follows from theta for the level.
  void ReadTheta(std::size_t expert, const HybridPrior& prior, double level_strength,
                 const Eigen::MatrixXd& slope_moments);
  void ReadOwn(std::size_t expert);
  // The level given theta: (sum w (y - theta . z) + s m) / (sum w + s), of the share `kept` of the evidence.
  double Level(std::size_t expert, const HybridPrior& prior, double level_strength,
               double kept = 1) const;

  void Encode(ByteWriter& out) const;
  // Fails `in` unless every number is finite and in its range.
  static HybridArm Decode(Eigen::Index dimension, ByteReader& in);
};

}  // namespace pointsman
