#include "learners/choice/probability_of_largest.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstddef>

#include "Eigen/Core"
#include "base/check.h"

namespace pointsman::learners {
namespace {

// Mass that may be left out on either side of the integral, over all variables together.
constexpr double kTail = 1e-11;
constexpr double kInvSqrtTwoPi = 0.39894228040143267794;

// Gauss-Legendre on [-1, 1], 16 nodes, and their weights.
constexpr int kNodes = 16;
using NodeArray = Eigen::Array<double, kNodes, 1>;
constexpr std::array<double, kNodes / 2> kNodeAt = {
    0.095012509837637440, 0.28160355077925891, 0.45801677765722739, 0.61787624440264375,
    0.75540440835500303,  0.86563120238783174, 0.94457502307323258, 0.98940093499164993};
constexpr std::array<double, kNodes / 2> kNodeWeight = {
    0.18945061045506850, 0.18260341504492359,  0.16915651939500254,  0.14959598881657673,
    0.12462897125553387, 0.095158511682492785, 0.062253523938647893, 0.027152459411754095};

// Mills' ratio (1 - Phi(z)) / phi(z) for z >= 0 is P(t) / (z + 5) with t = (z - 5) / (z + 5): P is
// the Chebyshev interpolant of degree 14, relative error below 3e-11 (fitted for this file).
constexpr double kMillsAt = 5;
constexpr std::array<double, 15> kMills = {
    1.9280810471355883,    -1.6678665957109549,     1.2415470638461921,
    -0.78591105591919408,  0.41364466738288297,     -0.1732549481142103,
    0.052125896109911508,  -0.0075022495560059053,  -0.0020015478041215092,
    0.0013632797064007506, -0.00014531916515592158, -0.00012123513086693904,
    3.738816314239557e-05, 7.4614693576791071e-06,  -3.852396031049921e-06};

// Phi(z) and phi(z) * sqrt(2 pi) from one exponential.
template <class Values>
void NormalCdf(const Values& z, Values& cdf, Values& density) {
  density = (-0.5 * z.square()).exp();
  const Values distance = z.abs();
  const Values t = (distance - kMillsAt) / (distance + kMillsAt);
  Values mills = Values::Constant(z.size(), kMills.back());
  for (std::size_t i = kMills.size() - 1; i-- > 0;) mills = mills * t + kMills[i];
  const Values tail = kInvSqrtTwoPi * density * mills / (distance + kMillsAt);
  cdf = (z > 0).select(1 - tail, tail);
}

double NormalCdf(double z) { return 0.5 * std::erfc(-z * 0.70710678118654752440); }

// One variable, relative to the lower limit of the integral. There all narrow variables lie close to the
// origin, so rounding loses nothing however different the deviations are.
struct Normal {
  double mean;
  double inv_sd;
  double end;     // beyond it the variable has negligible mass
  double sd_min;  // least deviation of this one and those that end later
  std::size_t index;
};

// The integral over one set of variables that may be cut short at each panel's left end. Variables are sorted
// by `end`, latest first, so those still alive are a prefix.
class Quadrature {
 public:
  Quadrature(std::vector<Normal> normals, std::span<double> out)
      : normals_(std::move(normals)), ratio_(normals_.size()), out_(out) {}

  void Run() {
    std::size_t alive = normals_.size();
    double left = 0;
    bool has_mass = false;
    while (true) {
      while (alive > 0 && normals_[alive - 1].end <= left) --alive;
      if (alive == 0) return;
      // The largest of n alike variables is narrower than each by about sqrt(2 ln n).
      const double narrowing = std::sqrt(1.0 + std::log(static_cast<double>(alive)));
      const double width = kPanel * normals_[alive - 1].sd_min / narrowing;
      const double right = std::min(left + width, normals_[0].end);
      // The largest variable has no mass below a point where its distribution function is negligible.
      has_mass = has_mass || !IsBelow(right, alive, kTail);
      if (has_mass) AddPanel(left, right, alive);
      if (!(right > left)) return;
      left = right;
    }
  }

 private:
  static constexpr double kPanel = 4.5;  // width in deviations of the narrowest variable alive

  bool IsBelow(double t, std::size_t alive, double mass) const {
    double product = 1;
    for (std::size_t i = 0; i < alive; ++i) {
      product *= NormalCdf((t - normals_[i].mean) * normals_[i].inv_sd);
      if (product < mass) return true;
    }
    return false;
  }

