// A quality model: what an arm's answer to a query is worth, learned from one arm's outcome at a
// time. Implementations are values behind this interface, shared structurally between versions.
// Operation: Clone (cheap), BeginEdit, Learn..., EndEdit, publish. Outside an edit it is immutable.
// Threads: const methods from any thread; an edit from the one thread that cloned.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "base/bytes.h"
#include "domain/types.h"

namespace pointsman {

// What is asked of an arm: its settings (priors) and what the indexes found for it.
struct ArmView {
  const Arm* arm = nullptr;
  ArmFeatures features;
};

struct QualityEstimate {
  double mean = 0;    // of quality if the arm answers, in the scale of quality (not clipped)
  double stddev = 0;  // posterior standard deviation of that mean
};

// What is left of a normal posterior when the share `kept` of its evidence is: the precisions of evidence
// and prior change places, exactly for a level, and along the asked direction for a regression.
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
  double propensity = 1;  // of the arm, given what the model itself said; for models that weigh
  bool is_off_policy = false;
  // One of the outcomes of a query of which several arms' are known; nothing was drawn.
  bool is_imported = false;
  // A correction: the value learned before, whose weight is already counted. Only linear statistics
  // move; precision is not counted twice.
  bool is_correction = false;
  double corrected_from = 0;
  // `quality` was learned and is taken back, with its weight.
  bool is_withdrawal = false;
  // The model's clock just after the first part of this outcome was learned; what is learned or taken back
  // now counts as if it had come then. Absent: now.
  std::optional<double> anchor = {};

  bool is_new() const { return !is_correction && !is_withdrawal; }
};

// What an arm's quality is worth to a decision: utility = weight * quality + offset.
struct UtilityTerm {
  double weight = 1;  // >= 0: the preference's weight of quality, times the arm's chance to answer
  double offset = 0;  // expected cost and latency, in points of utility (negative)
  double stddev = 0;  // of the utility, apart from that of quality: error rate, cost, latency
};

class QualityModel {
 public:
  virtual ~QualityModel() = default;

  virtual std::unique_ptr<QualityModel> Clone() const = 0;
  virtual void BeginEdit() = 0;
  virtual void EndEdit() = 0;

  // An arm was added or its priors changed.
  virtual void PutArm(const Arm& arm) = 0;
  // Forgets what was learned of an arm. With a belief its level starts there, as so many outcomes would
  // have put it.
  virtual void ResetArm(const Arm& arm, std::optional<double> level, double strength) = 0;
  // Brings all evidence to the present clock, before settings change by which it fades. O(arms).
  virtual void Settle() {}
  // Contexts get longer: entries are added behind those there are.
  virtual void Grow(uint32_t /*dimension*/) {}
  // The pool had so many outcomes more. What is learned ages by these, whichever arms they are of: evidence
  // keeps exp(-outcomes / forget_outcomes) of its weight.
  virtual void Tick(double outcomes) { clock_ += outcomes; }
  double clock() const { return clock_; }
  virtual void Learn(const Observation& observation) = 0;

  // One estimate per arm. `context` has d entries or is empty (no vector).
  virtual void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                        std::span<QualityEstimate> out) const = 0;
  // The probability with which each arm is drawn, for a model whose choice is not that of one mean
  // and one deviation an arm (a mixture of experts' choices); false: the caller makes it from
  // Estimate. Shapes: all spans have one entry per arm; `floors` are least probabilities; `pmf` as in
  // exploration.h, `votes` is to be
  // recorded with the decision and to come back in the observation's features.
  virtual bool ChooseDirectly(const LearnerSettings& /*settings*/,
                              std::span<const float> /*context*/, std::span<const ArmView> /*arms*/,
                              std::span<const UtilityTerm> /*terms*/,
                              std::span<const double> /*floors*/, std::span<double> /*pmf*/,
                              std::span<ExpertVotes> /*votes*/) const {
    return false;
  }
  // How many standard deviations of its utility are added to an arm's, for a model that takes the arm of the
  // best upper bound; 0: choices are drawn.
  virtual double Optimism() const { return 0; }
  // The arm's own level, apart from any query: for statistics.
  virtual QualityEstimate Level(ArmId arm) const = 0;

  virtual void Encode(ByteWriter& out) const = 0;

 protected:
  void SetClock(double clock) { clock_ = clock; }
  // The share of evidence from `then` that is left: exp(-(clock - then) / e_fold); e_fold 0: all of it.
  double KeptSince(double then, double e_fold) const {
    return e_fold > 0 ? std::exp(-std::max(0.0, clock_ - then) / e_fold) : 1;
  }

 private:
  double clock_ = 0;  // weight of the pool's outcomes so far
};

// A new model by its name ("hybrid", "lin_thompson", "linucb", "context_free", "ema", "knn",
// "mixture"). Errors: kInvalidArgument listing the names there are.
absl::StatusOr<std::unique_ptr<QualityModel>> MakeQualityModel(const LearnerSettings& settings,
                                                               uint32_t dimension);
// Errors: kDataLoss.
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeQualityModel(const LearnerSettings& settings,
                                                                 uint32_t dimension,
                                                                 ByteReader& in);
// The names, in the order in which help texts show them.
std::span<const char* const> QualityModelNames();

}  // namespace pointsman
