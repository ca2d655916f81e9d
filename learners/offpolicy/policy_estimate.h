// What another policy would have earned, from the outcomes of the decisions that were made.
// Notation: a decision's candidates a have the recorded probability e(a), the inclusion probability c(a) and the
//   recorded expectation q(a); the target policy takes a with the probability pi(a); w(a) = pi(a) / (e(a) c(a)). The
//   arm that was drawn has the outcome r in [0, 1].
//   IPS    mean of w r
//   SNIPS  sum of w r / sum of w; effective sample size (sum of w)^2 / sum of w^2
//   DR     mean of sum_a pi(a) q(a) / c(a) + w (r - q). q was recorded before r was known, so the error is a
//          martingale.
//   The interval holds at every count at once (robust_sequence.h). Its lower side uses
//   w (r - q') + sum_a pi(a) q'(a) / c(a) with q'(a) = min(q(a), 1 / w(a)), which is at least -1, plus 1, halved. Its
//   upper side is the same with 1 - r and 1 - q.
// Errors in what is recorded as propensity make all of it wrong; errors in q only make it wider.
// Cost: O(candidates) a decision, and four sequences.
// Threads: values.
// Source: Dudik, Langford and Li 2011, eq. 2 (DR); Swaminathan and Joachims 2015, eq. 10 (SNIPS); Mineiro, arXiv
//   2210.11133 and 2210.10768, section 4 (intervals).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "learners/offpolicy/robust_sequence.h"

namespace pointsman::learners {

// A candidate of a decision.
struct PolicyArm {
  double target = 0;     // pi(a)
  double logged = 0;     // e(a) > 0
  double inclusion = 1;  // c(a) > 0; 1 for policies that choose within the candidates as they are
  double expected = 0;   // q(a) in [0, 1]
};

struct Bounds {
  double lower = 0;
  double upper = 1;
};

struct PolicyFigures {
  uint64_t outcomes = 0;
  uint64_t silent = 0;  // decisions without an outcome
  double ips = 0;
  double snips = 0;
  double dr = 0;
  double dr_stderr = 0;              // of a mean of independent ones: for one look, and approximate
  double effective_sample_size = 0;  // of the weights
  double weight_max = 0;
  double match_share = 0;  // of the outcomes: pi takes the arm that was drawn
  Bounds bounds;           // if the decisions without an outcome are like the others
  Bounds silent_bounds;    // if their outcomes are 0, and if they are 1
};

class PolicyEstimate {
 public:
  // `outcome` of the arm at `drawn`; none: it was not reported.
  void Add(std::span<const PolicyArm> arms, std::size_t drawn, std::optional<double> outcome);
  // Each interval leaves out the truth with probability `alpha` at most.
  PolicyFigures Figures(double alpha) const;

 private:
  uint64_t outcomes_ = 0, silent_ = 0, matches_ = 0;
  double weights_ = 0, squares_ = 0, weight_max_ = 0;
  double weighted_ = 0;              // sum of w r
  double dr_ = 0, dr_squares_ = 0;   // sums
  RobustSequence lower_, upper_;     // of the outcomes
  RobustSequence lowest_, highest_;  // of all decisions
};

}  // namespace pointsman::learners
