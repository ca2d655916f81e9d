#include "retrieval/projection.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "vectors.h"

namespace pointsman {
namespace {

// The matrix of a projection, from what it does to unit vectors: columns are known up to the scale
// that Apply removes, so rows are found through inputs with a known norm after projection.
std::vector<float> Applied(const Projection& projection, const std::vector<float>& in) {
  std::vector<float> out(projection.projected(), -1);
  projection.Apply(in, out);
  return out;
}

double Norm(const std::vector<float>& x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  return std::sqrt(squares);
}

TEST(Projection, IsTheIdentityWhenNothingIsLeftOut) {
  const auto projection = Projection::Make(5, 5, 1);
  ASSERT_TRUE(projection.ok());
  const std::vector<float> in = {1, -2, 3.5f, 0, 4};
  EXPECT_EQ(Applied(*projection, in), in);
}

TEST(Projection, RefusesImpossibleShapes) {
  EXPECT_EQ(Projection::Make(4, 5, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Projection::Make(4, 0, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Projection::Make(0, 0, 1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Projection, GivesZeroForZeroAndUnitNormForAnythingElse) {
  const auto projection = Projection::Make(96, 16, 7);
  ASSERT_TRUE(projection.ok());
  EXPECT_EQ(Applied(*projection, std::vector<float>(96)), std::vector<float>(16));
  for (uint64_t stream = 0; stream < 50; ++stream) {
    EXPECT_NEAR(Norm(Applied(*projection, ClusteredVectors(1, 96, 3, 0.7, 1, stream))), 1, 1e-5);
  }
}

// Rows P are orthonormal exactly if P P' = I. With r_i the (unknown) rows, the input P' e_i
// projects to e_i; P' is found by least squares, here through projecting every unit input and
// undoing the scale with a second, two-entry input: Apply(e_j + t e_l) reveals ratios of columns.
// The ratios give P up to one common factor, and that factor is fixed by d orthonormal rows: |P|^2
// = d.
TEST(Projection, HasOrthonormalRows) {
  constexpr uint32_t kDimension = 40, kProjected = 12;
  const auto projection = Projection::Make(kDimension, kProjected, 11);
  ASSERT_TRUE(projection.ok());
  // columns[j] = P e_j / |P e_j|; its length comes from where e_0 + e_j lands: u = a c_0 + b c_j.
  std::vector<std::vector<double>> columns(kDimension);
  std::vector<float> unit(kDimension);
  unit[0] = 1;
  const std::vector<float> c0 = Applied(*projection, unit);
  for (uint32_t j = 0; j < kDimension; ++j) {
    std::vector<float> in(kDimension);
    in[j] = 1;
    const std::vector<float> cj = Applied(*projection, in);
    double length = 1;
    if (j > 0) {
      in[0] = 1;
      const std::vector<float> u = Applied(*projection, in);
      double c = 0, u0 = 0, uj = 0;
      for (uint32_t i = 0; i < kProjected; ++i) {
        c += double{c0[i]} * cj[i];
        u0 += double{u[i]} * c0[i];
        uj += double{u[i]} * cj[i];
      }
      length = (uj - c * u0) / (u0 - c * uj);
    }
    for (const float x : cj) columns[j].push_back(length * x);
  }
  double squares = 0;
  for (const auto& column : columns) {
    for (const double x : column) squares += x * x;
  }
  const double scale = kProjected / squares;
  for (uint32_t a = 0; a < kProjected; ++a) {
    for (uint32_t b = 0; b < kProjected; ++b) {
      double product = 0;
      for (const auto& column : columns) product += column[a] * column[b];
      EXPECT_NEAR(product * scale, a == b ? 1 : 0, 1e-4) << a << ", " << b;
    }
  }
}

TEST(Projection, DependsOnItsSeedAlone) {
  const std::vector<float> in = ClusteredVectors(1, 64, 2, 0.7, 9);
  const auto one = Projection::Make(64, 16, 5);
  const auto same = Projection::Make(64, 16, 5);
  const auto other = Projection::Make(64, 16, 6);
  ASSERT_TRUE(one.ok() && same.ok() && other.ok());
  EXPECT_EQ(Applied(*one, in), Applied(*same, in));
  EXPECT_NE(Applied(*one, in), Applied(*other, in));
}

TEST(Projection, KeepsAnglesRoughly) {
  // Johnson and Lindenstrauss: the cosine of a pair moves by O(1 / sqrt(d)); 6 / sqrt(128) = 0.53.
  const auto projection = Projection::Make(512, 128, 3);
  ASSERT_TRUE(projection.ok());
  const std::vector<float> rows = ClusteredVectors(20, 512, 4, 0.7, 2);
  for (std::size_t i = 1; i < 20; ++i) {
    const std::vector<float> a(rows.begin(), rows.begin() + 512);
    const std::vector<float> b(rows.begin() + static_cast<std::ptrdiff_t>(i * 512),
                               rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * 512));
    double before = 0, after = 0;
    for (std::size_t j = 0; j < 512; ++j) before += double{a[j]} * b[j];
    const std::vector<float> pa = Applied(*projection, a), pb = Applied(*projection, b);
    for (std::size_t j = 0; j < 128; ++j) after += double{pa[j]} * pb[j];
    EXPECT_NEAR(after, before, 0.4);
  }
}

}  // namespace
}  // namespace pointsman
