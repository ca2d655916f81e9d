#include "retrieval/training/lexicon_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>
#include <map>

#include "base/rng.h"
#include "base/strings.h"
#include "retrieval/training/cooccurrence.h"
#include "retrieval/training/truncated_svd.h"
#include "tiny_lexicon.h"

namespace pointsman::retrieval {
namespace {

constexpr int kTopics = 4;

// Lines about one of a few topics: words "t<topic>w<0..9>", and some that occur in every topic.
std::string TopicLine(Rng& rng, int topic) {
  std::string line;
  for (int i = 0; i < 12; ++i) {
    line += rng.Below(4) == 0 ? Cat(" all", rng.Below(8)) : Cat(" t", topic, "w", rng.Below(10));
  }
  return line;
}

LexiconOptions SmallOptions() {
  LexiconOptions options;
  options.dimension = 8;
  options.components = 16;
  return options;
}

LexiconContent TrainTopics(uint64_t seed, const LexiconOptions& options) {
  auto trainer = LexiconTrainer::Make(options).value();
  Rng rng(seed);
  for (int i = 0; i < 2000; ++i) trainer->Add(TopicLine(rng, i % kTopics));
  return trainer->Train("topics", [](const LexiconProgress&) {}).value();
}

std::vector<double> RowOf(const LexiconContent& content, std::string_view word) {
  const auto at = std::find(content.keys.begin(), content.keys.end(), TokenOf(word));
  EXPECT_NE(at, content.keys.end()) << word;
  const auto row = static_cast<std::size_t>(at - content.keys.begin());
  std::vector<double> out;
  for (uint32_t j = 0; j < content.dimension; ++j) {
    out.push_back(double{content.scales[row]} * content.codes[row * content.dimension + j]);
  }
  return out;
}

double Cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return ab / std::sqrt(aa * bb);
}

TEST(LexiconTrainer, PutsWordsOfOneTopicTogether) {
  LexiconOptions options = SmallOptions();
  options.dimension = kTopics;  // as many as there is something to say about
  const LexiconContent content = TrainTopics(1, options);
  for (int topic = 0; topic < kTopics; ++topic) {
    const auto row = RowOf(content, Cat("t", topic, "w0"));
    EXPECT_GT(Cosine(row, RowOf(content, Cat("t", topic, "w1"))), 0.8);
    EXPECT_LT(Cosine(row, RowOf(content, Cat("t", (topic + 1) % kTopics, "w1"))), 0.3);
  }
}

TEST(LexiconTrainer, MakesAFileThatOpens) {
  const AlignedBytes bytes(EncodeLexicon(TrainTopics(1, SmallOptions())));
  const auto lexicon = Lexicon::FromBytes(bytes.view(), "trained");
  ASSERT_TRUE(lexicon.ok()) << lexicon.status();
  EXPECT_EQ((*lexicon)->rows(), kTopics * 10u + 8u);
  EXPECT_EQ((*lexicon)->note(), "topics");
}

TEST(LexiconTrainer, GivesTheSameBytesForTheSameLines) {
  EXPECT_EQ(EncodeLexicon(TrainTopics(1, SmallOptions())),
            EncodeLexicon(TrainTopics(1, SmallOptions())));
  EXPECT_NE(EncodeLexicon(TrainTopics(1, SmallOptions())),
            EncodeLexicon(TrainTopics(2, SmallOptions())));
  LexiconOptions other_seed = SmallOptions();
  other_seed.seed = 9;
  EXPECT_NE(EncodeLexicon(TrainTopics(1, SmallOptions())),
            EncodeLexicon(TrainTopics(1, other_seed)));
}

TEST(LexiconTrainer, DoesNotDependOnHowManyCountsFitInMemory) {
  LexiconOptions narrow = SmallOptions();
  narrow.block_bytes = 1;  // one row at a time
  EXPECT_EQ(EncodeLexicon(TrainTopics(1, SmallOptions())), EncodeLexicon(TrainTopics(1, narrow)));
}

TEST(LexiconTrainer, StoresTheMeanOfTheUnitVectorsOfItsLines) {
  LexiconOptions options = SmallOptions();
  auto trainer = LexiconTrainer::Make(options).value();
  Rng rng(1);
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i) lines.push_back(TopicLine(rng, i % kTopics));
  for (const std::string& line : lines) trainer->Add(line);
  const LexiconContent content = trainer->Train("", [](const LexiconProgress&) {}).value();
  std::vector<double> mean(3);
  for (const std::string& line : lines) {
    std::vector<uint64_t> tokens;
    Tokenize(line, tokens);
    std::map<uint64_t, int> counts;
    for (const uint64_t token : tokens) ++counts[token];
    std::vector<double> sum(3);
    for (const auto& [token, count] : counts) {
      const auto row =
          std::find(content.keys.begin(), content.keys.end(), token) - content.keys.begin();
      for (std::size_t j = 0; j < 3; ++j) {
        sum[j] += (1 + std::log(count)) * content.scales[static_cast<std::size_t>(row)] *
                  content.codes[static_cast<std::size_t>(row) * 8 + j];
      }
    }
    const double norm = std::sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]);
    for (std::size_t j = 0; j < 3; ++j)
      mean[j] += sum[j] / norm / static_cast<double>(lines.size());
  }
  for (std::size_t j = 0; j < 3; ++j)
    EXPECT_NEAR(content.means[3 + j], mean[j], 1e-6);  // after d = 1, 2
}

