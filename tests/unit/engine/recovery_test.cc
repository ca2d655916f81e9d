// Restart, broken storage, and pools: what was learned is what it was.
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "tests/paths.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

class Recovery : public tests::EngineFixture {
 protected:
  void SetUp() override {}

  void OpenFolder() { OpenFolder(folder_.path()); }
  void OpenFolder(const std::string& path) {
    engine_.reset();
    storage::StorageOptions options;
    options.folder = path;
    auto storage = storage::OpenRocksStorage(options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    EngineOptions engine_options = Inline();
    engine_options.limits.snapshot_every_events = 50;
    OpenWith(*std::move(storage), engine_options);
  }

  // Rounds [first, last) of a fixed stream.
  void Play(int first, int last) {
    for (int i = first; i < last; ++i) {
      clock_.Advance(kMicrosPerSecond);
      const RouteOutput output =
          MustRoute("question about topic " + std::to_string(i % 17), "round-" + std::to_string(i));
      ASSERT_TRUE(TellQuality(output.decision_id, output.arm == "beta" ? 0.8 : 0.4).ok());
    }
  }

  tests::TestFolder folder_;
};

TEST_F(Recovery, GivesBackEveryLearnedFigureAndPrediction) {
  OpenFolder();
  MakePool();
  Play(0, 130);
  const auto before = engine_->GetStats("default");
  const uint64_t checksum_before = StateChecksumNow();
  RouteInput probe;
  probe.query = "question about topic 5";
  probe.explain = true;
  const auto predicted = engine_->Route(probe);

  OpenFolder();
  const auto after = engine_->GetStats("default");
  EXPECT_EQ(StateChecksumNow(), checksum_before);
  EXPECT_EQ(after->snapshot_version, before->snapshot_version);
  EXPECT_EQ(after->experience_size, before->experience_size);
  const auto again = engine_->Route(probe);
  ASSERT_EQ(again->ranking.size(), predicted->ranking.size());
  for (std::size_t i = 0; i < again->ranking.size(); ++i) {
    EXPECT_EQ(again->ranking[i].arm, predicted->ranking[i].arm);
    EXPECT_EQ(again->ranking[i].probability, predicted->ranking[i].probability);
    EXPECT_EQ(again->ranking[i].expected, predicted->ranking[i].expected);
  }
}

TEST_F(Recovery, InTheMiddleOfAReplayChangesNothing) {
  // Given two copies of one folder, so of one secret.
  OpenFolder();
  MakePool();
  engine_.reset();
  const tests::TestFolder copy;
  std::filesystem::copy(folder_.path(), copy.path(), std::filesystem::copy_options::recursive);
  const Micros start = clock_.Now();

  // When one plays through and the other is closed and opened twice on the way.
  OpenFolder(copy.path());
  Play(0, 200);
  const uint64_t uninterrupted = StateChecksumNow();
  clock_.Advance(start - clock_.Now());
  OpenFolder();
  Play(0, 70);
  OpenFolder();
  Play(70, 130);
  OpenFolder();
  Play(130, 200);

  // Then both learned the same, to the bit: so they made the same decisions.
  EXPECT_EQ(StateChecksumNow(), uninterrupted);
}

TEST_F(Recovery, KeepsDecisionsThatWaitForFeedback) {
  OpenFolder();
  MakePool();
  const RouteOutput decision = MustRoute("a question");
  OpenFolder();
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kApplied);
  OpenFolder();
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kAlreadyApplied);
}

TEST_F(Recovery, KeepsPoolsArmsAndSettings) {
  OpenFolder();
  PoolSettings settings;
  settings.cost_scale_usd = 0.5;
  MakePool(settings);
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "beta", std::move(done)); }).ok());
  const PoolSettings resolved = engine_->GetPool("default")->pool.settings;
  OpenFolder();
  const auto info = engine_->GetPool("default");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->pool.settings, resolved);
  EXPECT_EQ(info->pool.settings.cost_scale_usd, 0.5);
  EXPECT_EQ(info->arms_active, 2u);
  EXPECT_EQ(engine_->ListArms("default", ArmId{0}, 10, true)->size(), 3u);
}

TEST_F(Recovery, ForgetsADeletedPoolForGood) {
  OpenFolder();
  MakePool();
  Play(0, 20);
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->DeletePool("default", std::move(done)); }).ok());
  OpenFolder();
  EXPECT_TRUE(engine_->ListPools().empty());
  MakePool();
  EXPECT_EQ(engine_->GetStats("default")->outcomes, 0u);
}

