#include "learners/choice/exploration.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <numeric>
#include <string>

#include "base/rng.h"
#include "chi_square.h"
#include "domain/draw.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pointsman::learners {
namespace {

using Numbers = std::vector<double>;
constexpr const char* kNames[] = {"thompson", "squarecb", "epsilon_greedy", "softmax", "greedy"};

LearnerSettings Settings(const char* exploration, double floor = 0.005) {
  LearnerSettings settings;
  settings.exploration = exploration;
  settings.exploration_floor = floor;
  return settings;
}

// Means and deviations from tame to absurd: zeros, ties, 600 orders of magnitude.
constexpr int kKinds = 10;
void FillExtreme(Rng& rng, int kind, Numbers& means, Numbers& stddevs) {
  constexpr double kScales[] = {0, 1e-300, 1e-9, 1, 1e300};
  const double gap = std::pow(10, 600 * rng.Uniform() - 300);
  for (std::size_t i = 0; i < means.size(); ++i) {
    const double sign = rng.Uniform() < 0.5 ? -1 : 1;
    switch (kind) {
      case 0:
        means[i] = rng.Uniform(), stddevs[i] = 0.1 * rng.Uniform();
        break;
      case 1:
        means[i] = sign * std::pow(10, 12 * rng.Uniform() - 6),
        stddevs[i] = std::pow(10, 12 * rng.Uniform() - 6);
        break;
      case 2:
        means[i] = static_cast<double>(rng.Below(3)), stddevs[i] = rng.Uniform() < 0.5 ? 0 : 1;
        break;
      case 3:
        means[i] = sign * std::pow(10, 600 * rng.Uniform() - 300),
        stddevs[i] = std::pow(10, 600 * rng.Uniform() - 300);
        break;
      case 4:
        means[i] = sign * DBL_MAX, stddevs[i] = DBL_MAX;
        break;
      case 5:
        means[i] = 0, stddevs[i] = 0;
        break;
      case 6:  // equal means under any deviations
        means[i] = 0.5, stddevs[i] = kScales[rng.Below(5)];
        break;
      case 7:  // two heaps, a gap apart
        means[i] = rng.Uniform() < 0.5 ? gap : 0, stddevs[i] = 0.1;
        break;
      case 8:
        means[i] = rng.Uniform() < 0.5 ? gap : 0, stddevs[i] = kScales[rng.Below(5)];
        break;
      default:
        means[i] = sign * DBL_MIN / 4, stddevs[i] = DBL_MIN / 8;
        break;
    }
  }
}

TEST(Exploration, SumsToOneAboveTheFloorForAnyInput) {
  Rng rng(11);
  for (const char* name : kNames) {
    for (int kind = 0; kind < kKinds; ++kind) {
      for (const std::size_t k : {1, 2, 3, 8, 64, 1000, 10'000}) {
        Numbers means(k), stddevs(k);
        FillExtreme(rng, kind, means, stddevs);

        const Numbers pmf = Distribution(Settings(name, 0.01), means, stddevs);

        ASSERT_NEAR(std::accumulate(pmf.begin(), pmf.end(), 0.0), 1, 1e-12)
            << name << " kind " << kind << " k " << k;
        const double least = *std::min_element(pmf.begin(), pmf.end());
        ASSERT_GE(least, 0.01 / static_cast<double>(k)) << name << " kind " << kind << " k " << k;
      }
    }
  }
}

TEST(Exploration, FollowsThePermutationOfItsCandidates) {
  Rng rng(12);
  for (const char* name : kNames) {
    for (int kind = 0; kind < 2 * kKinds; ++kind) {
      const std::size_t k = kind < kKinds ? 9 : 700;
      Numbers means(k), stddevs(k);
      FillExtreme(rng, kind % kKinds, means, stddevs);
      std::vector<std::size_t> order(k);
      std::iota(order.begin(), order.end(), std::size_t{0});
      for (std::size_t i = k - 1; i > 0; --i) std::swap(order[i], order[rng.Below(i + 1)]);
      Numbers permuted_means, permuted_stddevs;
      for (const std::size_t i : order) {
        permuted_means.push_back(means[i]);
        permuted_stddevs.push_back(stddevs[i]);
      }

      const Numbers pmf = Distribution(Settings(name), means, stddevs);
      const Numbers permuted = Distribution(Settings(name), permuted_means, permuted_stddevs);

      for (std::size_t i = 0; i < order.size(); ++i) {
        ASSERT_NEAR(permuted[i], pmf[order[i]], 1e-12) << name << " kind " << kind;
      }
    }
  }
}

TEST(Exploration, SpreadsTheFloorsMassEvenlyAndTakesItFromAllAlike) {
  Rng rng(14);
  for (const char* name : kNames) {
    for (const double floor : {0.0, 1e-12, 0.005, 0.3, 1.0}) {
      Numbers means(7), stddevs(7);
      FillExtreme(rng, 0, means, stddevs);

      const Numbers without = Distribution(Settings(name, 0), means, stddevs);
      const Numbers with = Distribution(Settings(name, floor), means, stddevs);

      for (std::size_t i = 0; i < 7; ++i) {
        EXPECT_NEAR(with[i], (1 - floor) * without[i] + floor / 7, 1e-15) << name << " " << floor;
      }
    }
  }
}

TEST(Exploration, GivesABetterArmNoSmallerShare) {
  Rng rng(15);
  for (const char* name : kNames) {
    for (int round = 0; round < 200; ++round) {
      Numbers means(6), stddevs(6, 0.1);
      FillExtreme(rng, 0, means, stddevs);
      const Numbers before = Distribution(Settings(name), means, stddevs);
      const std::size_t i = rng.Below(6);
      means[i] += 0.2 * rng.Uniform();
      const Numbers after = Distribution(Settings(name), means, stddevs);
      // What thompson integrates, it integrates to 1e-9.
      ASSERT_GE(after[i], before[i] - 1e-9) << name;
    }
  }
}

TEST(Exploration, IsUniformWhenNothingTellsCandidatesApart) {
  for (const char* name : kNames) {
    const Numbers pmf = Distribution(Settings(name), Numbers(5, 0.5), Numbers(5, 0.1));
    for (const double p : pmf) EXPECT_NEAR(p, 0.2, 1e-12) << name;
  }
}

TEST(Exploration, WeighsInverseGaps) {
  // k = 3, gamma = 10, gaps 0.1 and 0.3: 1/(3+1) = 0.25 and 1/(3+3) = 1/6, the rest for the best.
  LearnerSettings settings = Settings("squarecb", 0);
  settings.squarecb_gamma = 10;

  const Numbers pmf = Distribution(settings, Numbers{0.4, 0.5, 0.2}, Numbers(3, 0.0));

  EXPECT_NEAR(pmf[0], 0.25, 1e-12);
  EXPECT_NEAR(pmf[1], 1 - 0.25 - 1.0 / 6, 1e-12);
  EXPECT_NEAR(pmf[2], 1.0 / 6, 1e-12);
}

TEST(Exploration, SplitsEpsilonEvenlyAndGivesTheRestToTheBest) {
  LearnerSettings settings = Settings("epsilon_greedy", 0);
  settings.epsilon = 0.1;

  const Numbers pmf = Distribution(settings, Numbers{0.4, 0.5, 0.5, 0.1}, Numbers(4, 0.0));

  EXPECT_THAT(pmf,
              testing::Pointwise(testing::DoubleNear(1e-12), Numbers{0.025, 0.475, 0.475, 0.025}));
}

TEST(Exploration, FallsOffByTheTemperature) {
  LearnerSettings settings = Settings("softmax", 0);
  settings.temperature = 0.1;

  const Numbers pmf = Distribution(settings, Numbers{0.4, 0.5}, Numbers(2, 0.0));

  EXPECT_NEAR(pmf[1] / pmf[0], std::exp(1.0), 1e-9);
}

TEST(Exploration, ScalesTheDeviationsOfThompsonAlone) {
  const Numbers means = {0.4, 0.5}, stddevs = {0.1, 0.1};
  for (const char* name : kNames) {
    LearnerSettings settings = Settings(name, 0);
    const Numbers before = Distribution(settings, means, stddevs);
    settings.exploration_scale = 2;
    const Numbers after = Distribution(settings, means, stddevs);
    EXPECT_EQ(before != after, std::string(name) == "thompson") << name;
  }
}

TEST(Exploration, RefusesWhatItCannotFollowAndSaysWhatThereIs) {
  LearnerSettings settings;
  EXPECT_TRUE(ValidateExploration(settings).ok());

  settings.exploration = "tomson";
  EXPECT_THAT(
      std::string(ValidateExploration(settings).message()),
      testing::AllOf(testing::HasSubstr("\"tomson\""), testing::HasSubstr("thompson, squarecb")));

  settings = {};
  for (double LearnerSettings::*knob :
       {&LearnerSettings::exploration_floor, &LearnerSettings::exploration_scale,
        &LearnerSettings::epsilon, &LearnerSettings::temperature,
        &LearnerSettings::squarecb_gamma}) {
    for (const double bad : {-0.1, std::nan(""), HUGE_VAL}) {
      LearnerSettings wrong;
      wrong.*knob = bad;
      EXPECT_EQ(ValidateExploration(wrong).code(), absl::StatusCode::kInvalidArgument);
    }
  }
}

TEST(SampleIndex, NeverDrawsWhatHasNoProbability) {
  const Numbers pmf = {0, 0.25, 0, 0.75 - 1e-13, 0};
  for (const double u : {0.0, 0.24999, 0.25, 0.9, 1 - 1e-16, 0.9999999999999999}) {
    const std::size_t i = SampleIndex(pmf, u);
    EXPECT_TRUE(i == 1 || i == 3) << u;
  }
  EXPECT_EQ(SampleIndex(pmf, 0), 1u);
  EXPECT_EQ(SampleIndex(pmf, 1 - 1e-16), 3u);
}

// Ids as callers make them (counted) and as we make them (32 hex digits).
std::string DecisionId(bool is_hashed, uint64_t count) {
  if (!is_hashed) return std::to_string(count);
  const std::string bytes(reinterpret_cast<const char*>(&count), sizeof(count));
  std::array<char, 33> id{};
  std::snprintf(id.data(), id.size(), "%016llx%016llx", static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(SipHash({5, 6}, bytes)));
  return id.data();
}

TEST(SampleIndex, DrawsAsOftenAsTheDistributionSaysForAnyDecisionIds) {
  Rng rng(13);
  const SipKey secret{0x1234, 0x9876};
  constexpr uint64_t kDraws = 40'000;
  uint64_t next_id = 0;
  for (const bool is_hashed : {false, true}) {
    for (const char* name : kNames) {
      for (const std::size_t k : {2, 8, 300}) {
        Numbers means(k), stddevs(k), counts(k, 0.0);
        FillExtreme(rng, 0, means, stddevs);
        const Numbers pmf = Distribution(Settings(name, 0.2), means, stddevs);
        for (uint64_t i = 0; i < kDraws; ++i) {
          const double u = DrawUniform(secret, PoolId{1}, DecisionId(is_hashed, ++next_id),
                                       DrawPurpose::kChooseArm);
          counts[SampleIndex(pmf, u)] += 1;
        }
        EXPECT_LT(ChiSquareDeviate(counts, pmf), 3.7) << name << " k " << k << " " << is_hashed;
      }
    }
  }
}

TEST(SampleIndex, DrawsTheOnlyArmThereIs) {
  for (const char* name : kNames) {
    for (const double sd : {0.0, 0.1, DBL_MAX}) {
      const Numbers pmf = Distribution(Settings(name), Numbers{-1e300}, Numbers{sd});
      EXPECT_EQ(pmf, Numbers{1.0});
      EXPECT_EQ(SampleIndex(pmf, 0), 0u);
      EXPECT_EQ(SampleIndex(pmf, 1 - 1e-16), 0u);
    }
  }
}

}  // namespace
}  // namespace pointsman::learners
