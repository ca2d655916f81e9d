// Trade-offs, prices, latency and late feedback where the truth is known.
#include "synthetic.h"

#include <numeric>

#include "gtest/gtest.h"

namespace pointsman::learners {
namespace {

PoolSettings Settings(const std::string& model) {
  PoolSettings settings;
  settings.learner.quality_model = model;
  settings.cost_scale_usd = 0.01;
  settings.latency_scale_ms = 1000;
  return settings;
}

constexpr uint32_t kGood = 0, kCheap = 1, kFast = 2;

// One arm for each corner, and one that is worse than another in everything.
std::vector<SyntheticArm> Corners() {
  return {{.level = 0.85, .usd = 0.010, .latency_ms = 900},
          {.level = 0.55, .usd = 0.0005, .latency_ms = 700},
          {.level = 0.60, .usd = 0.006, .latency_ms = 100},
          {.level = 0.50, .usd = 0.011, .latency_ms = 950}};
}

// Share of each arm over `rounds` rounds: the sum of its draws.
std::vector<double> Play(SyntheticWorld& world, const Preference& preference, int rounds) {
  std::vector<double> shares(world.arms().size(), 0.0);
  for (int i = 0; i < rounds; ++i) shares[world.Play(preference).arm] += 1.0 / rounds;
  return shares;
}

TEST(Synthetic, EachCornerOfThePreferencesComesToItsArm) {
  const std::pair<Preference, uint32_t> corners[] = {
      {{1, 0, 0}, kGood}, {{0, 1, 0}, kCheap}, {{0, 0, 1}, kFast}};
  for (const char* model : QualityModelNames()) {
    for (const auto& [preference, arm] : corners) {
      SyntheticWorld world(Settings(model), Corners(), 1);
      Play(world, preference, 1200);
      const std::vector<double> shares = Play(world, preference, 400);
      EXPECT_GT(shares[arm], 0.9) << model << ", arm " << arm;
    }
  }
}

Preference RandomPreference(Rng& rng) {
  return Normalised(
      {-std::log(1 - rng.Uniform()), -std::log(1 - rng.Uniform()), -std::log(1 - rng.Uniform())});
}

// Mean regret of greedy answers to one preference.
double Regret(SyntheticWorld& world, const Preference& preference) {
  double regret = 0;
  for (int i = 0; i < 100; ++i) {
    const SyntheticRound round = world.Ask(preference, Mode::kGreedy);
    regret += (round.best - round.utility) / 100;
  }
  return regret;
}

TEST(Synthetic, OneStateTrainedOnEveryPreferenceServesThemAll) {
  for (const char* model : QualityModelNames()) {
    SyntheticWorld world(Settings(model), Corners(), 2);
    Rng rng(3);
    for (int i = 0; i < 3000; ++i) world.Play(RandomPreference(rng));
    EXPECT_EQ(world.Ask({0, 1, 0}, Mode::kGreedy).arm, kCheap) << model;
    EXPECT_EQ(world.Ask({0, 0, 1}, Mode::kGreedy).arm, kFast) << model;
    double regret = 0;
    for (int i = 0; i < 100; ++i) regret += Regret(world, RandomPreference(rng)) / 100;
    EXPECT_LT(regret, 0.01) << model;
  }
}

// The mean over the curve of quality against cost; 2% of a utility of 0.5 are 0.01.
TEST(Synthetic, OneStateOfTheHybridIsAsGoodAsElevenTrainedForOnePreferenceEach) {
  SyntheticWorld all(Settings("hybrid"), Corners(), 12);
  Rng rng(13);
  for (int i = 0; i < 3000; ++i) {
    const double cost = rng.Uniform();
    all.Play({1 - cost, cost, 0});
  }
  double of_all = 0, of_each = 0;
  for (int step = 0; step <= 10; ++step) {
    const Preference preference{1 - step / 10.0, step / 10.0, 0};
    SyntheticWorld one(Settings("hybrid"), Corners(), 14 + static_cast<uint64_t>(step));
    Play(one, preference, 3000);
    of_all += Regret(all, preference) / 11;
    of_each += Regret(one, preference) / 11;
  }
  EXPECT_LT(of_all, 0.01);
  EXPECT_LT(of_all, of_each + 0.005);
}

TEST(Synthetic, NothingIsSpentOnLearningWhatAPriceSays) {
  for (const char* model : QualityModelNames()) {
    const std::vector<SyntheticArm> arms = {{.level = 0.7, .usd = 0.001},
                                            {.level = 0.7, .usd = 0.009}};
    const PoolSettings settings = Settings(model);
    const double floor = settings.learner.exploration_floor / 2;
    // Cost alone: the floor from the first round on, exactly.
    SyntheticWorld only_cost(settings, arms, 4);
    for (int i = 0; i < 300; ++i) {
      const SyntheticRound round = only_cost.Play({0, 1, 0});
      ASSERT_NEAR(round.choice.candidates[1].probability, floor, 1e-12) << model;
    }
    // Half quality: uncertainty about the quality of two cold arms costs some first rounds only.
    SyntheticWorld half(settings, arms, 5);
    double dearer = 0;
    for (int i = 0; i < 1000; ++i) {
      dearer += half.Play({0.5, 0.5, 0}).choice.candidates[1].probability / 1000;
    }
    EXPECT_LT(dearer, floor + 0.01) << model;
  }
}

TEST(Synthetic, ANewPriceCountsFromTheNextDecision) {
  for (const char* model : QualityModelNames()) {
    SyntheticWorld world(Settings(model),
                         {{.level = 0.7, .usd = 0.001}, {.level = 0.7, .usd = 0.004}}, 6);
    Play(world, {0.5, 0.5, 0}, 800);
    EXPECT_GT(world.Ask({0.5, 0.5, 0}).choice.candidates[0].probability, 0.9) << model;

    world.arms()[0].usd = 0.010;
    world.PutArm(0);

    const SyntheticRound next = world.Ask({0.5, 0.5, 0});
    EXPECT_GT(next.choice.candidates[1].probability, 0.9) << model;
    EXPECT_NEAR(next.choice.candidates[0].expected.cost_usd, 0.010, 0.001) << model;
  }
}

TEST(Synthetic, ARemovedArmIsNeverChosenAndForgetsNothing) {
  for (const char* model : QualityModelNames()) {
    SyntheticWorld world(Settings(model), Corners(), 7);
    world.delay = [](Rng& rng) { return static_cast<int>(rng.Below(50)); };
    Play(world, {1, 0, 0}, 600);

    world.arms()[kGood].is_there = false;
    world.PutArm(kGood);
    const uint64_t outcomes = world.state().Figures(ArmId{kGood}, world.state().time()).outcomes;
    EXPECT_EQ(Play(world, {1, 0, 0}, 300)[kGood], 0) << model;
    // Outcomes that were pending when the arm was removed are still learned; nothing
    // else changes what is known.
    const ArmFigures gone = world.state().Figures(ArmId{kGood}, world.state().time());
    EXPECT_GT(gone.outcomes, outcomes) << model;
    EXPECT_NEAR(gone.level.mean, 0.85, 0.06) << model;

    world.arms()[kGood].is_there = true;
    world.PutArm(kGood);
    const ArmFigures back = world.state().Figures(ArmId{kGood}, world.state().time());
    EXPECT_EQ(back.outcomes, gone.outcomes) << model;
    EXPECT_EQ(back.level.mean, gone.level.mean) << model;
    EXPECT_GT(Play(world, {1, 0, 0}, 300)[kGood], 0.8) << model;
  }
}

// If outcomes arrive 1 to 1,000 rounds later in any order, and half never arrive, the arms stay in their
// order and the best one stays in use.
TEST(Synthetic, LateAndMissingFeedbackLeavesTheOrderOfTheArms) {
  for (const char* model : QualityModelNames()) {
    SyntheticWorld world(Settings(model),
                         {{.level = 0.4}, {.level = 0.8}, {.level = 0.2}, {.level = 0.6}}, 8);
    world.delay = [](Rng& rng) {
      return rng.Uniform() < 0.5 ? -1 : 1 + static_cast<int>(rng.Below(1000));
    };
    Play(world, {1, 0, 0}, 3500);
    EXPECT_GT(Play(world, {1, 0, 0}, 1000)[1], 0.85) << model;
    EXPECT_GT(world.ExpectedQuality(1), world.ExpectedQuality(3) + 0.05) << model;
    // ema explores by the floor alone, so it has seen almost nothing of the others.
    if (std::string(model) == "ema") continue;
    EXPECT_GT(world.ExpectedQuality(3), world.ExpectedQuality(0)) << model;
    EXPECT_GT(world.ExpectedQuality(0), world.ExpectedQuality(2)) << model;
  }
}

double MeanUtility(const std::string& model, bool is_late, uint64_t seed) {
  std::vector<SyntheticArm> arms(4, {.level = 0.5, .tilt = 0.6});
  SyntheticWorld world(Settings(model), std::move(arms), seed);
  if (is_late) {
    world.delay = [](Rng& rng) {
      return rng.Uniform() < 0.5 ? -1 : 1 + static_cast<int>(rng.Below(1000));
    };
  }
  double sum = 0;
  for (int i = 0; i < 5000; ++i) sum += world.Play({1, 0, 0}).utility / 5000;
  return sum;
}

TEST(Synthetic, LateAndMissingFeedbackLeavesTheOrderOfTheLearners) {
  for (const bool is_late : {false, true}) {
    const double blind = MeanUtility("context_free", is_late, 9);
    const double seeing = MeanUtility("hybrid", is_late, 9);
    EXPECT_GT(seeing, blind + 0.1) << (is_late ? "late" : "at once");
  }
  EXPECT_GT(MeanUtility("hybrid", true, 9), MeanUtility("hybrid", false, 9) - 0.06);
}

// Two arms that are as good; the faster one's latency triples. Its tracker passes the other's after
// log2(800 / 500) = 0.68 half-lives, here of 100 outcomes or of 100 seconds; the other's latency,
// known from the floor's few outcomes, adds its noise to that.
TEST(Synthetic, AnArmWhoseLatencyTriplesIsLeftWithinAHalfLifeAndAHalf) {
  for (const bool by_time : {false, true}) {
    for (const char* model : QualityModelNames()) {
      PoolSettings settings = Settings(model);
      (by_time ? settings.learner.half_life_s : settings.learner.half_life_outcomes) = 100;
      settings.learner.exploration_floor = 0.05;
      SyntheticWorld world(
          settings, {{.level = 0.7, .latency_ms = 400}, {.level = 0.7, .latency_ms = 700}}, 10);
      const Preference preference{0.1, 0, 0.9};
      Play(world, preference, 1000);
      EXPECT_GT(Play(world, preference, 200)[0], 0.95) << model;
      const double p95_ms =
          world.state().Figures(ArmId{0}, world.state().time()).tracker.latency_p95_ms;
      EXPECT_NEAR(p95_ms, 400 * std::exp(1.645 * 0.3), 120) << model;

      world.arms()[0].latency_ms = 1200;
      int outcomes = 0;
      for (int i = 0; i < 400; ++i) outcomes += world.Play(preference).arm == 0 ? 1 : 0;

      EXPECT_LT(outcomes, 150) << model << (by_time ? " by time" : " by count");
      EXPECT_LT(Play(world, preference, 200)[0], 0.05) << model;
    }
  }
}

TEST(Synthetic, TheTailOfALatencyThatTriplesIsSeenWithinAHalfLife) {
  const LearnerSettings settings;
  Rng rng(11);
  ArmTracker tracker;
  double clock = 0;
  const auto learn = [&](double median_ms, int outcomes) {
    for (int i = 0; i < outcomes; ++i) {
      OutcomeEvent event;
      event.outcome.latency_ms = median_ms * std::exp(0.3 * rng.Normal());
      clock += 1;
      tracker.Learn(settings, Arm{}, event, {0, clock});
    }
    return tracker.Figures(settings, Arm{}, {}, {0, clock}).latency_p95_ms;
  };
  const double exact_ms = 400 * std::exp(1.645 * 0.3);
  EXPECT_NEAR(learn(400, 3000) / exact_ms, 1, 0.25);
  EXPECT_NEAR(learn(1200, 150) / (3 * exact_ms), 1, 0.25);
}

}  // namespace
}  // namespace pointsman::learners
