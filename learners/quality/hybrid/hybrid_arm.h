// What the hybrid model knows of one arm (learners/quality/hybrid/hybrid.h has the model and its formulas).
// Threads: a value; const methods from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "Eigen/Core"
#include "base/bytes.h"
#include "domain/arm.h"
#include "learners/change/drift_detector.h"
#include "learners/linear/regression_sums.h"

namespace pointsman::learners {

constexpr std::size_t kHybridExperts = 2;  // the cautious one and the bold one

// What all arms share, under the prior of one expert.
struct HybridPrior {
  double precision = 1;  // of each entry of theta_a around w, in units of the noise
  double lead_precision =
      1;               // the same for its first entry, which stands for the description's lead
  double level = 0.5;  // m: an arm's level before any outcome of its own
  Eigen::VectorXd
      slope;  // w: (lead, z) . w; its part of z is the difficulty of a query, common to all arms
  double lead_variance = 1;  // of the first entry of w, in units of the noise

  Eigen::VectorXd Precisions() const {
    Eigen::VectorXd precisions = Eigen::VectorXd::Constant(slope.size(), precision);
    precisions[0] = lead_precision;
    return precisions;
  }
};

// One arm's evidence, and what each expert reads from it.
struct HybridArm {
  // At a change the evidence was shifted and cut, so an earlier outcome no longer counts as it did. The cut
  // remembers what caused it and what it moved, so that it can be undone if its cause is taken back.
  struct Cut {
    double clock = 0, shift = 0, kept = 1;
    double since = 0;  // when its cause began
    double cause = 0,
           cause_left = 0;  // residuals that caused it, and those not taken back; 0: undone
    double moved_weight = 0, moved_bare = 0;  // what is left of the evidence that was moved
    Eigen::VectorXd moved_first;              // sum w x of the part with a vector; of size 0: none
  };
  struct Reading {
    Eigen::VectorXd theta;  // d; empty: w is used
    double own = 0;         // sum w (y - theta . z): what its outcomes say of the level
  };

  std::optional<double> prior_level;  // the arm's own; absent: the shared one
  double prior_strength = 0;   // outcomes that the prior level counts as; 0: the shared strength
  double weight = 0, sum = 0;  // all outcomes: sum w, sum w y
  double squares = 0;          // sum w y^2; not kept up to date once a change was seen
  double bare_weight = 0, bare_sum = 0;  // those that taught the level alone
  uint32_t outcomes = 0;                 // ever; stops counting at 2^32 - 1
  double solved_weight = 0;              // `weight` when theta was last computed
  double clock = 0;                      // the evidence is as of this clock
  double matrix_since = 0;               // clock: earlier outcomes taught the level alone
  uint64_t watched_since = 0;  // the pool's outcomes when it fell or joined late; 0: not watched
  DriftDetector drift;
  std::vector<Cut> cuts;  // the last few, oldest first
  RegressionSums sums;    // of x = (1, z); of size 0: none yet
  std::array<Reading, kHybridExperts> readings;

  bool HasMatrix() const { return sums.size() > 0; }
  double PriorLevel(const HybridPrior& prior) const { return prior_level.value_or(prior.level); }
  double PriorStrength(double shared) const { return prior_strength > 0 ? prior_strength : shared; }

  // Makes room for the lead in evidence of a format that had none.
  void AddLead();
  // Keeps the share `kept` of the evidence, so the posterior moves back towards the prior.
  void Scale(double kept);
  // The evidence that was there at the cut, as if its qualities had been larger by `change`.
  void Move(const Cut& cut, double change);
  // Moves and scales at a change. The cut is remembered, for corrections of earlier outcomes.
  void ShiftAndScale(const DriftAlarm& cause, double kept, double at_clock);
  // Weight `gone` of an outcome from `then` has left the evidence. `x` is its (1, z) if it was in `sums`.
  void ForgetMoved(double then, double gone, const Eigen::VectorXd* x);
  // Corrects the cause of a cut: the residual of an outcome from `then` with weight `of_weight` is larger by
  // `change`. Absent `change`: the outcome was withdrawn, and its residual is taken to be the mean of those
  // that caused the cut. If half of the cause is taken back, the change did not happen, nor did any change
  // seen after it: what was moved is moved back, but stays cut. Returns whether a change was undone this way.
  bool TakeBackCause(double then, double of_weight, std::optional<double> change);
  // What later cuts did to an outcome from `then`: its weight times `kept`, its quality plus `shift`.
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
  // theta by that formula, given SlopeMoments, and then the level that follows from it.
  void ReadTheta(std::size_t expert, const HybridPrior& prior, double level_strength,
                 const Eigen::MatrixXd& slope_moments);
  void ReadOwn(std::size_t expert, const HybridPrior& prior);
  // The level given theta, with the share `kept` of the evidence:
  //   (sum w (y - theta . z) + s m) / (sum w + s).
  double Level(std::size_t expert, const HybridPrior& prior, double level_strength,
               double kept = 1) const;

  void Encode(ByteWriter& out) const;
  // Fails `in` unless every number is finite and in its range.
  static HybridArm Decode(Eigen::Index dimension, ByteReader& in);
};

}  // namespace pointsman::learners
