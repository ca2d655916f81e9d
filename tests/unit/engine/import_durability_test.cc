// Imports and the log: a broken one, one that comes back, and one that is shared with feedback.
#include <functional>
#include <limits>

#include "base/rng.h"
#include "engine/learn/import.h"
#include "import_fixture.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

TEST_F(Import, IntoABrokenLogIsUnavailableAndTeachesNothing) {
  auto plan = std::make_shared<tests::FailurePlan>();
  OpenWith(tests::MakeFailingStorage(storage::OpenMemoryStorage(tests::kTestSecret), plan));
  MakePool();
  const uint64_t before = StateChecksumNow();
  for (int k = 1; k < 50; ++k) {
    plan->FailOperation(plan->operations() + k);
    const auto output = Send(Plan(4, 4), Queries(4));
    if (output.ok()) continue;
    EXPECT_EQ(output.status().code(), absl::StatusCode::kUnavailable) << output.status();
    EXPECT_EQ(StateChecksumNow(), before);
    EXPECT_EQ(Stats().experience_size, 0u);
    if (!engine_->StorageHealth().ok()) return;  // the write itself was hit
  }
  FAIL() << "no failure reached the log";
}

TEST_F(Import, ComesBackBitForBitFromTheLogAlone) {
  const tests::TestFolder folder;
  storage::StorageOptions options;
  options.folder = folder.path();
  auto storage = storage::OpenRocksStorage(options);
  ASSERT_TRUE(storage.ok()) << storage.status();
  OpenWith(*std::move(storage));
  MakePool(Hybrid());
  const auto queries = Queries(100);
  ASSERT_TRUE(Send(Plan(100, 40), {queries.begin(), queries.begin() + 60}).ok());
  ASSERT_TRUE(TellQuality(MustRoute("integral and proof").decision_id, 1).ok());
  ASSERT_TRUE(Send(Plan(100, 40), {queries.begin() + 60, queries.end()}).ok());
  const uint64_t learned = StateChecksumNow();
  engine_.reset();

  // Not by way of the snapshot that closing wrote: event by event.
  storage = storage::OpenRocksStorage(options);
  ASSERT_TRUE(storage.ok()) << storage.status();
  const Pool pool = storage->log->ReadPools()->front();
  const auto events = storage->log->ReadEvents(pool.id, 1, 1000);
  ASSERT_TRUE(events.ok()) << events.status();
  auto state = learners::LearnedState::Empty(pool);
  ASSERT_TRUE(state.ok() && state->Learn(*events).ok());
  EXPECT_EQ(learners::StateChecksum(*state), learned);

  // And what is known is known over a restart.
  OpenWith(*std::move(storage));
  EXPECT_EQ(StateChecksumNow(), learned);
  EXPECT_EQ(Stats().experience_size, 301u);
  EXPECT_EQ(Send(Plan(100, 40), {queries.begin() + 60, queries.end()})->queries_known, 40u);
  EXPECT_EQ(StateChecksumNow(), learned);
}

TEST_F(Import, SharesATurnWithFeedback) {
  // On the writer's thread commands come in batches; what one learns the other builds upon.
  EngineOptions options = Inline();
  options.writing = Writing::kThread;
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret), options);
  MakePool(Hybrid());
  std::vector<std::string> decisions;
  for (int i = 0; i < 64; ++i) decisions.push_back(MustRoute(std::to_string(i)).decision_id);
  const auto queries = Queries(64);
  std::vector<std::promise<absl::Status>> done(128);
  for (std::size_t i = 0; i < 64; ++i) {
    engine_->Import(Plan(64, 64), {queries[i]},
                    [&, i](const auto& output) { done[2 * i].set_value(output.status()); });
    FeedbackInput input;
    input.decision_id = decisions[i];
    input.outcome.quality = 0.5;
    engine_->Feedback(input,
                      [&, i](const auto& output) { done[2 * i + 1].set_value(output.status()); });
  }
  for (auto& each : done) EXPECT_TRUE(each.get_future().get().ok());
  EXPECT_EQ(Stats().outcomes, 64u * 3 + 64);
  EXPECT_EQ(Stats().snapshot_version, 1u + 3 + 64 * 3 + 64);
}

}  // namespace
}  // namespace pointsman::engine
