#include "domain/types.h"

#include <gtest/gtest.h>

#include <limits>

namespace pointsman {
namespace {

TEST(Preference, IsRefusedWhenNegativeNotFiniteOrAllZero) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Preference bad : {Preference{0, 0, 0}, Preference{-1, 2, 0}, Preference{1, nan, 0},
                               Preference{1, 0, inf}, Preference{1e308, 1e308, 0}}) {
    EXPECT_EQ(ValidatePreference(bad).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(ValidatePreference({0, 1, 0}).ok());
}

TEST(Preference, NormalisesToSumOne) {
  EXPECT_EQ(Normalised({3, 1, 0}), (Preference{0.75, 0.25, 0}));
}

}  // namespace
}  // namespace pointsman
