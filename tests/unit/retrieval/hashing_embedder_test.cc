#include "retrieval/embed/hashing_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/rng.h"
#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

std::vector<float> Embedded(std::string_view text, uint32_t dimension = 256) {
  std::vector<float> out(dimension, 7);
  HashingEmbedder(dimension).Embed(text, out);
  return out;
}

double Cosine(std::string_view a, std::string_view b) {
  const std::vector<float> x = Embedded(a), y = Embedded(b);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * y[i];
  return sum;
}

TEST(HashingEmbedder, GivesUnitNormToAnyText) {
  Rng rng(1);
  for (int round = 0; round < 500; ++round) {
    std::string text = "x";
    for (uint64_t n = rng.Below(300); n > 0; --n) text += static_cast<char>(rng.Below(256));
    for (const uint32_t dimension : {1u, 3u, 64u, 256u}) {
      double squares = 0;
      for (const float x : Embedded(text, dimension)) squares += double{x} * x;
      EXPECT_NEAR(squares, 1, 1e-5) << "D = " << dimension << ", text " << Quoted(text);
    }
  }
}

TEST(HashingEmbedder, GivesZeroToATextThatSaysNothing) {
  const std::vector<float> zero(256);
  EXPECT_EQ(Embedded(""), zero);
  EXPECT_EQ(Embedded(" \t\r\n\v\f "), zero);
  EXPECT_EQ(Embedded("\xc2\xa0\xe3\x80\x80\xc2\x85"), zero);  // other white space of Unicode
  EXPECT_NE(Embedded("."), zero);
  EXPECT_NE(Embedded(std::string_view("\0", 1)), zero);
}

TEST(HashingEmbedder, IgnoresCaseAndAmountOfWhiteSpace) {
  EXPECT_EQ(Embedded("Route The QUERY"), Embedded("  route\n\tthe   query "));
  EXPECT_EQ(Embedded("\xc3\x84RGER \xd0\x96"), Embedded("\xc3\xa4rger \xd0\xb6"));
}

TEST(HashingEmbedder, TellsOrderOfWordsApart) {
  EXPECT_NE(Embedded("dog bites man"), Embedded("man bites dog"));
}

TEST(HashingEmbedder, FindsSharedWordsAndStemsMoreSimilar) {
  const std::string query = "How do I integrate a rational function?";
  const double near = Cosine(query, "Integrating rational functions by partial fractions");
  const double far = Cosine(query, "Who wrote the first sonnets of the English renaissance?");
  EXPECT_GT(near, far + 0.1);
  // A script without spaces: one sentence shares words with the query, the other does not.
  const std::string chinese = "\xe6\x95\xb0\xe5\xad\xa6\xe9\xa2\x98\xe7\x9b\xae";  // maths problem
  EXPECT_GT(Cosine(chinese, "\xe6\x95\xb0\xe5\xad\xa6\xe9\xa2\x98"),
            Cosine(chinese, "\xe5\xa4\xa9\xe6\xb0\x94\xe5\xa5\xbd") + 0.3);
}

TEST(HashingEmbedder, CountsRepeatedWordsLessThanLinearly) {
  // Linearly, fifty repetitions of one word would drown the other and the cosine would fall to
  // 0.02.
  std::string repeated = "beta";
  for (int i = 0; i < 50; ++i) repeated += " alpha";
  EXPECT_GT(Cosine(repeated, "beta"), 0.1);
}

TEST(HashingEmbedder, TakesBrokenUtf8ByteByByte) {
  const std::vector<std::string> broken = {"\x80",         "\xc3",     "\xe2\x82",
                                           "\xed\xa0\x80", "\xff\xfe", "a\xf0\x9f\x98"};
  for (const std::string& text : broken) {
    EXPECT_NE(Embedded(text), std::vector<float>(256)) << Quoted(text);
  }
  EXPECT_NE(Embedded("\x80"), Embedded("\x81"));
}

TEST(HashingEmbedder, SpreadsFeaturesOverAllBuckets) {
  std::vector<int> used(256);
  for (int i = 0; i < 300; ++i) {
    const std::vector<float> x = Embedded("word" + std::to_string(i * 7919));
    for (std::size_t j = 0; j < x.size(); ++j) used[j] += x[j] != 0;
  }
  EXPECT_THAT(used, testing::Each(testing::Gt(0)));
}

}  // namespace
}  // namespace pointsman::retrieval
