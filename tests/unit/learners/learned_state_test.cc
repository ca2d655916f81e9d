#include "learners/state/learned_state.h"

#include <cmath>
#include <limits>
#include <string>

#include "base/rng.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "log_builder.h"

namespace pointsman::learners {
namespace {

constexpr uint32_t kDimension = 6;

LearnedState EmptyState(const Pool& pool) {
  auto state = LearnedState::Empty(pool);
  EXPECT_TRUE(state.ok()) << state.status();
  return std::move(state).value();
}

LogBuilder RandomLog(const std::string& model, int outcomes, uint32_t arms = 4) {
  Pool pool = TestPool(model, kDimension);
  pool.settings.learner.forget_outcomes = 300;
  LogBuilder log(pool);
  log.AddArms(arms);
  Rng rng(42);
  for (int i = 0; i < outcomes; ++i) log.AddRandomOutcome(rng, arms);
  return log;
}

LearnedState Learned(const LogBuilder& log) {
  LearnedState state = EmptyState(log.pool());
  const absl::Status status = state.Learn(log.events());
  EXPECT_TRUE(status.ok()) << status;
  return state;
}

TEST(LearnedState, IsTheSameWhetherEventsComeOneByOneOrInBatches) {
  for (const char* model : QualityModelNames()) {
    const LogBuilder log = RandomLog(model, 400);
    const std::string whole = Learned(log).Encode();

    LearnedState one_by_one = EmptyState(log.pool());
    LearnedState batches = EmptyState(log.pool());
    const std::span<const Event> events = log.events();
    for (std::size_t i = 0; i < events.size(); ++i) {
      ASSERT_TRUE(one_by_one.Learn(events.subspan(i, 1)).ok());
      if (i % 7 == 0) {
        const std::size_t count = std::min<std::size_t>(7, events.size() - i);
        ASSERT_TRUE(batches.Learn(events.subspan(i, count)).ok());
      }
    }

    EXPECT_EQ(one_by_one.Encode(), whole) << model;
    EXPECT_EQ(batches.Encode(), whole) << model;
    EXPECT_EQ(batches.version(), events.size());
    EXPECT_EQ(batches.outcomes(), 400u);
  }
}

TEST(LearnedState, AppliesWithoutTouchingItsArgument) {
  for (const char* model : QualityModelNames()) {
    const LogBuilder log = RandomLog(model, 300);
    const std::span<const Event> events = log.events();
    LearnedState state = EmptyState(log.pool());
    ASSERT_TRUE(state.Learn(events.first(150)).ok());
    const std::string before = state.Encode();
    const uint64_t checksum = StateChecksum(state);

    const auto next = Apply(state, events.subspan(150));

    ASSERT_TRUE(next.ok());
    EXPECT_EQ(state.Encode(), before) << model;
    EXPECT_EQ(StateChecksum(state), checksum);
    EXPECT_EQ(next->Encode(), Learned(log).Encode()) << model;
    EXPECT_NE(StateChecksum(*next), checksum);
  }
}

TEST(LearnedState, GoesOnFromItsSnapshotAsIfNothingHadHappened) {
  for (const char* model : QualityModelNames()) {
    const LogBuilder log = RandomLog(model, 700);
    const std::span<const Event> events = log.events();
    for (const std::size_t cut : {1, 3, 50, 333}) {
      LearnedState state = EmptyState(log.pool());
      ASSERT_TRUE(state.Learn(events.first(cut)).ok());
      const std::string bytes = state.Encode();

      auto decoded = LearnedState::Decode(bytes);

      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(decoded->Encode(), bytes);
      EXPECT_EQ(decoded->pool(), log.pool());
      ASSERT_TRUE(decoded->Learn(events.subspan(cut)).ok());
      EXPECT_EQ(decoded->Encode(), Learned(log).Encode()) << model << " cut at " << cut;
    }
  }
}

TEST(LearnedState, KeepsAllSettingsInItsBytes) {
  LogBuilder log = RandomLog("hybrid", 50);
  Pool pool = log.pool();
  pool.settings.client_weight_per_hour = 12.5;
  pool.settings.latency_kind = LatencyKind::kFirstToken;
  pool.settings.strict_names = true;
  pool.settings.holdout_share = 0.05;
  pool.settings.holdout_arm = "baseline";
  log.Add(PoolEvent{pool});
  Arm arm = TestArm(0);
  arm.usd_per_request = 0.01;
  arm.usd_per_1m_cached_input = 0.1;
  arm.price_tiers = {{200'000, 2, std::nullopt, 0.5}};
  arm.output_tokens_max = 4096;
  arm.version = "2";
  arm.aliases = {"old", "older"};
  log.Add(ArmEvent{arm});
  const std::string bytes = Learned(log).Encode();
  EXPECT_EQ(bytes.substr(0, 8), "PMLEARN6");
  const auto decoded = LearnedState::Decode(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->pool(), pool);
  EXPECT_EQ(*decoded->arm(arm.id), arm);
  EXPECT_EQ(decoded->Encode(), bytes);
}

TEST(LearnedState, RefusesBytesThatItDidNotWrite) {
  for (const char* model : QualityModelNames()) {
    const std::string bytes = Learned(RandomLog(model, 120, 2)).Encode();
    for (std::size_t length = 0; length < bytes.size(); length += 1 + length / 200) {
      const auto decoded = LearnedState::Decode(std::string_view(bytes).substr(0, length));
      ASSERT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss) << length;
    }
    EXPECT_FALSE(LearnedState::Decode(bytes + "x").ok());
    // Without storage's checksum a changed number may pass for another state; it must then be one
    // that encodes and estimates like any other, and never crash or ask for absurd memory.
    Rng rng(9);
    for (int round = 0; round < 3000; ++round) {
      std::string broken = bytes;
      for (uint64_t flips = 1 + rng.Below(3); flips > 0; --flips) {
        const uint64_t bit = rng.Below(
            8 * (rng.Below(2) == 0 ? std::min<uint64_t>(400, bytes.size()) : bytes.size()));
        broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
      }
      const auto decoded = LearnedState::Decode(broken);
      if (!decoded.ok()) {
        ASSERT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss) << decoded.status();
      } else {
        ASSERT_TRUE(decoded->Encode() == broken) << model << " round " << round;
      }
    }
    for (int round = 0; round < 500; ++round) {
      std::string noise = bytes.substr(0, rng.Below(300));
      while (noise.size() < 600) noise += static_cast<char>(rng.Below(256));
      ASSERT_EQ(LearnedState::Decode(noise).status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(LearnedState, RefusesEventsThatDoNotFit) {
  const LogBuilder log = RandomLog("lin_thompson", 3);
  const auto refuse = [&](auto change, absl::StatusCode code, const char* words) {
    LearnedState state = Learned(log);
    OutcomeEvent outcome;
    outcome.arm = ArmId{1};
    outcome.outcome.quality = 0.5;
    Event event{log.events().size() + 1, log.time(), log.pool().id, outcome};
    change(event, std::get<OutcomeEvent>(event.body));
    const absl::Status status = state.Learn({&event, 1});
    EXPECT_EQ(status.code(), code) << words;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(words));
  };
  const auto data_loss = absl::StatusCode::kDataLoss;
  const auto invalid = absl::StatusCode::kInvalidArgument;
  const double nan = std::nan("");

  refuse([](Event& e, OutcomeEvent&) { e.sequence += 1; }, data_loss, "missing or repeated");
  refuse([](Event& e, OutcomeEvent&) { e.sequence -= 1; }, data_loss, "missing or repeated");
  refuse([](Event& e, OutcomeEvent&) { e.time -= 1; }, data_loss, "time");
  refuse([](Event& e, OutcomeEvent&) { e.pool = PoolId{99}; }, invalid, "pool 99");
  refuse([](Event&, OutcomeEvent& o) { o.arm = ArmId{4}; }, invalid, "no arm has the id 4");
  refuse([](Event&, OutcomeEvent& o) { o.context = {1, 0, 0, 0, 0, 0, 0, 0, 0}; }, invalid,
         "context");
  refuse([&](Event&, OutcomeEvent& o) { o.context.assign(6, static_cast<float>(nan)); }, invalid,
         "context");
  refuse([&](Event&, OutcomeEvent& o) { o.outcome.quality = nan; }, invalid, "quality");
  refuse([](Event&, OutcomeEvent& o) { o.outcome.quality = 1.5; }, invalid, "quality");
  refuse([](Event&, OutcomeEvent& o) { o.outcome.latency_ms = -1; }, invalid, "latency_ms");
  refuse([](Event&, OutcomeEvent& o) { o.corrects.cost_usd = HUGE_VAL; }, invalid, "cost_usd");
  refuse([&](Event&, OutcomeEvent& o) { o.weight = nan; }, invalid, "weight");
  refuse([&](Event&, OutcomeEvent& o) { o.features.neighbour_count = HUGE_VALF; }, invalid,
         "features");

  LearnedState state = Learned(log);
  Event skipping{log.events().size() + 1, log.time(), log.pool().id, ArmEvent{TestArm(5)}};
  EXPECT_EQ(state.Learn({&skipping, 1}).code(), data_loss);
  Pool other = log.pool();
  other.settings.embedder.projected = 7;
  Event moved{log.events().size() + 1, log.time(), log.pool().id, PoolEvent{other}};
  EXPECT_EQ(Learned(log).Learn({&moved, 1}).code(), invalid);
}

TEST(LearnedState, RefusesPoolsThatNoLearnerCanFollow) {
  Pool pool = TestPool("lin_thomson", kDimension);
  EXPECT_THAT(
      std::string(LearnedState::Empty(pool).status().message()),
      testing::AllOf(testing::HasSubstr("lin_thomson"), testing::HasSubstr("context_free")));
  for (const auto change : std::initializer_list<void (*)(PoolSettings&)>{
           [](PoolSettings& s) { s.embedder.projected = 0; },
           [](PoolSettings& s) { s.embedder.projected = 4'000'000'000u; },
           [](PoolSettings& s) { s.cost_scale_usd = 0; },
           [](PoolSettings& s) { s.latency_scale_ms = -1; },
           [](PoolSettings& s) { s.learner.half_life_s = 0; },
           [](PoolSettings& s) { s.learner.half_life_outcomes = std::nan(""); },
           [](PoolSettings& s) { s.learner.forget_outcomes = -1; },
           [](PoolSettings& s) { s.learner.exploration_floor = 2; }}) {
    Pool wrong = TestPool("context_free", kDimension);
    change(wrong.settings);
    EXPECT_EQ(LearnedState::Empty(wrong).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(LearnedState, LogsALateOutcomeWithoutLearningFromIt) {
  LogBuilder log = RandomLog("lin_thompson", 50);
  const LearnedState before = Learned(log);
  OutcomeEvent late;
  late.arm = ArmId{0};
  late.outcome.quality = 1;
  late.outcome.latency_ms = 5;
  late.is_learned = false;
  log.Add(late);

  const LearnedState after = Learned(log);

  EXPECT_EQ(after.version(), before.version() + 1);
  EXPECT_EQ(after.time(), log.time());
  EXPECT_EQ(after.outcomes(), before.outcomes());
  // Beyond the magic, the version and the time (8 bytes each) nothing differs.
  EXPECT_EQ(after.Encode().substr(24), before.Encode().substr(24));
}

// The weight of so many outcomes that fade with the default half-life.
double Effective(int outcomes) {
  double weight = 0;
  for (int i = 0; i < outcomes; ++i) weight += std::exp2(-i / LearnerSettings().half_life_outcomes);
  return weight;
}

TEST(LearnedState, ExpectsQualityOnlyOfAnsweredCalls) {
  LogBuilder log(TestPool("context_free", kDimension));
  log.AddArms(1);
  for (int i = 0; i < 400; ++i) {
    OutcomeEvent event;
    event.arm = ArmId{0};
    if (i % 4 == 0) {
      event.outcome.error = true;
      event.outcome.quality = 0;  // says nothing about the answers it gives
    } else {
      event.outcome.quality = 0.8;
    }
    log.Add(event, 0);
  }
  const LearnedState state = Learned(log);

  ArmView view;
  view.arm = state.arm(ArmId{0});
  const ArmExpectation expected = state.Estimate({}, {&view, 1})[0];

  EXPECT_NEAR(expected.quality, 0.8 * 0.75, 0.01);
  const QualityEstimate level = state.Figures(ArmId{0}, state.time()).level;
  EXPECT_NEAR(level.mean, 0.8, 0.01);
  // The doubt about the level, and that about the error rate: Beta(100, 304).
  const double e = expected.error_rate;
  const double doubt = level.mean * std::sqrt(e * (1 - e) / (Effective(400) + 5));
  EXPECT_NEAR(expected.quality_stddev, std::hypot(0.75 * level.stddev, doubt), 0.002);
}

double CostOf(const LearnedState& state, const Arm& arm) {
  return state.ExpectCall(arm, {.context = {}, .input_tokens = 1000}).cost_usd;
}

TEST(LearnedState, PricesACallByItsTokensAndCorrectsThePrice) {
  LogBuilder log(TestPool("context_free", kDimension));
  Arm priced = TestArm(0);
  priced.usd_per_1m_input = 2;
  priced.usd_per_1m_output = 10;
  priced.prior_output_tokens = 300;
  log.Add(ArmEvent{priced});
  log.Add(ArmEvent{TestArm(1)});
  const LearnedState young = Learned(log);
  // 1000 * 2e-6 + 300 * 10e-6 = 0.005; without a price nothing is known yet.
  EXPECT_NEAR(CostOf(young, priced), 0.005, 1e-12);
  EXPECT_FALSE(young.ExpectCall(TestArm(1), {.context = {}, .input_tokens = 1000}).is_cost_known);

  for (int i = 0; i < 20; ++i) {
    OutcomeEvent event;
    event.arm = ArmId{static_cast<uint32_t>(i % 2)};
    event.outcome.cost_usd = i % 2 == 0 ? 0.006 : 0.03;
    event.input_tokens_estimate = event.input_tokens_expected = 1000;
    event.output_tokens_expected = 300;
    log.Add(event);
  }
  const LearnedState state = Learned(log);
  EXPECT_NEAR(CostOf(state, priced), 0.006, 0.00003);
  EXPECT_NEAR(state.ExpectCall(priced, {.context = {}, .input_tokens = 1000}).priced_usd, 0.005,
              1e-12);
  EXPECT_NEAR(CostOf(state, TestArm(1)), 0.03, 1e-9);

  // A new price is effective at once.
  priced.usd_per_1m_input = 0;
  priced.usd_per_1m_output = 20;
  log.Add(ArmEvent{priced});
  EXPECT_NEAR(CostOf(Learned(log), *Learned(log).arm(ArmId{0})), 0.006 * 1.2, 0.0001);
}

TEST(LearnedState, MovesAMeanWithoutPrecisionWhenCorrected) {
  for (const char* model : QualityModelNames()) {
    // The hybrids take a correction up when their schedule solves next: oracles_test.cc.
    if (std::string_view(model).starts_with("hybrid")) continue;
    const auto learn = [&](double first, std::optional<double> corrected) {
      LogBuilder log = RandomLog(model, 60, 1);
      OutcomeEvent event;
      event.arm = ArmId{0};
      Rng rng(3);
      event.context = UnitVector(rng, kDimension);
      event.outcome.quality = first;
      log.Add(event, 0);
      if (corrected) {
        event.is_first = false;
        event.outcome.quality = *corrected;
        event.corrects.quality = first;
        log.Add(event, 0);
      }
      LearnedState state = Learned(log);
      ArmView view;
      view.arm = state.arm(ArmId{0});
      return state.Estimate({event.context, 0}, {&view, 1})[0];
    };
    const ArmExpectation corrected = learn(1, 0.2), straight = learn(0.2, std::nullopt);
    EXPECT_NEAR(corrected.quality, straight.quality, 1e-12) << model;
    EXPECT_NEAR(corrected.quality_stddev, straight.quality_stddev, 1e-12) << model;
  }
}

TEST(LearnedState, TakesNewSettingsWithoutForgettingWhatItKnows) {
  for (const char* model : QualityModelNames()) {
    LogBuilder log = RandomLog(model, 200);
    const LearnedState before = Learned(log);
    Pool changed = log.pool();
    changed.settings.learner.forget_outcomes = 50;
    changed.settings.learner.exploration = "squarecb";
    log.Add(PoolEvent{changed});
    const LearnedState after = Learned(log);
    EXPECT_EQ(after.pool(), changed);
    Rng rng(8);
    const std::vector<float> context = UnitVector(rng, kDimension);
    for (uint32_t arm = 0; arm < 4; ++arm) {
      ArmView view;
      view.arm = after.arm(ArmId{arm});
      QueryView query;
      query.context = context;
      query.input_tokens = 10;
      query.now = after.time();
      const ArmExpectation a = after.Estimate(query, {&view, 1})[0];
      const ArmExpectation b = before.Estimate(query, {&view, 1})[0];
      // Between two forgettings a slope fades along the query's direction alone; now it is solved.
      EXPECT_NEAR(a.quality, b.quality, 1e-3) << model;
      EXPECT_NEAR(a.quality_stddev, b.quality_stddev, 1e-3) << model;
      EXPECT_NEAR(a.latency_ms, b.latency_ms, 1e-5) << model;
      EXPECT_NEAR(a.cost_usd, b.cost_usd, 1e-9) << model;
    }
    Rng more(4);
    for (int i = 0; i < 50; ++i) log.AddRandomOutcome(more, 4);
    EXPECT_EQ(Learned(log).version(), log.events().size()) << model;
  }
}

}  // namespace
}  // namespace pointsman::learners
