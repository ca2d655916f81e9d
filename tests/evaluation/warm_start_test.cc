#include "evaluation/warm_start.h"

#include <gtest/gtest.h>

#include "tiny_data.h"

namespace pointsman {
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

TEST(InChunks, KeepsToBothLimitsAndLosesNothing) {
  Limits limits;
  limits.import_chunk_queries_max = 3;
  limits.import_chunk_outcomes_max = 5;
  std::vector<ImportedQuery> queries(10);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    queries[i].index = i;
    queries[i].outcomes.resize(i < 6 ? 1 : i - 3);  // the last is over the limit by itself
  }
  std::size_t next = 0;
  for (const auto chunk : InChunks(queries, limits)) {
    ASSERT_FALSE(chunk.empty());
    EXPECT_LE(chunk.size(), 3u);
    std::size_t outcomes = 0;
    for (const ImportedQuery& query : chunk) {
      EXPECT_EQ(query.index, next++);
      outcomes += query.outcomes.size();
    }
    EXPECT_TRUE(outcomes <= 5 || chunk.size() == 1);
  }
  EXPECT_EQ(next, 10u);
  EXPECT_TRUE(InChunks({}, limits).empty());
}

}  // namespace
}  // namespace pointsman
