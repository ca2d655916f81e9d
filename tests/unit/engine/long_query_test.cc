// Queries longer than what is embedded: docs/design/routing.md, "Long queries".
#include <functional>

#include "engine/request/query_text.h"
#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

TEST(HeadAndTail, AreCutBetweenCodePointsAndFillTheirBytes) {
  const struct {
    const char* text;
    std::size_t bytes_max;
    const char* part;
  } rows[] = {
      {"", 4, ""},
      {"abcd", 4, "abcd"},
      {"abcdefgh", 4, "abgh"},
      {"abcdefgh", 5, "abcgh"},
      {"abcdefgh", 1, "a"},
      {"\u00e9\u00e9\u00e9\u00e9", 5, "\u00e9\u00e9"},  // 2 + 2, and no half of one
      {"\u6f22\u5b57\u6f22\u5b57", 6, "\u6f22\u5b57"},  // 3 + 3
      {"\u6f22\u5b57\u6f22\u5b57", 5, "\u6f22"},        // 3, and no room at the end
      {"\u6f22\u5b57", 1, "\u6f22"},                    // one, at least
      {"a\U0001F600b", 4, "ab"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(HeadAndTail(row.text, row.bytes_max), row.part) << row.text << " " << row.bytes_max;
  }
}

constexpr int64_t kBytesMax = 1000;

class LongQueries : public tests::EngineFixture {
 protected:
  void SetUp() override {
    EngineOptions options = Inline();
    options.limits.query_bytes_max = kBytesMax;
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret), options);
    PoolSettings settings;
    settings.store_query_text = true;
    MakePool(settings);
  }
  // Mathematics at both ends, and much that is nothing between them.
  static std::string Long(std::size_t middle) {
    std::string text;
    while (text.size() < 600) text += "integral and theorem ";
    text += std::string(middle, '.');
    for (int i = 0; i < 30; ++i) text += " proof of a lemma";
    return text;
  }
  absl::StatusOr<RouteOutput> Ask(const std::string& query, const std::string& id = "") {
    RouteInput input;
    input.query = query;
    input.decision_id = id;
    return engine_->Route(input);
  }
  Decision Recorded(const std::string& id) {
    const auto explained = engine_->Explain("default", id);
    EXPECT_TRUE(explained.ok()) << explained.status();
    return explained.ok() ? explained->decision : Decision{};
  }
};

TEST_F(LongQueries, AreDecidedByTheirHeadAndTailAndSaySo) {
  const std::string whole = Long(100000), part = HeadAndTail(whole, kBytesMax);
  const auto output = Ask(whole);
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_EQ(output->notes.size(), 1u);
  const std::string said_of_it[] = {"query: ", std::to_string(whole.size()), "1000",
                                    "query_bytes_max"};
  for (const std::string& said : said_of_it) {
    EXPECT_NE(output->notes[0].find(said), std::string::npos) << output->notes[0];
  }
  const auto of_part = Ask(part);
  ASSERT_TRUE(of_part.ok());
  EXPECT_TRUE(of_part->notes.empty());
  const Decision long_one = Recorded(output->decision_id),
                 short_one = Recorded(of_part->decision_id);
  EXPECT_EQ(long_one.context, short_one.context);
  EXPECT_EQ(long_one.query_text, part);
}

TEST_F(LongQueries, CountTheirTokensOverTheWhole) {
  const auto small = Ask(Long(500)), large = Ask(Long(400000));
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_GT(Recorded(large->decision_id).input_tokens,
            50 * Recorded(small->decision_id).input_tokens);
  // And so do windows: beta's is of 1000 tokens.
  RouteInput input;
  input.query = Long(400000);
  input.constraints.allow_arms = {"beta"};
  EXPECT_EQ(ReasonOf(engine_->Route(input).status()), reason::kNoArmPasses);
}

TEST_F(LongQueries, AreToldApartByAllTheirBytes) {
  std::string other = Long(50000);
  ASSERT_TRUE(Ask(other, "mine").ok());
  ASSERT_TRUE(Ask(other, "mine").ok());
  other[20000] = '!';  // in neither head nor tail
  EXPECT_EQ(ReasonOf(Ask(other, "mine").status()), reason::kDecisionIdReused);
}

TEST_F(LongQueries, OfMegabytesAreDecided) {
  for (const char* piece : {"some words of it ", "\u6f22\u5b57", "aGVsbG8gd29ybGQ"}) {
    std::string query;
    while (query.size() < (4u << 20)) query += piece;
    EXPECT_TRUE(Ask(query).ok()) << piece;
  }
}

TEST_F(LongQueries, ThatAreNoTextAreRefusedThoughTheirEndsAre) {
  std::string query = Long(50000);
  query[20000] = '\xff';
  EXPECT_EQ(FieldOf(Ask(query).status()), "query");
}

TEST_F(LongQueries, OfAnImportAreLearnedByTheirHeadAndTail) {
  const auto import = [&](const std::string& id, const std::string& text) {
    ImportedQuery query;
    query.query = text;
    query.outcomes.push_back({"alpha", {}});
    query.outcomes[0].outcome.quality = 1;
    return Await<ImportOutput>([&](auto done) {
      engine_->Import({"default", id, 1, 1, {}}, {query}, std::move(done));
    });
  };
  const std::string whole = Long(100000);
  ASSERT_TRUE(import("whole", whole).ok());
  ASSERT_TRUE(import("part", HeadAndTail(whole, kBytesMax)).ok());
  const auto page = engine_->ReadOutcomes("default", 1, 100);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->outcomes.size(), 2u);
  const OutcomeEvent &first = page->outcomes[0].event, &second = page->outcomes[1].event;
  EXPECT_EQ(first.context, second.context);
  EXPECT_GT(first.input_tokens_estimate, 10 * second.input_tokens_estimate);
}

TEST_F(LongQueries, OfARecallAreTaken) {
  const auto figures = Await<RecallFigures>(
      [&](auto done) { engine_->MeasureRecall("default", {Long(100000)}, std::move(done)); });
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->queries, 1u);
}

}  // namespace
}  // namespace pointsman::engine
