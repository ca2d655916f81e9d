// What every storage does, on disk and in memory alike.
#include "storage/api/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "base/rng.h"
#include "samples.h"
#include "temp_dir.h"

namespace pointsman::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr PoolId kPool{3};
constexpr PoolId kOther{4};

enum class Medium { kMemory, kRocks };

class StorageTest : public ::testing::TestWithParam<Medium> {
 protected:
  StorageTest() {
    if (GetParam() == Medium::kMemory) {
      storage_ = OpenMemoryStorage({1, 2});
    } else {
      storage_ = OpenRocksStorage({.folder = dir_.path() + "/data"}).value();
    }
  }

  EventLog& log() { return *storage_.log; }
  DecisionStore& decisions() { return *storage_.decisions; }

  // Commits events first..last of a pool, one batch; returns them.
  std::vector<Event> CommitEvents(PoolId pool, Sequence first, Sequence last) {
    LogBatch batch;
    for (Sequence s = first; s <= last; ++s) batch.events.push_back(SampleEvent(rng_, pool, s));
    EXPECT_TRUE(log().Commit(batch, Durability::kDisk).ok());
    return batch.events;
  }

  Rng rng_{1};
  TempDir dir_;
  Storage storage_;
};

TEST_P(StorageTest, ReadsBackTheEventsOfAPoolInOrder) {
  const std::vector<Event> written = CommitEvents(kPool, 1, 10);
  CommitEvents(kOther, 1, 4);
  CommitEvents(kPool, 11, 12);

  EXPECT_EQ(log().ReadEvents(kPool, 1, 10).value(), written);
  EXPECT_EQ(log().ReadEvents(kPool, 0, 10).value(), written);
  const std::vector<Event> middle = log().ReadEvents(kPool, 5, 3).value();
  EXPECT_EQ(middle, std::vector<Event>(written.begin() + 4, written.begin() + 7));
  EXPECT_EQ(log().ReadEvents(kPool, 1, 1000).value().size(), 12u);
  EXPECT_EQ(log().LastSequence(kPool).value(), 12u);
  EXPECT_EQ(log().LastSequence(kOther).value(), 4u);
}

TEST_P(StorageTest, ReadsNothingWhereNothingIs) {
  EXPECT_THAT(log().ReadEvents(kPool, 1, 10).value(), IsEmpty());
  EXPECT_EQ(log().LastSequence(kPool).value(), 0u);
  CommitEvents(kPool, 1, 2);
  EXPECT_THAT(log().ReadEvents(kPool, 3, 10).value(), IsEmpty());
  EXPECT_THAT(log().ReadEvents(kPool, 1, 0).value(), IsEmpty());
  EXPECT_THAT(log().ReadEvents(kOther, 1, 10).value(), IsEmpty());
  EXPECT_THAT(log().ReadPools().value(), IsEmpty());
  EXPECT_THAT(log().ListSnapshots(kPool).value(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(log().ReadSnapshot(kPool, 1).status()));
  EXPECT_EQ(log().ReadFeedback({kPool, "d", ArmId{0}}).value(), std::nullopt);
  EXPECT_EQ(decisions().Get(kPool, "d").value(), std::nullopt);
}

TEST_P(StorageTest, RefusesEventsThatDoNotFollowAndWritesNothingOfTheirBatch) {
  CommitEvents(kPool, 1, 3);
  Rng rng(2);
  for (const Sequence wrong : {1, 3, 5}) {
    LogBatch batch;
    batch.events.push_back(SampleEvent(rng, kOther, 1));
    batch.events.push_back(SampleEvent(rng, kPool, wrong));
    const absl::Status status = log().Commit(batch, Durability::kDisk);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("does not follow event 3"));
  }
  LogBatch early;
  early.events.push_back(SampleEvent(rng, kPool, 4));
  early.events.back().time = 3 * kMicrosPerSecond - 1;
  EXPECT_TRUE(absl::IsInvalidArgument(log().Commit(early, Durability::kDisk)));

  EXPECT_EQ(log().LastSequence(kOther).value(), 0u);
  EXPECT_EQ(log().LastSequence(kPool).value(), 3u);
  CommitEvents(kPool, 4, 4);  // and goes on working
}

