#include "retrieval/embed/projection.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "domain/arm.h"
#include "vectors.h"

namespace pointsman::retrieval {
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

// Vectors that vary most along (0.6, 0.8, 0, ...), then along (0, 0, 1, 0, ...), around a mean.
std::vector<float> Ellipse(std::size_t count, uint32_t d, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double a = 3 * rng.Normal(), b = rng.Normal();
    for (uint32_t j = 0; j < d; ++j) {
      const double along = j == 0 ? 0.6 * a : j == 1 ? 0.8 * a : j == 2 ? b : 0;
      rows.push_back(static_cast<float>(2 + along + 0.01 * rng.Normal()));
    }
  }
  return rows;
}

TEST(FitPrincipalComponents, FindsTheDirectionsOfMostVariance) {
  constexpr uint32_t kDimension = 6;
  const auto rows = FitPrincipalComponents(Ellipse(500, kDimension, 1), kDimension, 2);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2u * (kDimension + 1));
  EXPECT_NEAR((*rows)[0], 0.6, 0.01);
  EXPECT_NEAR((*rows)[1], 0.8, 0.01);
  EXPECT_NEAR((*rows)[kDimension + 1 + 2], 1, 0.01);
  for (std::size_t r = 0; r < 2; ++r) {  // unit rows, and their offset: the row times the mean of 2
    double squares = 0, sum = 0;
    for (std::size_t j = 0; j < kDimension; ++j) {
      squares += double{(*rows)[r * 7 + j]} * (*rows)[r * 7 + j];
      sum += 2 * double{(*rows)[r * 7 + j]};
    }
    EXPECT_NEAR(squares, 1, 1e-6);
    EXPECT_NEAR((*rows)[r * 7 + kDimension], sum, 0.4);  // the mean is a sample's
  }
}

TEST(FitPrincipalComponents, RefusesWhatSpansTooLittle) {
  EXPECT_TRUE(absl::IsInvalidArgument(FitPrincipalComponents(Ellipse(3, 6, 1), 6, 4).status()));
  const std::vector<float> same(100 * 6, 0.5f);
  EXPECT_TRUE(absl::IsInvalidArgument(FitPrincipalComponents(same, 6, 2).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(FitPrincipalComponents(Ellipse(50, 6, 1), 6, 7).status()));
}

TEST(FittedProjection, TakesTheMeanOffAndScalesToUnitNorm) {
  // Two components of (x, y, z), the mean at (1, 1, 1).
  const auto projection = Projection::Fitted(3, 2, std::vector<float>{1, 0, 0, 1, 0, 1, 0, 1});
  ASSERT_TRUE(projection.ok()) << projection.status();
  EXPECT_EQ(Applied(*projection, {4, 5, 9}), (std::vector<float>{0.6f, 0.8f}));
  EXPECT_EQ(Applied(*projection, {0, 0, 0}),
            (std::vector<float>{0, 0}));  // says nothing: neither here
  EXPECT_EQ(Applied(*projection, {1, 1, 7}), (std::vector<float>{0, 0}));  // the mean itself
}

TEST(FittedProjection, RefusesRowsThatAreNone) {
  const auto status = [](std::vector<float> rows) {
    return Projection::Fitted(3, 1, rows).status();
  };
  EXPECT_TRUE(status({1, 0, 0, 0}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(status({1, 0, 0})));
  EXPECT_TRUE(absl::IsInvalidArgument(status({0, 0, 0, 0})));
  EXPECT_TRUE(absl::IsInvalidArgument(status({std::nanf(""), 0, 0, 0})));
  EXPECT_TRUE(absl::IsInvalidArgument(status({1, 0, 0, INFINITY})));
  EXPECT_TRUE(absl::IsInvalidArgument(status({1e30f, 0, 0, 0})));
}

TEST(MakeProjection, PrefersWhatWasFitted) {
  EmbedderSettings settings;
  settings.name = "caller";
  settings.dimension = 3;
  settings.projected = 2;
  settings.projection_rows = {1, 0, 0, 0, 0, 1, 0, 0};
  EXPECT_EQ(Applied(MakeProjection(settings).value(), {3, 4, 5}), (std::vector<float>{0.6f, 0.8f}));
  settings.projection_rows.pop_back();
  EXPECT_TRUE(absl::IsInvalidArgument(MakeProjection(settings).status()));
  settings.projection_rows.clear();
  settings.projected = 3;
  EXPECT_EQ(Applied(MakeProjection(settings).value(), {3, 4, 5}), (std::vector<float>{3, 4, 5}));
}

}  // namespace
}  // namespace pointsman::retrieval
