#include "retrieval/embed/character_sketch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

std::vector<float> SketchOf(std::string_view text, std::size_t buckets = 64) {
  std::vector<float> out(buckets, 7);
  SketchCharacters(text, out);
  return out;
}

double Cosine(std::string_view a, std::string_view b) {
  const std::vector<float> x = SketchOf(a, 4096), y = SketchOf(b, 4096);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += double{x[i]} * y[i];
  return sum;
}

TEST(SketchCharacters, GivesUnitNormToAnyText) {
  Rng rng(1);
  for (int round = 0; round < 500; ++round) {
    std::string text = "x";
    for (uint64_t n = rng.Below(300); n > 0; --n) text += static_cast<char>(rng.Below(256));
    for (const std::size_t buckets : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
      double squares = 0;
      for (const float x : SketchOf(text, buckets)) squares += double{x} * x;
      EXPECT_NEAR(squares, 1, 1e-5) << buckets << " buckets, text " << Quoted(text);
    }
  }
}

TEST(SketchCharacters, GivesZeroToATextThatSaysNothing) {
  EXPECT_EQ(SketchOf(""), std::vector<float>(64));
  EXPECT_EQ(SketchOf(" \t\r\n\v\f "), std::vector<float>(64));
  EXPECT_EQ(SketchOf("\xc2\xa0\xe3\x80\x80"), std::vector<float>(64));
  EXPECT_NE(SketchOf("."), std::vector<float>(64));
}

TEST(SketchCharacters, IgnoresCaseAndAmountOfWhiteSpace) {
  EXPECT_EQ(SketchOf("Route The QUERY"), SketchOf("  route\n\tthe   query "));
  EXPECT_EQ(SketchOf("\xc3\x84RGER"), SketchOf("\xc3\xa4rger"));
}

TEST(SketchCharacters, CountsEachGramOfThreeToFiveCharacters) {
  // " ab " holds the grams " ab", "ab " and " ab ": three signs in so many buckets.
  int entries = 0;
  for (const float x : SketchOf("ab", 1 << 16)) entries += x != 0;
  EXPECT_EQ(entries, 3);
}

TEST(SketchCharacters, FindsSharedStemsSimilarInAnyScript) {
  EXPECT_GT(Cosine("integrating rational functions", "integrate a rational function"),
            Cosine("integrating rational functions", "who wrote the first sonnets") + 0.2);
  // Thai: "mathematics exam" against "mathematics" and against "good weather".
  const std::string exam =
      "\xe0\xb8\xaa\xe0\xb8\xad\xe0\xb8\x9a\xe0\xb8\x84\xe0\xb8\x93\xe0\xb8\xb4\xe0\xb8\x95\xe0\xb8"
      "\xa8"
      "\xe0\xb8\xb2\xe0\xb8\xaa\xe0\xb8\x95\xe0\xb8\xa3\xe0\xb9\x8c";
  EXPECT_GT(
      Cosine(exam, exam.substr(9)),
      Cosine(
          exam,
          "\xe0\xb8\xad\xe0\xb8\xb2\xe0\xb8\x81\xe0\xb8\xb2\xe0\xb8\xa8\xe0\xb8\x94\xe0\xb8\xb5") +
          0.3);
}

}  // namespace
}  // namespace pointsman::retrieval
