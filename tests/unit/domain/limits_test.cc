#include "domain/limits.h"

#include <gtest/gtest.h>

#include <string>

namespace pointsman {
namespace {

TEST(Limits, DefaultsAreWithinTheirOwnRanges) { EXPECT_TRUE(ValidateLimits(Limits{}).ok()); }

TEST(Limits, TableNamesEveryField) {
  // One row per int64_t of the struct: a limit that is not in the table could not be configured.
  EXPECT_EQ(LimitTable().size() * sizeof(int64_t), sizeof(Limits));
}

TEST(Limits, EveryRowRefusesValuesOutsideItsRangeByName) {
  for (const LimitRow& row : LimitTable()) {
    for (const int64_t bad : {row.least - 1, row.most + 1}) {
      Limits limits;
      limits.*row.field = bad;
      const absl::Status status = ValidateLimits(limits);
      ASSERT_FALSE(status.ok()) << row.name;
      EXPECT_NE(std::string(status.message()).find(row.name), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace pointsman