TEST(LexiconTrainer, LeavesOutLinesBeyondItsBound) {
  LexiconOptions options = SmallOptions();
  options.tokens_max = 10;
  auto trainer = LexiconTrainer::Make(options).value();
  EXPECT_TRUE(trainer->Add("one two three four five six"));
  EXPECT_FALSE(trainer->Add("one two three four five"));
  EXPECT_TRUE(trainer->Add("one two three four"));
  EXPECT_EQ(trainer->lines(), 2u);
  EXPECT_EQ(trainer->tokens(), 10u);
}

TEST(LexiconTrainer, SaysWhenThereIsTooLittleText) {
  auto trainer = LexiconTrainer::Make(SmallOptions()).value();
  trainer->Add("a line");
  const absl::Status status = trainer->Train("", [](const LexiconProgress&) {}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(ToStd(status.message())), testing::HasSubstr("too little text"));
}

TEST(LexiconTrainer, RefusesOptionsOutOfRange) {
  const auto status = [](auto change) {
    LexiconOptions options;
    change(options);
    return LexiconTrainer::Make(options).status();
  };
  EXPECT_TRUE(absl::IsInvalidArgument(status([](auto& o) { o.dimension = 0; })));
  EXPECT_TRUE(absl::IsInvalidArgument(status([](auto& o) { o.dimension = 1025; })));
  EXPECT_TRUE(absl::IsInvalidArgument(status([](auto& o) { o.window = 0; })));
  EXPECT_TRUE(absl::IsInvalidArgument(status([](auto& o) { o.components = o.dimension - 1; })));
  EXPECT_TRUE(absl::IsInvalidArgument(status([](auto& o) { o.thinning = std::nan(""); })));
  EXPECT_TRUE(status([](auto&) {}).ok());
}

// Pairs and their information by the definition, over all positions.
std::map<std::pair<uint32_t, uint32_t>, double> InformationByDefinition(const Corpus& corpus,
                                                                        uint32_t v, int window,
                                                                        double smoothing) {
  std::map<std::pair<uint32_t, uint32_t>, double> counts;
  uint64_t begin = 0;
  for (const uint64_t end : corpus.ends) {
    for (uint64_t i = begin; i < end; ++i) {
      for (uint64_t j = begin; j < end; ++j) {
        const int distance = std::abs(static_cast<int>(i) - static_cast<int>(j));
        if (distance == 0 || distance > window) continue;
        counts[{corpus.tokens[i], corpus.tokens[j]}] += window + 1 - distance;
      }
    }
    begin = end;
  }
  std::vector<double> sums(v);
  double total = 0, context_total = 0;
  for (const auto& [pair, count] : counts) sums[pair.first] += count, total += count;
  for (const double sum : sums) context_total += std::pow(sum, smoothing);
  std::map<std::pair<uint32_t, uint32_t>, double> information;
  for (const auto& [pair, count] : counts) {
    const double p = sums[pair.first] / total;
    const double c = std::pow(sums[pair.second], smoothing) / context_total;
    const double value = std::log(count / total / (p * c));
    if (value > 0) information[pair] = value;
  }
  return information;
}