TEST_P(StorageTest, RefusesUnsoundRecords) {
  LogBatch batch;
  batch.events.push_back(SampleEvent(rng_, kPool, 1));
  std::get<OutcomeEvent>(batch.events[0].body).propensity = std::nan("");
  EXPECT_TRUE(absl::IsInvalidArgument(log().Commit(batch, Durability::kDisk)));
  Decision decision = SampleDecision(rng_, kPool, "d");
  decision.context[0] = std::nanf("");
  EXPECT_TRUE(absl::IsInvalidArgument(decisions().Put(decision, Durability::kProcess)));
  EXPECT_TRUE(absl::IsInvalidArgument(
      decisions().PutBatch({SampleDecision(rng_, kPool, "e"), decision}, Durability::kProcess)));
  EXPECT_EQ(decisions().Get(kPool, "e").value(), std::nullopt);
  CommitEvents(kPool, 1, 1);
}

TEST_P(StorageTest, ForgetsOldEventsButNeverTheLast) {
  const std::vector<Event> written = CommitEvents(kPool, 1, 10);
  CommitEvents(kOther, 1, 3);
  ASSERT_TRUE(log().DropEventsBefore(kPool, 4).ok());
  ASSERT_TRUE(log().DropEventsBefore(kPool, 2).ok());
  EXPECT_EQ(log().ReadEvents(kPool, 4, 100).value(),
            std::vector<Event>(written.begin() + 3, written.end()));
  const absl::Status gap = log().ReadEvents(kPool, 3, 100).status();
  EXPECT_TRUE(absl::IsDataLoss(gap)) << gap;
  EXPECT_THAT(std::string(gap.message()), HasSubstr("pool 3"));
  EXPECT_THAT(std::string(gap.message()), HasSubstr("event 3 is missing"));

  ASSERT_TRUE(log().DropEventsBefore(kPool, 1000).ok());
  EXPECT_EQ(log().LastSequence(kPool).value(), 10u);
  EXPECT_EQ(log().ReadEvents(kPool, 10, 100).value(), std::vector<Event>{written.back()});
  EXPECT_EQ(log().ReadEvents(kOther, 1, 100).value().size(), 3u);
  CommitEvents(kPool, 11, 11);
}

TEST_P(StorageTest, KeepsPoolsByIdAndTheirNewestRecord) {
  LogBatch batch;
  batch.pools = {SamplePool(rng_, kOther), SamplePool(rng_, kPool)};
  ASSERT_TRUE(log().Commit(batch, Durability::kDisk).ok());
  EXPECT_THAT(log().ReadPools().value(), ElementsAre(batch.pools[1], batch.pools[0]));
  LogBatch change;
  change.pools = {SamplePool(rng_, kPool)};
  ASSERT_TRUE(log().Commit(change, Durability::kDisk).ok());
  EXPECT_THAT(log().ReadPools().value(), ElementsAre(change.pools[0], batch.pools[0]));
}

TEST_P(StorageTest, GivesEachPoolIdOnce) {
  const PoolId first = log().NewPoolId().value();
  EXPECT_GE(Index(first), 1u);
  EXPECT_GT(log().NewPoolId().value(), first);
}

