// A quality model: what an arm's answer to a query is worth, learned from one arm's outcome at a
// time. Implementations are values behind this interface, shared structurally between versions.
// Operation: Clone (cheap), BeginEdit, Learn..., EndEdit, publish. Outside an edit it is immutable.
// Threads: const methods from any thread; an edit from the one thread that cloned.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/arm.h"
#include "base/bytes.h"
#include "base/types.h"

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
};

// What an arm's quality is worth to a decision: utility = weight * quality + offset.
struct UtilityTerm {
  double weight = 1;  // >= 0: the preference's weight of quality, times the arm's chance to answer
  double offset = 0;  // what is known: cost and latency, in points of utility (negative)
};

class QualityModel {
 public:
  virtual ~QualityModel() = default;

  virtual std::unique_ptr<QualityModel> Clone() const = 0;
  virtual void BeginEdit() = 0;
  virtual void EndEdit() = 0;

  // An arm was added or its priors changed.
  virtual void PutArm(const Arm& arm) = 0;
  virtual void Learn(const Observation& observation) = 0;

  // One estimate per arm. `context` has d entries or is empty (no vector).
  virtual void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                        std::span<QualityEstimate> out) const = 0;
  // The probability with which each arm is drawn, for a model whose choice is not that of one mean
  // and one deviation an arm (a mixture of experts' choices); false: the caller makes it from
  // Estimate. Shapes: all spans have one entry per arm; `pmf` as in exploration.h, `votes` is to be
  // recorded with the decision and to come back in the observation's features.
  virtual bool ChooseDirectly(const LearnerSettings& /*settings*/,
                              std::span<const float> /*context*/, std::span<const ArmView> /*arms*/,
                              std::span<const UtilityTerm> /*terms*/, std::span<double> /*pmf*/,
                              std::span<ExpertVotes> /*votes*/) const {
    return false;
  }
  // The arm's own level, apart from any query: for statistics.
  virtual QualityEstimate Level(ArmId arm) const = 0;

  virtual void Encode(ByteWriter& out) const = 0;
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
