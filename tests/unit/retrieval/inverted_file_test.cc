#include "retrieval/index/inverted_file.h"

#include <gtest/gtest.h>

#include <limits>

#include "vectors.h"

namespace pointsman::retrieval {
namespace {

struct Coded {
  std::vector<int8_t> codes;
  std::vector<float> scales;
};

Coded Encoded(const std::vector<float>& rows, std::size_t d) {
  Coded coded;
  coded.scales.resize(rows.size() / d);
  coded.codes.resize(coded.scales.size() * CodeStride(d));
  for (std::size_t i = 0; i < coded.scales.size(); ++i) {
    coded.scales[i] =
        EncodeRow(std::span(rows).subspan(i * d, d), coded.codes.data() + i * CodeStride(d));
  }
  return coded;
}

std::unique_ptr<const InvertedFile> Built(const Coded& rows, uint32_t d) {
  auto built = InvertedFile::Build(d, rows.codes, rows.scales);
  EXPECT_TRUE(built.ok()) << built.status();
  return built.ok() ? std::move(built).value() : nullptr;
}

TEST(InvertedFile, HoldsEveryRowOnce) {
  constexpr std::size_t kRows = 3000, kDimension = 24;
  const Coded rows = Encoded(ClusteredVectors(kRows, kDimension, 40, 0.7, 1), kDimension);
  const auto file = Built(rows, kDimension);
  ASSERT_EQ(file->rows(), kRows);
  std::vector<int> seen(kRows);
  for (uint32_t i = 0; i < file->lists(); ++i) {
    const InvertedFile::List list = file->list(i);
    for (std::size_t j = 0; j < list.size; ++j) {
      ++seen[list.ids[j]];
      EXPECT_EQ(list.scales[j], rows.scales[list.ids[j]]);
    }
  }
  EXPECT_EQ(seen, std::vector<int>(kRows, 1));
  Coded copied{std::vector<int8_t>(rows.codes.size()), std::vector<float>(kRows)};
  file->CopyRows(copied.codes, copied.scales);
  EXPECT_EQ(copied.codes, rows.codes);
  EXPECT_EQ(copied.scales, rows.scales);
}

TEST(InvertedFile, RanksListsByTheirCentroidsNearestFirst) {
  constexpr uint32_t kDimension = 24;
  const std::vector<float> vectors = ClusteredVectors(3000, kDimension, 40, 0.7, 1);
  const auto file = Built(Encoded(vectors, kDimension), kDimension);
  InvertedFile::Ranking all, some;
  for (std::size_t i = 0; i < 3000; i += 100) {
    const CodedQuery query = EncodeQuery(std::span(vectors).subspan(i * kDimension, kDimension));
    file->NearestLists(query, file->lists() + 5, all);
    ASSERT_EQ(all.size(), file->lists());
    for (std::size_t j = 1; j < all.size(); ++j) EXPECT_GE(all[j - 1].first, all[j].first);
    for (const std::size_t count : {std::size_t{1}, std::size_t{7}}) {
      file->NearestLists(query, count, some);
      EXPECT_EQ(some, InvertedFile::Ranking(all.begin(), all.begin() + static_cast<int>(count)));
    }
    // Its own list is the nearest one, except for the extra precision of a query's codes.
    const InvertedFile::List own = file->list(all.front().second);
    const InvertedFile::List next = file->list(all[1].second);
    const bool is_own = std::find(own.ids, own.ids + own.size, i) != own.ids + own.size;
    const bool is_next = std::find(next.ids, next.ids + next.size, i) != next.ids + next.size;
    EXPECT_TRUE(is_own || (is_next && all[0].first - all[1].first < 0.01f * all[0].first));
  }
}

TEST(InvertedFile, GivesTheSameListsForTheSameRows) {
  const Coded rows = Encoded(ClusteredVectors(3000, 24, 40, 0.7, 2), 24);
  const auto one = Built(rows, 24), two = Built(rows, 24);
  ASSERT_EQ(one->lists(), two->lists());
  for (uint32_t i = 0; i < one->lists(); ++i) {
    const InvertedFile::List a = one->list(i), b = two->list(i);
    ASSERT_EQ(std::vector<uint32_t>(a.ids, a.ids + a.size),
              std::vector<uint32_t>(b.ids, b.ids + b.size));
  }
}

TEST(InvertedFile, BuildsFromRowsThatAreAllTheSame) {
  EXPECT_EQ(Built(Encoded(std::vector<float>(1000 * 8, 0.353553f), 8), 8)->rows(), 1000u);
  EXPECT_NE(Built(Encoded(std::vector<float>(1000 * 8), 8), 8), nullptr);
  EXPECT_NE(Built(Encoded(std::vector<float>(8, 1), 8), 8), nullptr);
}

TEST(InvertedFile, RefusesRowsThatFaissWouldThrowFor) {
  Coded rows = Encoded(std::vector<float>(80, 1), 8);
  const auto code = [&](uint32_t d, const Coded& coded) {
    return InvertedFile::Build(d, coded.codes, coded.scales).status().code();
  };
  EXPECT_EQ(code(17, rows), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(8, {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(0, rows), absl::StatusCode::kInvalidArgument);
  rows.scales[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code(8, rows), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pointsman::retrieval
