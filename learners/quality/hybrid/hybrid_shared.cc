#include "learners/quality/hybrid/hybrid_shared.h"

#include <utility>
#include <vector>

#include "Eigen/Core"
#include "learners/linear/regression_sums.h"

namespace pointsman::learners {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kMeanLevel = 0.5, kMeanLevelStrength = 1;  // hyperprior of m

// Each level counts with the precision of its marginal, n / (n + s) in units of the prior's; its
// value is own / n.
double MeanLevel(double strength, std::size_t expert, const PersistentArray<HybridArm>& arms) {
  double sum = kMeanLevelStrength * kMeanLevel, weight = kMeanLevelStrength;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const HybridArm* arm = arms.Get(i);
    if (arm == nullptr || !(arm->weight > 0) || arm->prior_level) continue;
    const double s = arm->PriorStrength(strength);
    sum += arm->readings[expert].own / (arm->weight + s);
    weight += arm->weight / (arm->weight + s);
  }
  return sum / weight;
}

}  // namespace

// Marginally, an arm's evidence on its prior mean mu has precision Lambda - Lambda A^-1 Lambda, and its
// right-hand side is Lambda A^-1 b (Lindley and Smith 1972, eq. 10 to 12, for a known dispersion). Here the
// level is eliminated, so A and b are those of theta alone.
void LearnSharedPrior(const SharedTuning& tuning, std::size_t expert,
                      std::span<const std::size_t> busiest, PersistentArray<HybridArm>& arms,
                      HybridPrior& prior) {
  const double strength = tuning.level_strength;
  const VectorXd p = prior.Precisions();
  const Eigen::Index d = prior.slope.size();
  prior.level = MeanLevel(strength, expert, arms);
  MatrixXd precision = MatrixXd::Identity(d, d) * tuning.slope_precision;
  VectorXd right = tuning.slope_precision * tuning.slope;
  std::vector<MatrixXd> inverses;
  std::vector<VectorXd> own;  // of each arm: its theta if w were 0
  for (const std::size_t i : busiest) {
    const HybridArm& arm = *arms.Get(i);
    MatrixXd inverse = arm.SlopeMoments(strength);
    inverse.diagonal() += p;
    InvertPositive(inverse);
    own.emplace_back(inverse * arm.SlopeCross(prior, strength));
    precision.diagonal() += p;
    precision -= p.asDiagonal() * inverse * p.asDiagonal();
    right += p.cwiseProduct(own.back());
    inverses.push_back(std::move(inverse));
  }
  prior.lead_variance = SolvePositive(precision, VectorXd::Unit(d, 0))[0];
  prior.slope = SolvePositive(std::move(precision), std::move(right));
  for (std::size_t n = 0; n < busiest.size(); ++n) {
    HybridArm& arm = arms.Mutable(busiest[n]);
    arm.readings[expert].theta = own[n] + inverses[n] * p.cwiseProduct(prior.slope);
    arm.ReadOwn(expert, prior);
  }
}

}  // namespace pointsman::learners