TEST_P(StorageTest, KeepsFeedbackByPoolDecisionAndArm) {
  const std::string zero("a\0b", 3);
  LogBatch batch;
  batch.events.push_back(SampleEvent(rng_, kPool, 1));
  for (const FeedbackKey& key :
       {FeedbackKey{kPool, "a", ArmId{1}}, FeedbackKey{kPool, zero, ArmId{1}},
        FeedbackKey{kPool, "a", ArmId{2}}, FeedbackKey{kOther, "a", ArmId{1}}}) {
    batch.feedback.emplace_back(key, SampleFeedback(rng_));
  }
  ASSERT_TRUE(log().Commit(batch, Durability::kDisk).ok());
  for (const auto& [key, record] : batch.feedback) {
    EXPECT_EQ(log().ReadFeedback(key).value(), record);
  }
  EXPECT_EQ(log().ReadFeedback({kOther, "a", ArmId{2}}).value(), std::nullopt);

  LogBatch change;
  change.feedback.emplace_back(batch.feedback[0].first, SampleFeedback(rng_));
  ASSERT_TRUE(log().Commit(change, Durability::kDisk).ok());
  EXPECT_EQ(log().ReadFeedback(change.feedback[0].first).value(), change.feedback[0].second);
}

TEST_P(StorageTest, KeepsExperienceInOrderOfSequenceUntilRemoved) {
  LogBatch batch;
  for (const Sequence s : {5, 300, 2})
    batch.experience.emplace_back(kPool, SampleExperience(rng_, s));
  batch.experience.emplace_back(kOther, SampleExperience(rng_, 9));
  ASSERT_TRUE(log().Commit(batch, Durability::kDisk).ok());
  LogBatch change;
  change.experience.emplace_back(kPool, SampleExperience(rng_, 5));
  change.experience_removed.emplace_back(kPool, 2);
  change.experience_removed.emplace_back(kPool, 77);  // never stored
  ASSERT_TRUE(log().Commit(change, Durability::kDisk).ok());

  std::vector<Experience> seen;
  ASSERT_TRUE(log().ReadExperience(kPool, [&](Experience e) { seen.push_back(e); }).ok());
  EXPECT_THAT(seen, ElementsAre(change.experience[0].second, batch.experience[1].second));
}

TEST_P(StorageTest, KeepsTheNewestSnapshots) {
  for (const Sequence s : {10, 300, 20, 40}) {
    ASSERT_TRUE(log().PutSnapshot(kPool, s, std::string(s, 'x'), 3).ok());
  }
  ASSERT_TRUE(log().PutSnapshot(kOther, 7, "", 1).ok());
  EXPECT_THAT(log().ListSnapshots(kPool).value(), ElementsAre(300, 40, 20));
  EXPECT_EQ(log().ReadSnapshot(kPool, 300).value(), std::string(300, 'x'));
  EXPECT_TRUE(absl::IsNotFound(log().ReadSnapshot(kPool, 10).status()));
  ASSERT_TRUE(log().PutSnapshot(kPool, 40, "again", 3).ok());
  EXPECT_EQ(log().ReadSnapshot(kPool, 40).value(), "again");
  ASSERT_TRUE(log().PutSnapshot(kPool, 400, "new", 1).ok());
  EXPECT_THAT(log().ListSnapshots(kPool).value(), ElementsAre(400));
  EXPECT_EQ(log().ReadSnapshot(kOther, 7).value(), "");
  EXPECT_TRUE(absl::IsInvalidArgument(log().PutSnapshot(kPool, 401, "", 0)));
}

TEST_P(StorageTest, TakesNoSnapshotOfADroppedPool) {
  CommitEvents(kPool, 1, 5);
  ASSERT_TRUE(log().DropPool(kPool).ok());
  EXPECT_TRUE(absl::IsNotFound(log().PutSnapshot(kPool, 5, "state", 3)));
  EXPECT_THAT(log().ListSnapshots(kPool).value(), IsEmpty());
}

