#include "retrieval/embed/lexicon_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/rng.h"
#include "base/strings.h"
#include "retrieval/embed/character_sketch.h"
#include "tiny_lexicon.h"

namespace pointsman::retrieval {
namespace {

using Vector = std::vector<float>;

const std::vector<std::string> kWords = {"route", "query", "arm", "pool", "regret", "policy"};

// A lexicon of kWords, which outlives the embedders made from it.
class LexiconEmbedders : public ::testing::Test {
 protected:
  LexiconEmbedder Make(uint32_t dimension, double sketch_weight) const {
    return LexiconEmbedder(lexicon_, dimension, sketch_weight);
  }
  Vector Embedded(std::string_view text, uint32_t dimension, double sketch_weight) const {
    const LexiconEmbedder embedder = Make(dimension, sketch_weight);
    Vector out(embedder.dimension(), 7);
    embedder.Embed(text, out);
    return out;
  }

  const LexiconContent content_ = TinyContent(kWords, 8);
  const AlignedBytes bytes_{EncodeLexicon(content_)};
  const std::shared_ptr<const Lexicon> lexicon_ = Lexicon::FromBytes(bytes_.view(), "tiny").value();
};

double Norm(std::span<const float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  return std::sqrt(squares);
}

void ScaleTo(std::vector<double>& x, double norm) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  for (double& value : x) value *= norm / std::sqrt(squares);
}

// The header's words in double precision: the weighted sum, less the mean, for counted words.
std::vector<double> Expected(const LexiconContent& content, uint32_t d,
                             const std::map<std::string, int>& counts) {
  std::vector<double> sum(d);
  for (const auto& [word, count] : counts) {
    const auto row =
        std::find(content.keys.begin(), content.keys.end(), TokenOf(word)) - content.keys.begin();
    for (uint32_t j = 0; j < d; ++j) {
      sum[j] += (1 + std::log(count)) * content.scales[static_cast<std::size_t>(row)] *
                content.codes[static_cast<std::size_t>(row) * content.dimension + j];
    }
  }
  ScaleTo(sum, 1);
  for (double& x : sum) x -= 0.1 / d;
  ScaleTo(sum, 1);
  return sum;
}

TEST_F(LexiconEmbedders, WeighRowsByTheLogarithmOfTheirCounts) {
  // Enough distinct words would need no sketch; six need 1 / 7 of one.
  const std::string text = "route ROUTE a query, route the pool!";
  for (const uint32_t d : {1u, 3u, 8u}) {
    std::vector<double> expected = Expected(content_, d, {{"route", 3}, {"query", 1}, {"pool", 1}});
    Vector sketch(d);
    SketchCharacters(text, sketch);
    for (uint32_t j = 0; j < d; ++j) expected[j] += sketch[j] / (1 + 3);
    ScaleTo(expected, 1);
    const Vector out = Embedded(text, d, 0);
    for (uint32_t j = 0; j < d; ++j) EXPECT_NEAR(out[j], expected[j], 1e-5) << "d = " << d;
  }
}

TEST_F(LexiconEmbedders, JoinTheSketchWithItsWeight) {
  const std::string text = "a query and a pool";
  const Vector out = Embedded(text, 8, 0.5);
  ASSERT_EQ(out.size(), 8 + LexiconEmbedder::kSketchBuckets);
  const std::vector<double> words = Expected(content_, 8, {{"query", 1}, {"pool", 1}});
  Vector sketch(LexiconEmbedder::kSketchBuckets);
  SketchCharacters(text, sketch);
  const double scale = 1 / std::sqrt(1 + 0.25);
  for (std::size_t j = 0; j < 8; ++j) EXPECT_NEAR(out[j], scale * words[j], 1e-5);
  for (std::size_t j = 0; j < sketch.size(); ++j) {
    EXPECT_NEAR(out[8 + j], scale * 0.5 * sketch[j], 1e-5);
  }
}

TEST_F(LexiconEmbedders, LetCharactersStandInWhereNoWordIsKnown) {
  const std::string text = "\xe0\xb8\xaa\xe0\xb8\xad\xe0\xb8\x9a unknown";
  Vector sketch(8);
  SketchCharacters(text, sketch);
  EXPECT_THAT(Embedded(text, 8, 0), testing::Pointwise(testing::FloatNear(1e-6f), sketch));
}

TEST_F(LexiconEmbedders, GiveUnitNormOrZeroToAnyBytes) {
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (uint64_t n = rng.Below(80); n > 0; --n) {
      text += rng.Below(4) == 0 ? Cat(" ", kWords[rng.Below(kWords.size())], " ")
                                : std::string(1, static_cast<char>(rng.Below(256)));
    }
    for (const double weight : {0.0, 0.5, 1000.0}) {
      for (const uint32_t d : {1u, 8u}) {
        const double norm = Norm(Embedded(text, d, weight));
        EXPECT_TRUE(norm == 0 || std::abs(norm - 1) < 1e-5) << norm << " " << Quoted(text);
      }
    }
  }
  for (const double weight : {0.0, 0.5}) {
    EXPECT_THAT(Embedded(" \n", 8, weight), testing::Each(0.0f));
    EXPECT_THAT(Embedded("", 8, weight), testing::Each(0.0f));
  }
}

TEST_F(LexiconEmbedders, DoNotCareForTheOrderOfKnownWords) {
  const Vector a = Embedded("route query arm pool", 8, 0),
               b = Embedded("pool arm query route", 8, 0);
  // Only the few characters across word borders differ, and they weigh a fifth.
  double dot = 0;
  for (std::size_t j = 0; j < a.size(); ++j) dot += double{a[j]} * b[j];
  EXPECT_GT(dot, 0.9);
}

// The lexicon that ships must be useful: a query is nearer to the words of its subject
// than to those of another.
TEST(LexiconThatShips, PutsSubjectsTogether) {
  EmbedderSettings settings;
  settings.name = "lexicon";
  const auto embedder = MakeEmbedder(settings);
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  const auto cosine = [&](std::string_view a, std::string_view b) {
    Vector x((*embedder)->dimension()), y(x.size());
    (*embedder)->Embed(a, x);
    (*embedder)->Embed(b, y);
    double dot = 0;
    for (std::size_t j = 0; j < x.size(); ++j) dot += double{x[j]} * y[j];
    return dot;
  };
  // They share only the smallest words.
  const std::string physics =
      "A ball is thrown upwards; with which velocity does it reach the roof?";
  EXPECT_GT(cosine(physics, "acceleration, momentum, kinetic energy, friction"),
            cosine(physics, "inflation, interest rates, monetary policy, unemployment") + 0.2);
  const std::string law = "The court held that the plaintiff had no standing to sue";
  EXPECT_GT(cosine(law, "a judge decides about a constitutional right of the defendant"),
            cosine(law, "the enzyme binds its substrate in the cell membrane") + 0.2);
  const std::string code = "write a function that returns the sorted list";
  EXPECT_GT(cosine(code, "python array loop variable"),
            cosine(code, "symptoms, diagnosis, therapy") + 0.2);
}

}  // namespace
}  // namespace pointsman::retrieval
