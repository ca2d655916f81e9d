// Grouping of vectors: what belongs together is found together, and the same rows give the same groups.
#include "retrieval/index/grouping.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/rng.h"

namespace pointsman::retrieval {
namespace {

constexpr uint32_t kDimension = 16;

// `each` unit vectors around each of `centres` axes.
std::vector<float> Around(std::size_t centres, std::size_t each) {
  Rng rng(5);
  std::vector<float> rows;
  for (std::size_t i = 0; i < centres * each; ++i) {
    std::vector<float> row(kDimension);
    double norm = 0;
    for (std::size_t d = 0; d < kDimension; ++d) {
      row[d] = static_cast<float>((d == i % centres ? 1 : 0) + 0.1 * (rng.Uniform() - 0.5));
      norm += static_cast<double>(row[d]) * row[d];
    }
    for (float& x : row) x = static_cast<float>(x / std::sqrt(norm));
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

TEST(Grouping, FindsTogetherWhatBelongsTogether) {
  constexpr std::size_t kCentres = 4;
  const auto grouping = GroupRows(kDimension, Around(kCentres, 50), kCentres);
  ASSERT_TRUE(grouping.ok()) << grouping.status();
  std::set<uint32_t> groups;
  for (std::size_t i = 0; i < grouping->group_of.size(); ++i) {
    EXPECT_EQ(grouping->group_of[i], grouping->group_of[i % kCentres]);
    EXPECT_GT(grouping->similarity[i], 0.95f);
    groups.insert(grouping->group_of[i]);
  }
  EXPECT_EQ(groups.size(), kCentres);
  EXPECT_EQ(GroupRows(kDimension, Around(kCentres, 50), kCentres)->group_of, grouping->group_of);
}

TEST(Grouping, TakesFewerRowsThanGroups) {
  const auto grouping = GroupRows(kDimension, Around(3, 1), 10);
  ASSERT_TRUE(grouping.ok()) << grouping.status();
  EXPECT_EQ(std::set<uint32_t>(grouping->group_of.begin(), grouping->group_of.end()).size(), 3u);
}

TEST(Grouping, RefusesWhatIsNoRow) {
  std::vector<float> rows = Around(2, 2);
  EXPECT_FALSE(GroupRows(kDimension, {}, 2).ok());
  EXPECT_FALSE(GroupRows(kDimension + 1, rows, 2).ok());
  EXPECT_FALSE(GroupRows(kDimension, rows, 0).ok());
  rows[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(GroupRows(kDimension, rows, 2).ok());
}

}  // namespace
}  // namespace pointsman::retrieval