TEST_P(StorageTest, ForgetsADroppedPoolAndNothingElse) {
  for (const PoolId pool : {kPool, kOther}) {
    CommitEvents(pool, 1, 5);
    LogBatch batch;
    batch.pools = {SamplePool(rng_, pool)};
    batch.feedback.emplace_back(FeedbackKey{pool, "d", ArmId{1}}, SampleFeedback(rng_));
    batch.experience.emplace_back(pool, SampleExperience(rng_, 1));
    ASSERT_TRUE(log().Commit(batch, Durability::kDisk).ok());
    ASSERT_TRUE(log().PutSnapshot(pool, 5, "state", 3).ok());
  }
  ASSERT_TRUE(log().DropPool(kPool).ok());

  const auto experience_count = [&](PoolId pool) {
    int count = 0;
    EXPECT_TRUE(log().ReadExperience(pool, [&](Experience) { ++count; }).ok());
    return count;
  };
  EXPECT_THAT(log().ReadEvents(kPool, 1, 10).value(), IsEmpty());
  EXPECT_EQ(log().LastSequence(kPool).value(), 0u);
  EXPECT_EQ(log().ReadFeedback({kPool, "d", ArmId{1}}).value(), std::nullopt);
  EXPECT_EQ(experience_count(kPool), 0);
  EXPECT_THAT(log().ListSnapshots(kPool).value(), IsEmpty());
  ASSERT_EQ(log().ReadPools().value().size(), 1u);

  EXPECT_EQ(log().ReadPools().value()[0].id, kOther);
  EXPECT_EQ(log().ReadEvents(kOther, 1, 10).value().size(), 5u);
  EXPECT_TRUE(log().ReadFeedback({kOther, "d", ArmId{1}}).value().has_value());
  EXPECT_EQ(experience_count(kOther), 1);
  EXPECT_THAT(log().ListSnapshots(kOther).value(), ElementsAre(5));
}

TEST_P(StorageTest, GivesBackDecisionsByPoolAndId) {
  const std::string odd("\0\xff id", 5);
  const Decision one = SampleDecision(rng_, kPool, odd);
  const Decision two = SampleDecision(rng_, kOther, odd);
  const Decision three = SampleDecision(rng_, kPool, "three");
  ASSERT_TRUE(decisions().Put(one, Durability::kProcess).ok());
  ASSERT_TRUE(decisions().PutBatch({two, three}, Durability::kDisk).ok());
  EXPECT_EQ(decisions().Get(kPool, odd).value(), one);
  EXPECT_EQ(decisions().Get(kOther, odd).value(), two);
  EXPECT_EQ(decisions().Get(kPool, "three").value(), three);
  EXPECT_EQ(decisions().Get(kOther, "three").value(), std::nullopt);
  Decision changed = SampleDecision(rng_, kPool, odd);
  ASSERT_TRUE(decisions().Put(changed, Durability::kProcess).ok());
  EXPECT_EQ(decisions().Get(kPool, odd).value(), changed);
}

TEST_P(StorageTest, KeepsHowFarDecisionsWereJudged) {
  EXPECT_EQ(log().ReadProgress(kPool).value(), PoolProgress());
  LogBatch batch;
  const PoolProgress progress{{123, "d"}, 7};
  batch.progress.emplace_back(kPool, progress);
  ASSERT_TRUE(log().Commit(batch, Durability::kDisk).ok());
  EXPECT_EQ(log().ReadProgress(kPool).value(), progress);
  EXPECT_EQ(log().ReadProgress(kOther).value(), PoolProgress());
  ASSERT_TRUE(log().DropPool(kPool).ok());
  EXPECT_EQ(log().ReadProgress(kPool).value(), PoolProgress());
}

