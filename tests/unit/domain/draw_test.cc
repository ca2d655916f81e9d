#include "domain/draw.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

namespace pointsman {
namespace {

constexpr SipKey kSecret{11, 22};

TEST(DrawUniform, IsUniformOverSequentialDecisionIds) {
  std::array<int, 20> counts{};
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double u =
        DrawUniform(kSecret, PoolId{1}, "d-" + std::to_string(i), DrawPurpose::kChooseArm);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++counts[static_cast<std::size_t>(u * 20)];
  }
  double chi2 = 0;
  for (const int count : counts) chi2 += (count - 5000.0) * (count - 5000.0) / 5000.0;
  EXPECT_LT(chi2, 43.8);  // 19 degrees of freedom, p = 0.001
}

TEST(DrawUniform, DependsOnSecretPoolAndPurpose) {
  const double u = DrawUniform(kSecret, PoolId{1}, "d", DrawPurpose::kChooseArm);
  EXPECT_EQ(u, DrawUniform(kSecret, PoolId{1}, "d", DrawPurpose::kChooseArm));
  EXPECT_NE(u, DrawUniform({11, 23}, PoolId{1}, "d", DrawPurpose::kChooseArm));
  EXPECT_NE(u, DrawUniform(kSecret, PoolId{2}, "d", DrawPurpose::kChooseArm));
  EXPECT_NE(u, DrawUniform(kSecret, PoolId{1}, "d", DrawPurpose::kPanel));
}

}  // namespace
}  // namespace pointsman
