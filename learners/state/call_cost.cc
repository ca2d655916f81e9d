#include "learners/state/call_cost.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "Eigen/Cholesky"

namespace pointsman::learners {
namespace {

using Eigen::Matrix4d;
using Eigen::Vector4d;

constexpr double kThousand = 1000;
constexpr double kShrinkage = 0.5;  // outcomes that the price list counts as
constexpr double kWeightLeast = 1e-9;
constexpr double kCredibleFactor = 2;
constexpr double kLeastBelief = 1e-7;
constexpr double kRepricedWeight = 2;
constexpr double kCallVariance = 0.25;  // of one call's cost, over its square

struct Prices {
  double request = 0, input = 0, cached = 0, output = 0;  // of one request; of a thousand tokens
};

Prices BaseOf(const Arm& arm) {
  const double input = arm.usd_per_1m_input.value_or(0);
  return {arm.usd_per_request.value_or(0), input / kThousand,
          arm.usd_per_1m_cached_input.value_or(input) / kThousand,
          arm.usd_per_1m_output.value_or(0) / kThousand};
}

// Prices with the tier of this many input tokens.
Prices PricesAt(const Arm& arm, double input_tokens) {
  Prices prices = BaseOf(arm);
  for (const PriceTier& tier : arm.price_tiers) {
    if (!(input_tokens > static_cast<double>(tier.above_input_tokens))) continue;
    if (tier.usd_per_1m_input) {
      prices.input = *tier.usd_per_1m_input / kThousand;
      if (!arm.usd_per_1m_cached_input) prices.cached = prices.input;
    }
    if (tier.usd_per_1m_cached_input) prices.cached = *tier.usd_per_1m_cached_input / kThousand;
    if (tier.usd_per_1m_output) prices.output = *tier.usd_per_1m_output / kThousand;
  }
  return prices;
}

Vector4d Features(const CallTokens& t) {
  const double cached = std::clamp(t.cached, 0.0, t.input);
  return {1, (t.input - cached) / kThousand, cached / kThousand, t.output / kThousand};
}

Vector4d AsVector(const Prices& p) { return {p.request, p.input, p.cached, p.output}; }

// What the tier of the call adds to the base prices.
double TierPart(const Arm& arm, const CallTokens& tokens) {
  if (arm.price_tiers.empty()) return 0;
  return (AsVector(PricesAt(arm, tokens.input)) - AsVector(BaseOf(arm))).dot(Features(tokens));
}

// The x >= 0 that solves a (x - from) = b as far as possible. Negative entries become 0 and the rest is
// solved again: no price is negative, and none makes up for another that is too high.
Vector4d NotNegative(const Matrix4d& a, const Vector4d& b, const Vector4d& from) {
  Vector4d x = from;
  std::array<bool, 4> is_zero{};
  for (int round = 0; round < 4; ++round) {
    // With x_i = 0 fixed, its change is -from_i.
    Matrix4d m = a;
    Vector4d right = b;
    for (Eigen::Index i = 0; i < 4; ++i) {
      if (!is_zero[static_cast<std::size_t>(i)]) continue;
      right += from[i] * a.col(i);
    }
    for (Eigen::Index i = 0; i < 4; ++i) {
      if (!is_zero[static_cast<std::size_t>(i)]) continue;
      m.row(i).setZero();
      m.col(i).setZero();
      m(i, i) = 1;
      right[i] = -from[i];
    }
    x = from + m.ldlt().solve(right);
    bool is_done = true;
    for (Eigen::Index i = 0; i < 4; ++i) {
      if (x[i] >= 0) continue;
      is_zero[static_cast<std::size_t>(i)] = true;
      x[i] = 0;
      is_done = false;
    }
    if (is_done) break;
  }
  return x;
}

// How much of its weight a price list keeps if it gives `listed` for calls that cost `observed`: all within a
// factor of two, less the further they are apart. Such a list is wrong, not imprecise.
double Belief(double listed, double observed) {
  if (!(listed > 0) || !(observed > 0)) return kLeastBelief;
  const double factor = std::max(listed / observed, observed / listed);
  return std::clamp(kCredibleFactor / factor, kLeastBelief, 1.0);
}

}  // namespace

bool IsPriced(const Arm& arm) {
  if (arm.usd_per_1m_input.has_value() != arm.usd_per_1m_output.has_value()) return false;
  return arm.usd_per_1m_input.has_value() || arm.usd_per_request.has_value();
}

std::optional<double> ListPrice(const Arm& arm, const CallTokens& tokens) {
  if (!IsPriced(arm)) return std::nullopt;
  return AsVector(PricesAt(arm, tokens.input)).dot(Features(tokens));
}

void CallCost::Add(const Arm& arm, const CallTokens& tokens, double usd, double w) {
  const Vector4d f = Features(tokens);
  moments_ += w * f * f.transpose();
  cross_ += (w * (usd - TierPart(arm, tokens))) * f;
  if (moments_(0, 0) < kWeightLeast) {
    moments_.setZero();
    cross_.setZero();
  }
}

void CallCost::AddUncounted(double estimate, double output, double usd, double w) {
  uncounted_.Add(estimate, usd, w);
  if (output > 0) output_.Add(output, w);
}

void CallCost::Scale(double kept) {
  moments_ *= kept;
  cross_ *= kept;
  uncounted_.Scale(kept);
  output_.Scale(kept);
}

// Counted calls, plus uncounted calls with the tokens expected for them now. Both
// are linear in (1, estimate).
CallCost::Sums CallCost::AllSums(const Arm& arm, const TypicalTokens& typical) const {
  Sums sums{moments_, cross_};
  if (!(uncounted_.weight > 0)) return sums;
  const double cached = typical.cached_share / kThousand, fresh = 1 / kThousand - cached;
  Eigen::Matrix<double, 4, 2> map;
  map << 1, 0,                                               //
      fresh * typical.input, fresh * typical.input_slope,    //
      cached * typical.input, cached * typical.input_slope,  //
      typical.output / kThousand, 0;
  const DecayedLine& u = uncounted_;
  // Around the mean estimate, where `typical` stands.
  const double at = u.MeanX();
  const CallTokens tokens{typical.input, typical.input * typical.cached_share, typical.output};
  const double tier = TierPart(arm, tokens);
  Eigen::Matrix2d moments;
  moments << u.weight, 0, 0, std::max(0.0, u.xx - u.x * at);
  const Eigen::Vector2d cross(u.y - tier * u.weight, u.xy - u.y * at);
  sums.moments += map * moments * map.transpose();
  sums.cross += map * cross;
  return sums;
}

std::optional<double> CallCost::Estimate(const Arm& arm, const CallTokens& tokens, double kept,
                                         const TypicalTokens& typical) const {
  const bool is_priced = IsPriced(arm);
  const bool is_observed = weight() > 0;
  if (!is_priced && !is_observed) return std::nullopt;
  const Vector4d f = Features(tokens);
  const Sums sums = AllSums(arm, typical);
  Vector4d theta = AsVector(BaseOf(arm));
  if (!is_priced) theta << sums.cross[0] / weight(), 0, 0, 0;
  if (is_observed) {
    // In units of each feature's root mean square, so that no unit affects which prices are corrected.
    Vector4d unit;
    for (Eigen::Index i = 0; i < 4; ++i) {
      unit[i] = std::max(std::sqrt(std::max(0.0, sums.moments(i, i)) / weight()), 1e-6);
    }
    const Vector4d inverse = unit.cwiseInverse();
    Matrix4d a = kept * (inverse.asDiagonal() * sums.moments * inverse.asDiagonal());
    a.diagonal().array() += kShrinkage * Belief(sums.moments.row(0).dot(theta), sums.cross[0]);
    const Vector4d b = kept * inverse.cwiseProduct(sums.cross - sums.moments * theta);
    theta = inverse.cwiseProduct(NotNegative(a, b, unit.cwiseProduct(theta)));
  }
  return std::max(0.0, theta.dot(f) + TierPart(arm, tokens));
}

double CallCost::RelativeVariance(const Arm& arm, double kept) const {
  const double n = weight() * kept;
  // With a price list there is nothing to explore: its errors are learned from the
  // calls that are made anyway.
  if (IsPriced(arm)) return 0;
  return 1 / (1 + n / kCallVariance);
}

void CallCost::Reprice(const Arm& before, const Arm& after, const TypicalTokens& typical) {
  if (!(weight() > 0) || !IsPriced(after)) return;
  const Vector4d old_list = AsVector(BaseOf(before)), new_list = AsVector(BaseOf(after));
  if (IsPriced(before)) {
    if (uncounted_.weight > 0) {
      const Vector4d f =
          Features({typical.input, typical.input * typical.cached_share, typical.output});
      const double old_usd = old_list.dot(f), new_usd = new_list.dot(f);
      const double ratio = old_usd > 0 ? new_usd / old_usd : 1;
      uncounted_.y *= ratio;
      uncounted_.xy *= ratio;
    }
    const double listed = moments_.row(0).dot(old_list), observed = cross_[0];
    if (listed > 0) {
      cross_ = std::max(0.0, observed / listed) * (moments_ * new_list);
    } else {
      cross_ += moments_ * new_list;
    }
  }
  if (weight() > kRepricedWeight) Scale(kRepricedWeight / weight());
}

void CallCost::Encode(ByteWriter& out) const {
  for (Eigen::Index i = 0; i < 4; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) out.Put(moments_(i, j));
    out.Put(cross_[i]);
  }
  const DecayedLine& u = uncounted_;
  for (const double number : {u.weight, u.x, u.y, u.xx, u.xy, output_.sum, output_.weight}) {
    out.Put(number);
  }
}

void CallCost::Decode(ByteReader& in) {
  const auto finite = [&in] {
    const auto number = in.Get<double>();
    if (!std::isfinite(number)) in.Fail();
    return number;
  };
  for (Eigen::Index i = 0; i < 4; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) moments_(i, j) = moments_(j, i) = finite();
    cross_[i] = finite();
  }
  DecayedLine& u = uncounted_;
  for (double* number : {&u.weight, &u.x, &u.y, &u.xx, &u.xy, &output_.sum, &output_.weight}) {
    *number = finite();
  }
  if (moments_(0, 0) < 0 || u.weight < 0) in.Fail();
}

CallCost CallCost::OfMean(double usd, const CallTokens& tokens, double w) {
  CallCost cost;
  if (w > kWeightLeast) cost.Add(Arm{}, tokens, usd, w);
  return cost;
}

}  // namespace pointsman::learners