TEST_P(StorageTest, GivesBackDecisionsInOrderOfTime) {
  const auto put = [&](PoolId pool, Micros time, const std::string& id) {
    Decision decision = SampleDecision(rng_, pool, id);
    decision.time = time;
    decision.chosen = {{ArmId{4}, 1, Selection::kExplore},
                       {ArmId{5}, 1, Selection::kFallback},
                       {ArmId{6}, 1, Selection::kPanel}};
    ASSERT_TRUE(decisions().Put(decision, Durability::kProcess).ok());
  };
  put(kPool, 300, "a");
  put(kPool, 100, "z");
  put(kPool, 200, std::string("\0\xff", 2));
  put(kPool, 200, "");
  put(kPool, -5, "old");
  put(kOther, 150, "other");
  const auto positions = [&](DecisionPosition after, Micros before, std::size_t count) {
    std::vector<DecisionPosition> found;
    const auto read = decisions().ReadWaiting(kPool, after, before, count);
    EXPECT_TRUE(read.ok()) << read.status();
    for (const auto& waiting : read.value()) {
      EXPECT_THAT(waiting.arms, ElementsAre(ArmId{4}, ArmId{6}));
      found.push_back(waiting.position);
    }
    return found;
  };
  const DecisionPosition odd{200, std::string("\0\xff", 2)};
  using P = DecisionPosition;
  EXPECT_THAT(positions({-10, ""}, 1000, 10),
              ElementsAre(P{-5, "old"}, P{100, "z"}, P{200, ""}, odd, P{300, "a"}));
  EXPECT_THAT(positions({100, "z"}, 300, 10), ElementsAre(P{200, ""}, odd));
  EXPECT_THAT(positions({200, ""}, 1000, 1), ElementsAre(odd));
  EXPECT_THAT(positions({300, "a"}, 1000, 10), IsEmpty());
  const auto newest = [&](DecisionPosition before, std::size_t count) {
    return decisions().ReadNewest(kPool, before, count).value();
  };
  EXPECT_THAT(newest({1000, ""}, 10),
              ElementsAre(P{300, "a"}, odd, P{200, ""}, P{100, "z"}, P{-5, "old"}));
  EXPECT_THAT(newest({300, "a"}, 2), ElementsAre(odd, P{200, ""}));
  EXPECT_THAT(newest(odd, 1), ElementsAre(P{200, ""}));
  EXPECT_THAT(newest({-5, "old"}, 10), IsEmpty());
}

TEST_P(StorageTest, KeepsAPoolsHistoryUntilThePoolIsDropped) {
  EXPECT_EQ(log().ReadHistory(kPool).value(), "");
  ASSERT_TRUE(log().PutHistory(kPool, "one").ok());
  ASSERT_TRUE(log().PutHistory(kPool, "two").ok());
  EXPECT_EQ(log().ReadHistory(kPool).value(), "two");
  EXPECT_EQ(log().ReadHistory(kOther).value(), "");
  ASSERT_TRUE(log().DropPool(kPool).ok());
  EXPECT_EQ(log().ReadHistory(kPool).value(), "");
  EXPECT_FALSE(log().PutHistory(kPool, "three").ok());
}

TEST_P(StorageTest, TakesDecisionsFromManyThreadsWhileTheLogIsWrittenAndRead) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      Rng rng(100 + static_cast<uint64_t>(t));
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(t) + "/" + std::to_string(i);
        const Decision decision = SampleDecision(rng, kPool, id, 2, 4);
        ASSERT_TRUE(decisions().Put(decision, Durability::kProcess).ok());
        ASSERT_EQ(decisions().Get(kPool, id).value(), decision);
        const Sequence last = log().LastSequence(kPool).value();
        ASSERT_GE(log().ReadEvents(kPool, 1, 1000).value().size(), last);
      }
    });
  }
  for (Sequence s = 1; s <= 50; ++s) CommitEvents(kPool, s, s);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log().ReadEvents(kPool, 1, 1000).value().size(), 50u);
}

std::string MediumName(const ::testing::TestParamInfo<Medium>& medium) {
  return medium.param == Medium::kMemory ? "Memory" : "Rocks";
}
INSTANTIATE_TEST_SUITE_P(Media, StorageTest, ::testing::Values(Medium::kMemory, Medium::kRocks),
                         MediumName);

}  // namespace
}  // namespace pointsman::storage