  // Every Phi_j is at least about kTail / k here, by the choice of the lower limit. So dividing the shared
  // product by it is safe. The product underflows only where it is negligible.
  void AddPanel(double left, double right, std::size_t alive) {
    const double center = 0.5 * (left + right), half = 0.5 * (right - left);
    NodeArray at, product;
    for (std::size_t i = 0; i < kNodes / 2; ++i) {
      const auto row = static_cast<Eigen::Index>(2 * i);
      at[row] = center - half * kNodeAt[i];
      at[row + 1] = center + half * kNodeAt[i];
      product[row] = product[row + 1] = half * kInvSqrtTwoPi * kNodeWeight[i];
    }
    NodeArray cdf, density;
    for (std::size_t i = 0; i < alive; ++i) {
      const NodeArray z = (at - normals_[i].mean) * normals_[i].inv_sd;
      NormalCdf(z, cdf, density);
      product *= cdf;
      ratio_[i] = density / cdf;
    }
    for (std::size_t i = 0; i < alive; ++i) {
      out_[normals_[i].index] += normals_[i].inv_sd * (product * ratio_[i]).sum();
    }
  }

  std::vector<Normal> normals_;
  std::vector<NodeArray> ratio_;  // of each variable: density / cdf at the nodes
  std::span<double> out_;
};

// A power of two that brings the largest number near 1, if it is so large or so small that sums and
// reciprocals could overflow; otherwise 1. Probabilities do not depend on the unit.
double SafeUnit(std::span<const double> means, std::span<const double> stddevs) {
  double largest = 0;
  for (const double m : means) largest = std::max(largest, std::abs(m));
  for (const double s : stddevs) largest = std::max(largest, s);
  if (largest == 0 || (largest < 1e100 && largest > 1e-100)) return 1;
  int exponent = 0;
  std::frexp(largest, &exponent);
  return std::ldexp(1.0, std::clamp(-exponent, -1022, 1022));
}

std::vector<Normal> Placed(std::span<const double> means, std::span<const double> stddevs,
                           double unit, double low, double z_max) {
  std::vector<Normal> normals;
  normals.reserve(means.size());
  for (std::size_t i = 0; i < means.size(); ++i) {
    const double sd = stddevs[i] * unit, mean = means[i] * unit - low;
    const double end = mean + z_max * sd;
    if (!(sd >= DBL_MIN && end > 0 && end <= DBL_MAX)) continue;
    normals.push_back({mean, 1 / sd, end, sd, i});
  }
  std::sort(normals.begin(), normals.end(), [](const Normal& a, const Normal& b) {
    if (a.end != b.end) return a.end > b.end;
    if (a.mean != b.mean) return a.mean > b.mean;
    return a.index < b.index;
  });
  for (std::size_t i = 1; i < normals.size(); ++i) {
    normals[i].sd_min = std::min(normals[i].sd_min, normals[i - 1].sd_min);
  }
  return normals;
}

}  // namespace

std::vector<double> ProbabilityOfLargest(std::span<const double> means,
                                         std::span<const double> stddevs) {
  const std::size_t k = means.size();
  POINTSMAN_CHECK(k >= 1 && stddevs.size() == k);
  std::vector<double> out(k, 0.0);
  if (k == 1) {
    out[0] = 1;
    return out;
  }
  const double unit = SafeUnit(means, stddevs);
  // 1 - Phi(z) <= exp(-z^2 / 2) / 2: beyond z_max the k variables hold less than kTail together.
  const double z_max = std::sqrt(2 * std::log(static_cast<double>(k) / kTail));
  double low = -DBL_MAX, atom = -DBL_MAX;
  for (std::size_t i = 0; i < k; ++i) {
    const double sd = stddevs[i] * unit, mean = means[i] * unit;
    if (sd < DBL_MIN) {
      atom = std::max(atom, mean);
      low = std::max(low, mean);
    } else {
      low = std::max(low, mean - z_max * sd);
    }
  }
  std::vector<Normal> normals = Placed(means, stddevs, unit, low, z_max);
  if (atom >= low) {
    double mass = 1;
    for (const Normal& n : normals) mass *= NormalCdf(-n.mean * n.inv_sd);
    const auto is_top = [&](std::size_t i) {
      return stddevs[i] * unit < DBL_MIN && means[i] * unit == atom;
    };
    std::size_t tied = 0;
    for (std::size_t i = 0; i < k; ++i) tied += is_top(i) ? 1 : 0;
    for (std::size_t i = 0; i < k; ++i) {
      if (is_top(i)) out[i] = mass / static_cast<double>(tied);
    }
  }
  const bool has_any = !normals.empty() || atom >= low;
  Quadrature(std::move(normals), out).Run();
  if (!has_any || low == -DBL_MAX) out.assign(k, 1 / static_cast<double>(k));
  return out;
}

}  // namespace pointsman::learners
