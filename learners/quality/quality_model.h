// A quality model: the expected quality of an arm's answer to a query, learned from one arm's outcome at a
// time. Implementations are values behind this interface. Versions share what did not change.
// Operation: Clone (cheap), BeginEdit, Learn..., EndEdit, publish. Outside an edit a model is immutable.
// Threads: const methods from any thread; an edit from the one thread that cloned.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman::learners {

// An arm as a query sees it: its settings (priors) and what the indexes found for it.
struct ArmView {
  const Arm* arm = nullptr;
  ArmFeatures features;
};

struct QualityEstimate {
  double mean = 0;    // of quality if the arm answers, in the scale of quality (not clipped)
  double stddev = 0;  // posterior standard deviation of that mean
};

// A normal posterior of which the share `kept` of the evidence is left: prior precision takes the place of
// the lost evidence. Exact for a level; for a regression, along the direction of the query.
inline QualityEstimate Faded(const QualityEstimate& posterior, const QualityEstimate& prior,
                             double kept) {
  if (kept == 1 || !(posterior.stddev > 0) || !(prior.stddev > 0)) return posterior;
  const double p = kept / (posterior.stddev * posterior.stddev);
  const double q = (1 - kept) / (prior.stddev * prior.stddev);
  return {(p * posterior.mean + q * prior.mean) / (p + q), 1 / std::sqrt(p + q)};
}

// One outcome's quality as the model learns it.
struct Observation {
  ArmId arm{};
  std::span<const float> context;  // z, d entries; empty: teaches the level alone
  ArmFeatures features;
  double quality = 0;
  double weight = 1;
  double propensity =
      1;  // of the arm, given what the model itself said; for models that weight by it
  bool is_off_policy = false;
  // One of several known outcomes of the same query; nothing was drawn.
  bool is_imported = false;
  // A correction replaces `corrected_from`, whose weight is already counted. Only linear statistics move;
  // precision is not counted twice.
  bool is_correction = false;
  double corrected_from = 0;
  // `quality` was learned and is taken back, with its weight.
  bool is_withdrawal = false;
  // The model's clock just after the first part of this outcome was learned. What is learned or taken back
  // now counts as if it had arrived then. Absent: now.
  std::optional<double> anchor = {};

  bool is_new() const { return !is_correction && !is_withdrawal; }
};

// How an arm's quality enters a decision: utility = weight * quality + offset.
struct UtilityTerm {
  double weight = 1;  // >= 0: the preference's weight of quality, times the arm's chance to answer
  double offset = 0;  // expected cost and latency, in points of utility (negative)
  double stddev = 0;  // of the utility without its quality part: error rate, cost, latency
};

class QualityModel {
 public:
  virtual ~QualityModel() = default;

  virtual std::unique_ptr<QualityModel> Clone() const = 0;
  virtual void BeginEdit() = 0;
  virtual void EndEdit() = 0;

  // An arm was added or its priors changed.
  virtual void PutArm(const Arm& arm) = 0;
  // Forgets what was learned of an arm. If `level` is given, the arm starts
  // there, as after `strength` outcomes.
  virtual void ResetArm(const Arm& arm, std::optional<double> level, double strength) = 0;
  // Brings all evidence to the present clock. Called before settings that control forgetting change. O(arms).
  virtual void Settle() {}
  // Contexts get longer: new entries follow the existing ones.
  virtual void Grow(uint32_t /*dimension*/) {}
  // The pool had `outcomes` more outcomes. Evidence ages by these, whichever arms they are of: it keeps
  // exp(-outcomes / forget_outcomes) of its weight.
  virtual void Tick(double outcomes) { clock_ += outcomes; }
  double clock() const { return clock_; }
  virtual void Learn(const Observation& observation) = 0;

  // One estimate per arm. `context` has d entries or is empty (no vector).
  virtual void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                        std::span<QualityEstimate> out) const = 0;
  // The probability of each arm, for a model whose choice does not follow from one mean and one deviation per
  // arm (a mixture of experts' choices). False: the caller computes the distribution from Estimate.
  // Shapes: all spans have one entry per arm. `floors` are least probabilities; `pmf` is as in exploration.h.
  //   `votes` is recorded with the decision and returns in the observation's features.
  virtual bool ChooseDirectly(const LearnerSettings& /*settings*/,
                              std::span<const float> /*context*/, std::span<const ArmView> /*arms*/,
                              std::span<const UtilityTerm> /*terms*/,
                              std::span<const double> /*floors*/, std::span<double> /*pmf*/,
                              std::span<ExpertVotes> /*votes*/) const {
    return false;
  }
  // How many standard deviations are added to an arm's utility, for a model that takes the arm with the best
  // upper bound. 0: choices are drawn.
  virtual double Optimism() const { return 0; }
  // The arm's own level, independent of any query: for statistics.
  virtual QualityEstimate Level(ArmId arm) const = 0;

  // The least share of the choices that the model keeps for an arm that is late or fell; 0: none.
  virtual double WatchedShare(ArmId /*arm*/) const { return 0; }

  virtual void Encode(ByteWriter& out) const = 0;

 protected:
  void SetClock(double clock) { clock_ = clock; }
  // The share of evidence from `then` that is left: exp(-(clock - then) / e_fold); with e_fold 0 all of it.
  double KeptSince(double then, double e_fold) const {
    return e_fold > 0 ? std::exp(-std::max(0.0, clock_ - then) / e_fold) : 1;
  }

  // The clock at which a part of the model starts to learn. Outcomes with an earlier anchor were learned before
  // it. `first`: the anchor of the first outcome of the part. If that is an old outcome learned again, others
  // that were learned before may have the present clock as their anchor. The part then starts just after the
  // present clock.
  static double BeginsAt(double first, double clock) {
    return first < clock ? std::nextafter(clock, std::numeric_limits<double>::infinity()) : clock;
  }

 private:
  double clock_ = 0;  // weight of the pool's outcomes so far
};

// A new model by name ("hybrid", "lin_thompson", "linucb", "context_free", "ema", "knn", "mixture").
// Errors: kInvalidArgument listing the names that exist.
absl::StatusOr<std::unique_ptr<QualityModel>> MakeQualityModel(const LearnerSettings& settings,
                                                               uint32_t dimension);
// Errors: kDataLoss.
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeQualityModel(const LearnerSettings& settings,
                                                                 uint32_t dimension,
                                                                 ByteReader& in);
// The names, in the order in which help texts show them.
std::span<const char* const> QualityModelNames();

}  // namespace pointsman::learners
