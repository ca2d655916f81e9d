// Mode PREVIEW: a dry run decides as the real one would, and leaves nothing.
#include <functional>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

class Preview : public tests::EngineFixture {
 protected:
  absl::StatusOr<RouteOutput> Ask(
      Mode mode, const std::string& id,
      const std::function<void(RouteInput&)>& set = [](RouteInput&) {}) {
    RouteInput input;
    input.query = "a question";
    input.mode = mode;
    input.decision_id = id;
    input.arm_count = 2;
    input.explain = true;
    set(input);
    return engine_->Route(input);
  }
  void Teach() {
    for (int i = 0; i < 20; ++i) {
      const RouteOutput output = MustRoute("question " + std::to_string(i));
      ASSERT_TRUE(TellQuality(output.decision_id, output.arm == "beta" ? 0.9 : 0.4).ok());
    }
  }
};

TEST_F(Preview, DecidesAsExploreWouldForTheSameId) {
  Teach();
  for (int i = 0; i < 30; ++i) {
    const std::string id = "mine-" + std::to_string(i);
    const auto previewed = Ask(Mode::kPreview, id), real = Ask(Mode::kExplore, id);
    ASSERT_TRUE(previewed.ok() && real.ok());
    EXPECT_EQ(previewed->arm, real->arm);
    EXPECT_EQ(previewed->propensity, real->propensity);
    EXPECT_EQ(previewed->further[0].arm, real->further[0].arm);
    ASSERT_EQ(previewed->ranking.size(), real->ranking.size());
    for (std::size_t a = 0; a < real->ranking.size(); ++a) {
      EXPECT_EQ(previewed->ranking[a].probability, real->ranking[a].probability);
    }
    EXPECT_EQ(previewed->decision_id, id);
    EXPECT_FALSE(previewed->logged);
    EXPECT_TRUE(real->logged);
  }
}

TEST_F(Preview, LeavesNothing) {
  Teach();
  const uint64_t decisions = Stats().decisions, checksum = StateChecksumNow();
  for (const char* id : {"", "mine"}) {
    const auto previewed = Ask(Mode::kPreview, id);
    ASSERT_TRUE(previewed.ok()) << previewed.status();
    EXPECT_EQ(previewed->decision_id, id);
  }
  EXPECT_EQ(Stats().decisions, decisions);
  EXPECT_EQ(StateChecksumNow(), checksum);
  EXPECT_EQ(engine_->Explain("default", "mine").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(TellQuality("mine", 1).status()), reason::kDecisionUnknown);
}

TEST_F(Preview, UnderTheIdOfADecisionLeavesThatAsItWas) {
  const auto real = Ask(Mode::kExplore, "mine");
  ASSERT_TRUE(real.ok());
  // Of another request, which an EXPLORE under this id would be refused for.
  const auto previewed = Ask(Mode::kPreview, "mine", [](RouteInput& in) {
    in.query = "another question";
    in.constraints.allow_arms = {"gamma", "beta"};
  });
  ASSERT_TRUE(previewed.ok()) << previewed.status();
  EXPECT_FALSE(previewed->logged);
  const auto again = Ask(Mode::kExplore, "mine");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->arm, real->arm);
  EXPECT_EQ(again->ranking.size(), 3u);
}

TEST_F(Preview, ChangesNoDecisionThatComesAfterIt) {
  const auto live = [&](int previews) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    MakePool();
    std::vector<std::string> seen;
    for (int i = 0; i < 20; ++i) {
      for (int p = 0; p < previews; ++p) EXPECT_TRUE(Ask(Mode::kPreview, "").ok());
      const auto real = Ask(Mode::kExplore, "");
      EXPECT_TRUE(real.ok());
      seen.push_back(real->decision_id + " " + real->arm);
    }
    return seen;
  };
  EXPECT_EQ(live(0), live(3));
}

TEST_F(Preview, InABatchStandsBesideOthers) {
  std::vector<RouteInput> inputs(3);
  for (RouteInput& input : inputs) input.query = "a question";
  inputs[1].mode = Mode::kPreview;
  const auto outputs = engine_->RouteBatch(inputs);
  ASSERT_TRUE(outputs[0].ok() && outputs[1].ok() && outputs[2].ok());
  EXPECT_FALSE(outputs[0]->decision_id.empty());
  EXPECT_TRUE(outputs[1]->decision_id.empty());
  EXPECT_FALSE(outputs[1]->arm.empty());
  EXPECT_EQ(Stats().decisions, 2u);
}

TEST_F(Preview, SaysWhatIsWrongAsTheRealOneDoes) {
  const auto spoil = [](RouteInput& in) { in.constraints.require_tags = {"nobody has it"}; };
  const auto previewed = Ask(Mode::kPreview, "", spoil), real = Ask(Mode::kExplore, "", spoil);
  EXPECT_EQ(previewed.status(), real.status());
  EXPECT_EQ(ReasonOf(previewed.status()), reason::kNoArmPasses);
}

}  // namespace
}  // namespace pointsman::engine
