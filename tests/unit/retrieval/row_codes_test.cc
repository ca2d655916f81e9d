#include "retrieval/index/row_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "vectors.h"

namespace pointsman::retrieval {
namespace {

std::vector<float> RandomRow(Rng& rng, std::size_t d) {
  std::vector<float> row(d);
  for (float& x : row) x = static_cast<float>(rng.Normal());
  Normalise(row);
  return row;
}

TEST(RowCodes, LoseAboutAThousandthOfASimilarity) {
  Rng rng(1);
  double squares = 0;
  constexpr int kRounds = 2000;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<float> a = RandomRow(rng, 64), b = RandomRow(rng, 64);
    double exact = 0;
    for (std::size_t i = 0; i < 64; ++i) exact += double{a[i]} * b[i];
    const double error = CodedSimilarity(a, b) - exact;
    EXPECT_LT(std::fabs(error), 0.006);
    squares += error * error;
  }
  EXPECT_LT(std::sqrt(squares / kRounds), 0.0012);
}

// For every instruction set of the machine, and for every number of remaining rows.
TEST(RowCodes, GiveTheBitsOfIntegerArithmeticForAnyNumberOfRows) {
  Rng rng(2);
  for (const std::size_t d : {1u, 7u, 16u, 17u, 64u, 100u, 384u, 4096u}) {
    const std::size_t stride = CodeStride(d);
    const std::vector<float> query = RandomRow(rng, d);
    std::vector<std::vector<float>> rows;
    std::vector<int8_t> codes(9 * stride);
    std::vector<float> scales;
    for (std::size_t i = 0; i < 9; ++i) {
      rows.push_back(RandomRow(rng, d));
      scales.push_back(EncodeRow(rows.back(), codes.data() + i * stride));
    }
    for (std::size_t count = 0; count <= 9; ++count) {
      std::vector<float> found(10, -2);
      CodeSimilarities(EncodeQuery(query), codes.data(), scales.data(), count, found.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(found[i], CodedSimilarity(query, rows[i])) << "d = " << d << ", row " << i;
      }
      EXPECT_EQ(found[count], -2) << "wrote past the last row";
    }
  }
}

TEST(RowCodes, HoldTheLargestProductsThatCanBe) {
  const std::vector<float> ones(4096, 1.0f / 64);
  EXPECT_NEAR(CodedSimilarity(ones, ones), 1, 0.001);
  std::vector<int8_t> codes(4096);
  const float scale = EncodeRow(ones, codes.data());
  float similarity = 0;
  CodeSimilarities(EncodeQuery(ones), codes.data(), &scale, 1, &similarity);
  EXPECT_NEAR(similarity, 1, 0.001);
}

TEST(RowCodes, AreZeroForZeros) {
  std::vector<int8_t> codes(16, 5);
  EXPECT_EQ(EncodeRow(std::vector<float>(3), codes.data()), 0);
  EXPECT_EQ(codes, std::vector<int8_t>(16));
  EXPECT_EQ(EncodeQuery(std::vector<float>(3)).scale, 0);
}

TEST(RowCodes, DecodeToWhatEncodesTheSame) {
  Rng rng(3);
  std::vector<int8_t> codes(64), again(64);
  std::vector<float> decoded(64);
  for (int round = 0; round < 200; ++round) {
    const float scale = EncodeRow(RandomRow(rng, 64), codes.data());
    DecodeRow(codes.data(), scale, decoded);
    EXPECT_NEAR(EncodeRow(decoded, again.data()), scale, 1e-8);
    EXPECT_EQ(again, codes);
  }
}

}  // namespace
}  // namespace pointsman::retrieval
