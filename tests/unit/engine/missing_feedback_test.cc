// Feedback that never comes: counted either way, and learned where a pool says what it means.
#include <thread>

#include "tests/support/engine_fixture.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

constexpr Micros kWindow = 3600 * kMicrosPerSecond;

PoolSettings Silence(double quality) {
  PoolSettings settings;
  settings.feedback_window = kWindow;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = quality;
  return settings;
}

class MissingFeedbackTest : public tests::EngineFixture {
 protected:
  void SetUp() override { OpenWith(storage::OpenMemoryStorage(tests::kTestSecret)); }

  void OpenFolder() {
    engine_.reset();
    auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    OpenWith(*std::move(storage));
  }

  // Makes the writer look: any command does.
  void LetTimePass(Micros by) {
    clock_.Advance(by);
    (void)TellQuality("nobody's", 1);
  }
  void LetWindowEnd() { LetTimePass(kWindow + kMicrosPerSecond); }

  double QualityWeightOf(const std::string& arm) {
    for (const ArmStatistics& a : Stats().arms) {
      if (a.name == arm) return a.figures.tracker.quality_weight;
    }
    return -1;
  }

  tests::TestFolder folder_;
};

TEST_F(MissingFeedbackTest, IsCountedAndTeachesNothingUnlessThePoolSaysWhatItMeans) {
  PoolSettings settings;
  settings.feedback_window = kWindow;
  MakePool(settings);
  MustRoute("never rated");
  ASSERT_TRUE(TellQuality(MustRoute("rated").decision_id, 1).ok());
  const PoolStatistics before = Stats();
  EXPECT_EQ(before.missing, 0u);
  LetWindowEnd();
  const PoolStatistics after = Stats();
  EXPECT_EQ(after.missing, 1u);
  EXPECT_EQ(after.outcomes, before.outcomes);
}

TEST_F(MissingFeedbackTest, IsLearnedAsThePoolsQualityAndIsAnEventOfTheLog) {
  MakePool(Silence(0.75));
  const RouteOutput decision = MustRoute("never rated");
  LetTimePass(kWindow - 1);
  EXPECT_EQ(OutcomesOf(decision.arm), 0u);
  LetTimePass(kMicrosPerSecond + 1);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
  EXPECT_EQ(Stats().missing, 1u);
  for (const ArmStatistics& arm : Stats().arms) {
    if (arm.name != decision.arm) continue;
    EXPECT_DOUBLE_EQ(arm.figures.tracker.quality, 0.75);
  }
  const auto explained = engine_->Explain("default", decision.decision_id);
  ASSERT_EQ(explained->outcomes.size(), 1u);
  EXPECT_EQ(explained->outcomes[0].second.quality, 0.75);
}

TEST_F(MissingFeedbackTest, IsJudgedOnce) {
  MakePool(Silence(0.5));
  MustRoute("never rated");
  LetWindowEnd();
  const uint64_t after = StateChecksumNow();
  for (int i = 0; i < 5; ++i) LetWindowEnd();
  EXPECT_EQ(Stats().missing, 1u);
  EXPECT_EQ(StateChecksumNow(), after);
}

TEST_F(MissingFeedbackTest, ConcernsTheQualityAlone) {
  MakePool(Silence(0.5));
  const RouteOutput slow = MustRoute("latency told, quality not");
  FeedbackInput latency;
  latency.decision_id = slow.decision_id;
  latency.outcome.latency_ms = 900;
  ASSERT_TRUE(Tell(latency).ok());
  const RouteOutput failed = MustRoute("an error is an answer");
  FeedbackInput error;
  error.decision_id = failed.decision_id;
  error.outcome.error = true;
  ASSERT_TRUE(Tell(error).ok());
  LetWindowEnd();
  EXPECT_EQ(Stats().missing, 1u);
  const auto explained = engine_->Explain("default", slow.decision_id);
  EXPECT_EQ(explained->outcomes[0].second.quality, 0.5);
  EXPECT_EQ(explained->outcomes[0].second.latency_ms, 900);
}

TEST_F(MissingFeedbackTest, TeachesTheArmThatServed) {
  MakePool(Silence(0.5));
  const RouteOutput decision = MustRoute("another arm served");
  const std::string other = decision.arm == "alpha" ? "beta" : "alpha";
  FeedbackInput latency;
  latency.decision_id = decision.decision_id;
  latency.served_arm = other;
  latency.outcome.latency_ms = 900;
  ASSERT_TRUE(Tell(latency).ok());
  LetWindowEnd();
  EXPECT_GT(QualityWeightOf(other), 0);
  EXPECT_EQ(QualityWeightOf(decision.arm), 0);
}

