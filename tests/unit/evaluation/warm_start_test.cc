#include "evaluation/replay/warm_start.h"

#include <gtest/gtest.h>

#include "tiny_data.h"

namespace pointsman::evaluation {
namespace {

TEST(MakeImport, TakesTheWantedArmsOfEachQueryInOrder) {
  TempFolder folder;
  WriteTinyData(folder);
  const Dataset dataset = *LoadDataset(folder.path(), "two");
  const std::vector<std::size_t> order = {2, 0};
  const auto import = MakeImport(dataset, order, {false, true});
  ASSERT_EQ(import.size(), 2u);
  EXPECT_EQ(import[0].index, 0u);
  EXPECT_EQ(import[0].query, dataset.queries[2].text);
  EXPECT_EQ(import[1].index, 1u);
  ASSERT_EQ(import[1].outcomes.size(), 1u);
  EXPECT_EQ(import[1].outcomes[0].arm, dataset.arms[1].name);
  EXPECT_EQ(import[1].outcomes[0].outcome, dataset.At(0, 1));
}

OutcomeSet SparseSet() {
  OutcomeSet set;
  for (const char* name : {"a", "b", "c"}) set.arms.emplace_back().name = name;
  for (const char* text : {"p", "q", "r"}) set.queries.push_back({text, text, ""});
  const auto add = [&](std::size_t query, std::size_t arm) {
    set.outcomes.push_back({query, arm, {}});
    set.outcomes.back().outcome.quality = 1;
  };
  add(0, 0), add(0, 1), add(1, 0), add(2, 2);
  return set;
}

TEST(MakeSparseImport, TakesWhatThereIsAndCountsWhatThePoolHasNot) {
  const SparseImport import =
      MakeSparseImport(SparseSet(), std::vector<std::size_t>{2, 1, 0}, {"A", "A", ""});
  ASSERT_EQ(import.queries.size(), 2u);
  EXPECT_EQ(import.queries[0].query, "q");
  EXPECT_EQ(import.queries[0].index, 1u);  // its place in the order, even if others are left out
  EXPECT_EQ(import.queries[1].outcomes.size(), 1u);
  EXPECT_EQ(import.outcomes, (std::map<std::string, uint64_t>{{"A", 2}}));
  EXPECT_EQ(import.left_out.size(), 2u);
  EXPECT_EQ(import.left_out.at("the pool has no arm c"), 1u);
}

TEST(AnnouncedOutcomes, GivesNoOutcomeMoreWeightThanOneUnlessAllGetIt) {
  using Counts = std::map<std::string, uint64_t>;
  EXPECT_EQ(AnnouncedOutcomes({{"a", 40}, {"b", 40}, {"c", 1}}, 10),
            (Counts{{"a", 40}, {"b", 40}, {"c", 10}}));
  EXPECT_EQ(AnnouncedOutcomes({{"a", 40}, {"b", 20}}, 10), (Counts{{"a", 40}, {"b", 20}}));
  EXPECT_EQ(AnnouncedOutcomes({{"a", 4}, {"b", 2}}, 8), (Counts{{"a", 4}, {"b", 4}}));
  EXPECT_EQ(AnnouncedOutcomes({{"a", 40}, {"b", 1}}, 2.5), (Counts{{"a", 40}, {"b", 3}}));
  EXPECT_TRUE(AnnouncedOutcomes({}, 5).empty());
}

TEST(InChunks, KeepsAChunkOfLongTextsWithinAMessage) {
  Limits limits;
  limits.message_bytes_max = 1000;
  std::vector<engine::ImportedQuery> queries(6);
  for (engine::ImportedQuery& query : queries) query.query.assign(200, 'x');
  EXPECT_EQ(InChunks(queries, limits).size(), 3u);
}

TEST(InChunks, KeepsToBothLimitsAndLosesNothing) {
  Limits limits;
  limits.import_chunk_queries_max = 3;
  limits.import_chunk_outcomes_max = 5;
  std::vector<engine::ImportedQuery> queries(10);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    queries[i].index = i;
    queries[i].outcomes.resize(i < 6 ? 1 : i - 3);  // the last one alone exceeds the limit
  }
  std::size_t next = 0;
  for (const auto chunk : InChunks(queries, limits)) {
    ASSERT_FALSE(chunk.empty());
    EXPECT_LE(chunk.size(), 3u);
    std::size_t outcomes = 0;
    for (const engine::ImportedQuery& query : chunk) {
      EXPECT_EQ(query.index, next++);
      outcomes += query.outcomes.size();
    }
    EXPECT_TRUE(outcomes <= 5 || chunk.size() == 1);
  }
  EXPECT_EQ(next, 10u);
  EXPECT_TRUE(InChunks({}, limits).empty());
}

}  // namespace
}  // namespace pointsman::evaluation