TEST_F(Recovery, GoesOnFromAFolderOfFormat1) {
  // 37 of 40 decisions have their feedback (tests/unit/storage/migration_test.cc).
  const std::string command = "tar -xzf '" POINTSMAN_SOURCE_DIR
                              "/tests/unit/storage/format1/folder.tar.gz' -C '" +
                              folder_.path() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  OpenFolder(folder_.path() + "/data");
  EXPECT_EQ(Stats().outcomes, 37u);
  EXPECT_EQ(Stats().experience_size, 37u);
  const std::string waiting = "1a20f8cb4d300000bfe5605cb5342e07";
  EXPECT_EQ(TellQuality(waiting, 1)->result, FeedbackResult::kApplied);
  EXPECT_EQ(Stats().outcomes, 38u);
}

class BrokenStorage : public tests::EngineFixture {
 protected:
  void SetUp() override {
    plan_ = std::make_shared<tests::FailurePlan>();
    OpenWith(tests::MakeFailingStorage(storage::OpenMemoryStorage(tests::kTestSecret), plan_));
    MakePool();
  }
  std::shared_ptr<tests::FailurePlan> plan_;
};

TEST_F(BrokenStorage, LetsRouteGoOnUnloggedAndFeedbackSayUnavailable) {
  const RouteOutput decision = MustRoute("a question");
  const uint64_t before = StateChecksumNow();
  for (int k = 1; k < 8; ++k) {
    plan_->FailOperation(plan_->operations() + k);
    const auto told = TellQuality(decision.decision_id, 1);
    if (!told.ok()) {
      EXPECT_EQ(told.status().code(), absl::StatusCode::kUnavailable) << told.status();
      EXPECT_EQ(StateChecksumNow(), before);
    }
    RouteInput input;
    input.query = "another question";
    EXPECT_TRUE(engine_->Route(input).ok());
    if (!engine_->StorageHealth().ok()) return;  // as it should be: some k was the log's write
  }
  FAIL() << "no failure reached the log";
}

TEST_F(BrokenStorage, OfDecisionsMarksAnswersUnloggedAndShowsInHealth) {
  plan_->FailOperation(plan_->operations() + 1);
  RouteInput input;
  input.query = "a question";
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_FALSE(output->logged);
  EXPECT_EQ(ReasonOf(engine_->StorageHealth()), reason::kStorageBroken);
  EXPECT_EQ(ReasonOf(TellQuality(output->decision_id, 1).status()), reason::kDecisionUnknown);
}

TEST_F(BrokenStorage, OfAPoolsChangeShowsInHealth) {
  plan_->FailOperation(plan_->operations() + 1);
  using Made = PutPoolOutput;
  const auto made = Await<Made>([&](auto done) {
    engine_->PutPool(
        "other", [](const PoolSettings& s) { return s; }, {}, true, std::move(done));
  });
  EXPECT_EQ(ReasonOf(made.status()), reason::kStorageBroken) << made.status();
  EXPECT_EQ(ReasonOf(engine_->StorageHealth()), reason::kStorageBroken);
}

class Pools : public tests::EngineFixture {};

TEST_F(Pools, RefuseToChangeWhatLearnedStateDependsOn) {
  using Made = PutPoolOutput;
  const auto change = [&](std::function<void(PoolSettings&)> edit) {
    return Await<Made>([&](auto done) {
             engine_->PutPool(
                 "default",
                 [&](const PoolSettings& present) {
                   PoolSettings wanted = present;
                   edit(wanted);
                   return wanted;
                 },
                 {}, false, std::move(done));
           })
        .status();
  };
  EXPECT_EQ(ReasonOf(change([](PoolSettings& s) { s.embedder.projected = 32; })),
            reason::kSettingFixed);
  EXPECT_EQ(ReasonOf(change([](PoolSettings& s) { s.learner.quality_model = "context_free"; })),
            reason::kSettingFixed);
  EXPECT_TRUE(change([](PoolSettings& s) { s.cost_scale_usd = 1; }).ok());
  EXPECT_EQ(FieldOf(change([](PoolSettings& s) { s.cost_scale_usd = -1; })),
            "settings.cost_scale_usd");
  EXPECT_EQ(FieldOf(change([](PoolSettings& s) { s.learner.exploration = "magic"; })),
            "settings.learner");
}

TEST_F(Pools, TakeNewArmsWhileServing) {
  Arm arm;
  arm.name = "delta";
  using Put = PutArmOutput;
  const auto put = Await<Put>([&](auto done) { engine_->PutArm("default", arm, std::move(done)); });
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->is_new);
  EXPECT_EQ(put->arm.id, ArmId{3});
  const auto again =
      Await<Put>([&](auto done) { engine_->PutArm("default", arm, std::move(done)); });
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->arm.id, ArmId{3});
}

}  // namespace
}  // namespace pointsman::engine