TEST_F(MissingFeedbackTest, IsThatOfEachArmOfAPanelAndOfOneArmOfAFallback) {
  MakePool(Silence(0.5));
  for (const learners::Purpose purpose :
       {learners::Purpose::kPanel, learners::Purpose::kFallback}) {
    RouteInput route;
    route.query = "several arms";
    route.arm_count = 3;
    route.purpose = purpose;
    ASSERT_TRUE(engine_->Route(route).ok());
  }
  LetWindowEnd();
  EXPECT_EQ(Stats().missing, 3u + 1u);
}

TEST_F(MissingFeedbackTest, MakesFeedbackAfterItLate) {
  MakePool(Silence(0.5));
  const RouteOutput decision = MustRoute("rated too late");
  LetWindowEnd();
  const uint64_t before = StateChecksumNow();
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kLate);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
  EXPECT_NE(StateChecksumNow(), before);  // the version alone moves
}

TEST_F(MissingFeedbackTest, IsCorrectedByFeedbackInAWindowMadeLonger) {
  MakePool(Silence(0.5));
  const RouteOutput decision = MustRoute("rated after all");
  LetWindowEnd();
  using Made = PutPoolOutput;
  const auto longer = [](const PoolSettings& present) {
    PoolSettings wanted = present;
    wanted.feedback_window = 10 * kWindow;
    return wanted;
  };
  ASSERT_TRUE(Await<Made>([&](auto done) {
                engine_->PutPool("default", longer, {}, false, std::move(done));
              }).ok());
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kCorrected);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
  EXPECT_DOUBLE_EQ(QualityWeightOf(decision.arm), 1);
}

TEST_F(MissingFeedbackTest, IsJudgedOnceOverRestarts) {
  OpenFolder();
  MakePool(Silence(0.25));
  for (int i = 0; i < 10; ++i) MustRoute("question " + std::to_string(i));
  LetTimePass(kWindow / 2);
  for (int i = 0; i < 7; ++i) MustRoute("later question " + std::to_string(i));
  LetTimePass(kWindow / 2 + kMicrosPerSecond);
  EXPECT_EQ(Stats().missing, 10u);
  const uint64_t half = StateChecksumNow();

  OpenFolder();
  EXPECT_EQ(Stats().missing, 10u);
  LetTimePass(kMicrosPerSecond);
  EXPECT_EQ(Stats().missing, 10u);
  EXPECT_EQ(StateChecksumNow(), half);

  clock_.Advance(kWindow);  // ends while nobody serves
  OpenFolder();
  LetTimePass(0);
  EXPECT_EQ(Stats().missing, 17u);
  EXPECT_EQ(Stats().outcomes, 17u);
  const uint64_t all = StateChecksumNow();
  OpenFolder();
  LetTimePass(kMicrosPerSecond);
  EXPECT_EQ(StateChecksumNow(), all);
}

TEST_F(MissingFeedbackTest, IsJudgedWithManyAtOnce) {
  constexpr uint64_t kDecisions = 1000;  // more than the writer takes at once
  MakePool(Silence(0.5));
  for (uint64_t i = 0; i < kDecisions; ++i) MustRoute("question " + std::to_string(i));
  LetWindowEnd();
  EXPECT_EQ(Stats().missing, kDecisions);
  EXPECT_EQ(Stats().outcomes, kDecisions);
}

TEST_F(MissingFeedbackTest, WaitsForAnIdleWriterToo) {
  engine_.reset();
  EngineOptions options;  // a writer on a thread of its own
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret), options);
  MakePool(Silence(0.5));
  MustRoute("never rated");
  clock_.Advance(kWindow + kMicrosPerSecond);
  while (Stats().missing == 0) std::this_thread::yield();
  EXPECT_EQ(Stats().outcomes, 1u);
}

TEST_F(MissingFeedbackTest, IsNeitherLostNorCountedTwiceWhenAnOperationFails) {
  // Every operation fails in turn; after a restart on the same storage all is judged, once.
  for (int64_t k = 1;; ++k) {
    tests::TestFolder folder;
    auto plan = std::make_shared<tests::FailurePlan>();
    auto opened = storage::OpenRocksStorage({.folder = folder.path()});
    ASSERT_TRUE(opened.ok());
    OpenWith(tests::MakeFailingStorage(*std::move(opened), plan));
    MakePool(Silence(0.5));
    for (int i = 0; i < 3; ++i) MustRoute("question " + std::to_string(i));
    const int64_t before = plan->operations();
    plan->FailOperation(before + k);
    LetWindowEnd();
    const bool has_passed = plan->operations() < before + k;
    plan->FailOperation(0);
    engine_.reset();
    opened = storage::OpenRocksStorage({.folder = folder.path()});
    ASSERT_TRUE(opened.ok()) << opened.status();
    OpenWith(*std::move(opened));
    LetTimePass(kMicrosPerSecond);
    EXPECT_EQ(Stats().missing, 3u) << "operation " << k;
    EXPECT_EQ(Stats().outcomes, 3u) << "operation " << k;
    engine_.reset();
    if (has_passed) {
      EXPECT_GT(k, 5);
      return;
    }
  }
}

}  // namespace
}  // namespace pointsman::engine
