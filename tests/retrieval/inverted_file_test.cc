#include "retrieval/inverted_file.h"

#include <gtest/gtest.h>

#include <limits>

#include "vectors.h"

namespace pointsman {
namespace {

TEST(InvertedFile, HoldsEveryRowOnce) {
  constexpr std::size_t kRows = 3000, kDimension = 24;
  const std::vector<float> rows = ClusteredVectors(kRows, kDimension, 40, 0.7, 1);
  const auto built = InvertedFile::Build(kDimension, rows);
  ASSERT_TRUE(built.ok()) << built.status();
  const InvertedFile& file = **built;
  ASSERT_EQ(file.rows(), kRows);
  std::vector<int> seen(kRows);
  for (uint32_t i = 0; i < file.lists(); ++i) {
    const InvertedFile::List list = file.list(i);
    for (std::size_t j = 0; j < list.size; ++j) ++seen[static_cast<std::size_t>(list.ids[j])];
  }
  EXPECT_EQ(seen, std::vector<int>(kRows, 1));
  std::vector<float> copied(rows.size());
  file.CopyRows(copied);
  EXPECT_EQ(copied, rows);
}

TEST(InvertedFile, GivesTheSameListsForTheSameRows) {
  const std::vector<float> rows = ClusteredVectors(3000, 24, 40, 0.7, 2);
  const auto one = InvertedFile::Build(24, rows);
  const auto two = InvertedFile::Build(24, rows);
  ASSERT_TRUE(one.ok() && two.ok());
  ASSERT_EQ((*one)->lists(), (*two)->lists());
  for (uint32_t i = 0; i < (*one)->lists(); ++i) {
    const InvertedFile::List a = (*one)->list(i), b = (*two)->list(i);
    ASSERT_EQ(std::vector<int64_t>(a.ids, a.ids + a.size),
              std::vector<int64_t>(b.ids, b.ids + b.size));
  }
}

TEST(InvertedFile, BuildsFromRowsThatAreAllTheSame) {
  const std::vector<float> rows(1000 * 8, 0.353553f);
  const auto built = InvertedFile::Build(8, rows);
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ((*built)->rows(), 1000u);
  ASSERT_TRUE(InvertedFile::Build(8, std::vector<float>(1000 * 8)).ok());
  ASSERT_TRUE(InvertedFile::Build(8, std::vector<float>(8, 1)).ok());
}

TEST(InvertedFile, RefusesRowsThatFaissWouldThrowFor) {
  std::vector<float> rows(80, 1);
  EXPECT_EQ(InvertedFile::Build(7, rows).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(InvertedFile::Build(8, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(InvertedFile::Build(0, rows).status().code(), absl::StatusCode::kInvalidArgument);
  rows[17] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(InvertedFile::Build(8, rows).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pointsman
