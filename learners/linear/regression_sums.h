// The sufficient statistics of one weighted linear regression, apart from any prior. So the same evidence can
// be read under several priors, and forgetting is a scaling.
//   G = sum w x x',  b = sum w y x;  under the prior N(mu, Lambda^-1) in units of the noise,
//   A = G + Lambda,  theta = A^-1 (b + Lambda mu).
// A is computed from G and solved whenever theta is needed. No inverse is maintained, so none can drift.
// Shapes: x has n entries; G is kept as its packed lower triangle, n (n + 1) / 2 numbers.
// Cost: Add and MomentsWithoutFirst O(n^2); SolvePositive n^3 / 6 and InvertPositive n^3 /
//   2 multiplications; 4 n^2 bytes.
// Threads: values and pure functions; const methods from any thread.
// Source: Bishop 2006, eq. 3.50 to 3.54; elimination of a block by its Schur complement as in Golub and Van
//   Loan 1996, section 3.2; inversion by the sweep operator, Beaton 1964.
#pragma once

#include <vector>

#include "Eigen/Core"
#include "base/bytes.h"

namespace pointsman::learners {

class RegressionSums {
 public:
  RegressionSums() = default;  // of size 0: none
  explicit RegressionSums(Eigen::Index size);

  Eigen::Index size() const { return cross_.size(); }
  // A negative weight removes an outcome.
  void Add(const Eigen::Ref<const Eigen::VectorXd>& x, double y, double weight);
  // Adds entries of x, which were 0 in all outcomes so far.
  void Grow(Eigen::Index size);
  // Makes room for a new entry of x at `index`, which was 0 in all outcomes so far.
  void Insert(Eigen::Index index);
  // Changes the value of an outcome already added. Only b changes.
  void Correct(const Eigen::Ref<const Eigen::VectorXd>& x, double y_change, double weight);
  // Keeps the share `kept` of the evidence.
  void Scale(double kept);
  // As if every y of a part of the outcomes had been larger by `change`. `first` is that part's sum w x.
  void Move(const Eigen::Ref<const Eigen::VectorXd>& first, double change);

  // G_ij - G_i0 G_0j / (G_00 + more) for i, j >= 1, both triangles: what G says of the other entries of theta
  // once the first is eliminated. `more` is the first entry's own prior precision. Needs G_00 + more > 0.
  Eigen::MatrixXd MomentsWithoutFirst(double more) const;
  const Eigen::VectorXd& cross() const { return cross_; }  // b
  // The first column of G: sum w x, where x[0] is 1 throughout.
  Eigen::VectorXd FirstMoments() const;

  void Encode(ByteWriter& out) const;
  // Fails `in` unless it holds finite numbers of this size with a diagonal that is not negative.
  static RegressionSums Decode(Eigen::Index size, ByteReader& in);

 private:
  std::vector<double> moments_;  // row by row: (0,0), (1,0), (1,1), (2,0), ...
  Eigen::VectorXd cross_;
};

// a^-1 b, and a <- a^-1, both triangles and exactly symmetric. `a` is symmetric and positive
// definite, with both triangles given. If rounding has made a pivot less than the smallest positive
// number, the results are not finite.
Eigen::VectorXd SolvePositive(Eigen::MatrixXd a, Eigen::VectorXd b);
void InvertPositive(Eigen::MatrixXd& a);

}  // namespace pointsman::learners
