#include "engine/inspect/recall.h"

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

class Recall : public tests::EngineFixture {
 protected:
  void SetUp() override {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    MakePool();
  }
  absl::StatusOr<RecallFigures> Measure(std::vector<std::string> queries) {
    return Await<RecallFigures>(
        [&](auto done) { engine_->MeasureRecall("default", std::move(queries), std::move(done)); });
  }
};

TEST_F(Recall, IsWholeWhereEverythingIsLookedAt) {
  for (int i = 0; i < 50; ++i) {
    RouteInput input;
    input.query = "question " + std::to_string(i) + " of history and law";
    const auto routed = engine_->Route(input);
    ASSERT_TRUE(routed.ok());
    FeedbackInput feedback;
    feedback.decision_id = routed->decision_id;
    feedback.outcome.quality = 0.5;
    ASSERT_TRUE(Await<FeedbackOutput>([&](auto done) {
                  engine_->Feedback(feedback, std::move(done));
                }).ok());
  }
  const auto figures = Measure({"the law of property", "prove a theorem"});
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->queries, 2u);
  EXPECT_EQ(figures->neighbour_recall, 1);
  EXPECT_EQ(figures->shortlist_recall, 1);
  EXPECT_EQ(figures->neighbours, 64u);
}

TEST_F(Recall, RefusesTooManyQueriesAndAnUnknownPool) {
  EXPECT_EQ(Measure(std::vector<std::string>(5000, "x")).status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto unknown = Await<RecallFigures>(
      [&](auto done) { engine_->MeasureRecall("no such pool", {"x"}, std::move(done)); });
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pointsman::engine
