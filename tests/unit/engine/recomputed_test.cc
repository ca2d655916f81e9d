// Decisions made again, from the states that the log and the snapshots give.
#include "engine/inspect/recomputed.h"

#include "base/rng.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

class RecomputedTest : public tests::EngineFixture {
 protected:
  Recomputed Again(const std::string& id) {
    const auto recomputed = Await<Recomputed>(
        [&](auto done) { engine_->RecomputeDecision("default", id, std::move(done)); });
    EXPECT_TRUE(recomputed.ok()) << recomputed.status();
    return recomputed.value_or(Recomputed{});
  }

  // Rounds of all kinds of requests, each rated.
  std::vector<RouteOutput> Play(int rounds) {
    Rng rng(2);
    std::vector<RouteOutput> outputs;
    for (int i = 0; i < rounds; ++i) {
      clock_.Advance(kMicrosPerSecond);
      RouteInput input;
      input.query = "theorem number " + std::to_string(i % 7);
      if (i % 3 == 0) input.preference = Preference{0.5, 0.5, 0};
      if (i % 5 == 0) input.arm_count = 2;
      if (i % 10 == 0) input.purpose = learners::Purpose::kPanel;
      if (i % 11 == 0) input.mode = Mode::kGreedy;
      auto output = engine_->Route(input);
      EXPECT_TRUE(output.ok()) << output.status();
      outputs.push_back(*output);
      EXPECT_TRUE(TellQuality(output->decision_id, rng.Uniform()).ok());
    }
    return outputs;
  }
};

TEST_F(RecomputedTest, AreTheSame) {
  const auto put = Await<PutPoolOutput>([&](auto done) {
    engine_->PutPool(
        "default",
        [](const PoolSettings& present) {
          PoolSettings changed = present;
          changed.holdout_share = 0.3;
          return changed;
        },
        {}, false, std::move(done));
  });
  ASSERT_TRUE(put.ok()) << put.status();
  for (const RouteOutput& output : Play(120)) {
    const Recomputed again = Again(output.decision_id);
    EXPECT_EQ(again.result, Recomputed::Result::kSame) << again.why;
    EXPECT_EQ(again.arm, output.arm);
    EXPECT_EQ(again.propensity, output.propensity);
    EXPECT_EQ(again.version, output.snapshot_version);
  }
}

TEST_F(RecomputedTest, BeginWithTheNewestStateBeforeThem) {
  const tests::TestFolder folder;
  const auto open = [&] {
    auto storage = storage::OpenRocksStorage({.folder = folder.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    OpenWith(*std::move(storage));
  };
  open();
  MakePool();
  const std::vector<RouteOutput> before = Play(30);
  engine_.reset();  // writes a snapshot
  open();
  const std::vector<RouteOutput> after = Play(30);
  const Recomputed last = Again(after.back().decision_id);
  EXPECT_EQ(last.result, Recomputed::Result::kSame) << last.why;
  EXPECT_GT(last.replayed, 0u);
  EXPECT_LT(last.replayed, 40u);
  EXPECT_EQ(Again(before.front().decision_id).result, Recomputed::Result::kSame);
}

TEST_F(RecomputedTest, AreNotFoundIfThereIsNoSuchDecision) {
  const auto recomputed = Await<Recomputed>(
      [&](auto done) { engine_->RecomputeDecision("default", "nothing", std::move(done)); });
  EXPECT_EQ(recomputed.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pointsman::engine