TEST(PositiveMutualInformation, FollowsItsDefinition) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Rng rng(seed);
    Corpus corpus;
    for (int line = 0; line < 20; ++line) {
      for (uint64_t n = rng.Below(15); n > 0; --n) {
        corpus.tokens.push_back(static_cast<uint32_t>(rng.Below(7)));
      }
      corpus.ends.push_back(corpus.tokens.size());
    }
    const CooccurrenceOptions options{.vocabulary = 7,
                                      .window = 3,
                                      .context_smoothing = 0.75,
                                      .pairs_max = 1000,
                                      .block_bytes = 7 * 4 * 2};
    const SparseMatrix matrix = PositiveMutualInformation(corpus, options, [](double) {});
    std::map<std::pair<uint32_t, uint32_t>, double> found;
    for (uint32_t r = 0; r < 7; ++r) {
      for (uint64_t i = matrix.starts[r]; i < matrix.starts[r + 1]; ++i) {
        found[{r, matrix.columns[i]}] = matrix.values[i];
      }
    }
    const auto expected = InformationByDefinition(corpus, 7, 3, 0.75);
    ASSERT_EQ(found.size(), expected.size()) << "seed " << seed;
    for (const auto& [pair, value] : expected) EXPECT_NEAR(found[pair], value, 1e-5);
  }
}

TEST(PositiveMutualInformation, KeepsTheMostFrequentPairsWithinItsBound) {
  Corpus corpus;
  for (int i = 0; i < 50; ++i) {
    for (const uint32_t token : {0u, 1u}) corpus.tokens.push_back(token);
    corpus.ends.push_back(corpus.tokens.size());
  }
  for (uint32_t token = 2; token < 40; ++token) {
    for (const uint32_t one : {token, token + 1}) corpus.tokens.push_back(one);
    corpus.ends.push_back(corpus.tokens.size());
  }
  const CooccurrenceOptions options{.vocabulary = 41,
                                    .window = 1,
                                    .context_smoothing = 0.75,
                                    .pairs_max = 10,
                                    .block_bytes = 1 << 20};
  const SparseMatrix matrix = PositiveMutualInformation(corpus, options, [](double) {});
  EXPECT_EQ(matrix.columns, (std::vector<uint32_t>{1, 0}));
}

TEST(DecomposeTruncated, AgreesWithTheDenseDecomposition) {
  constexpr Eigen::Index kSize = 60, kRank = 12;
  Rng rng(5);
  Eigen::MatrixXf left(kSize, kRank), right(kRank, kSize);
  for (float& x : left.reshaped()) x = static_cast<float>(rng.Normal());
  for (float& x : right.reshaped()) x = static_cast<float>(rng.Normal());
  const Eigen::MatrixXf dense = left * right;
  SparseMatrix sparse;
  sparse.starts = {0};
  for (Eigen::Index r = 0; r < kSize; ++r) {
    for (Eigen::Index c = 0; c < kSize; ++c) {
      sparse.columns.push_back(static_cast<uint32_t>(c));
      sparse.values.push_back(dense(r, c));
    }
    sparse.starts.push_back(sparse.columns.size());
  }
  const TruncatedSvd svd = DecomposeTruncated(sparse, 6, 3, 1, [](double) {});
  const Eigen::JacobiSVD<Eigen::MatrixXf> exact(dense, Eigen::ComputeThinU);
  for (Eigen::Index i = 0; i < 6; ++i) {
    EXPECT_NEAR(svd.s(i), exact.singularValues()(i), 1e-3 * exact.singularValues()(0));
    EXPECT_NEAR(std::abs(svd.u.col(i).dot(exact.matrixU().col(i))), 1, 1e-3);
    EXPECT_GT(svd.u.col(i).maxCoeff(), -svd.u.col(i).minCoeff());  // the sign is fixed
  }
}

}  // namespace
}  // namespace pointsman::retrieval
