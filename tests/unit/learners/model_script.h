// A random history of a quality model: arms that join at the start and later, with priors and without, whose
// priors change; outcomes with every weight, with and without vectors, features and votes; a best arm that
// falls and rises; corrections of any earlier outcome; snapshots that are written and read in the middle. An
// oracle gets the same history, and every answer must agree.
// Threads: values.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "log_builder.h"
#include "slow_model.h"

namespace pointsman::learners {

struct Script {
  uint64_t seed = 1;
  int rounds = 4000;
  uint32_t arms = 6;  // the last two join at 1/3 and at 2/3 of the rounds
  uint32_t dimension = 4;
  int snapshot_every = 501;
  int ask_every = 37;
};

class ModelAgainstOracle {
 public:
  ModelAgainstOracle(LearnerSettings settings, Script script, std::unique_ptr<QualityModel> model,
                     SlowModel& oracle)
      : settings_(std::move(settings)),
        script_(script),
        rng_(script.seed),
        model_(std::move(model)),
        oracle_(oracle),
        arms_(script.arms + 1),
        is_known_(arms_.size()),
        told_(arms_.size()) {
    for (uint32_t i = 0; i < arms_.size(); ++i) arms_[i] = TestArm(i);
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      directions_.push_back(UnitVector(rng_, script.dimension));
    }
  }

  void Run() {
    model_->BeginEdit();
    for (int round = 0; round < script_.rounds && !testing::Test::HasFailure(); ++round) {
      ComeAndChange(round);
      Outcome(round);
      if (rng_.Uniform() < 0.05) Correction();
      if (rng_.Uniform() < 0.02) Withdrawal();
      if (round % script_.snapshot_every == script_.snapshot_every - 1) ReadBack();
      if (round % script_.ask_every == 0 || round < 80) Ask("round " + std::to_string(round));
    }
    model_->EndEdit();
  }

 private:
  struct Told {
    std::vector<float> context;
    Observation observation;  // its context is `context`
  };

  void Put(uint32_t i, bool has_prior) {
    arms_[i].prior_quality.reset();
    arms_[i].prior_strength = 0;
    if (has_prior) {
      arms_[i].prior_quality = rng_.Uniform();
      arms_[i].prior_strength = static_cast<double>(rng_.Below(3)) * 4;  // 0: left to the model
    }
    is_known_[i] = true;
    model_->PutArm(arms_[i]);
    oracle_.PutArm(arms_[i]);
  }

  void ComeAndChange(int round) {
    const uint32_t k = script_.arms;
    for (uint32_t i = 0; i < k; ++i) {
      const int comes = i + 2 < k ? 0 : (i + 1 < k ? script_.rounds / 3 : 2 * script_.rounds / 3);
      if (round == comes) Put(i, i % 2 == 1);
    }
    if (rng_.Uniform() < 0.003) Put(Known(), rng_.Uniform() < 0.5);
  }

  uint32_t Known() {
    while (true) {
      const auto i = static_cast<uint32_t>(rng_.Below(script_.arms));
      if (is_known_[i]) return i;
    }
  }

  ArmFeatures Features() {
    ArmFeatures features;
    if (rng_.Uniform() < 0.7) {
      features.neighbour_quality = static_cast<float>(rng_.Uniform());
      features.neighbour_count = static_cast<float>(5 * rng_.Uniform());
    }
    if (rng_.Uniform() < 0.7) features.description_similarity = static_cast<float>(rng_.Normal());
    if (rng_.Uniform() < 0.7) features.description_lead = static_cast<float>(rng_.Normal());
    if (rng_.Uniform() < 0.7) {
      for (float& ratio : features.votes.ratio) ratio = static_cast<float>(2 * rng_.Uniform());
      features.votes.par = static_cast<float>(rng_.Uniform());
      if (rng_.Uniform() < 0.02) features.votes.ratio[0] = 60;  // beyond what one outcome may move
    }
    return features;
  }

  void Outcome(int round) {
    constexpr double kWeights[] = {1, 1, 1, 0.5, 0.25, 3};
    Told told;
    const uint32_t i = Known();
    Observation& o = told.observation;
    double quality = 0.2 + 0.5 * i / script_.arms;
    if (rng_.Uniform() < 0.9) {
      told.context = UnitVector(rng_, script_.dimension);
      for (std::size_t j = 0; j < told.context.size(); ++j) {
        quality += 0.4 * double{told.context[j]} * double{directions_[i][j]};
      }
    }
    // Arm 1 goes bad for a while, so that detectors of change have something to detect.
    if (i == 1 && (round * 5 / script_.rounds) % 2 == 1) quality += 0.6;
    o.arm = ArmId{i};
    o.features = Features();
    o.quality = rng_.Uniform() < 0.3 ? std::clamp(quality, 0.0, 1.0)
                                     : (rng_.Uniform() < quality ? 1.0 : 0.0);
    o.weight = kWeights[rng_.Below(6)];
    o.is_off_policy = rng_.Uniform() < 0.05;
    model_->Tick(o.weight);
    oracle_.Tick(o.weight);
    o.anchor = model_->clock();
    Teach(told, o);
    told_[i].push_back(std::move(told));
  }

  void Correction() {
    const uint32_t i = Known();
    if (told_[i].empty()) return;
    Told& told = told_[i][rng_.Below(told_[i].size())];
    Observation correction = told.observation;
    correction.is_correction = true;
    correction.corrected_from = correction.quality;
    correction.quality = rng_.Uniform();
    told.observation.quality = correction.quality;
    Teach(told, correction);
  }

  void Withdrawal() {
    const uint32_t i = Known();
    if (told_[i].empty()) return;
    const std::size_t which = rng_.Below(told_[i].size());
    Observation withdrawal = told_[i][which].observation;
    withdrawal.is_withdrawal = true;
    Teach(told_[i][which], withdrawal);
    told_[i].erase(told_[i].begin() + static_cast<std::ptrdiff_t>(which));
  }

  void Teach(const Told& told, Observation observation) {
    observation.context = told.context;
    model_->Learn(observation);
    oracle_.Learn(observation);
  }

  void ReadBack() {
    model_->EndEdit();
    ByteWriter out;
    model_->Encode(out);
    ByteReader in(out.bytes());
    auto decoded = DecodeQualityModel(settings_, script_.dimension, in);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_TRUE(in.AtEnd());
    model_ = (*std::move(decoded))->Clone();
    model_->BeginEdit();
  }

  void Ask(const std::string& where) {
    std::vector<float> context;
    if (rng_.Uniform() < 0.9) context = UnitVector(rng_, script_.dimension);
    std::vector<ArmView> views(arms_.size());  // the last arm is unknown to the model
    for (std::size_t i = 0; i < views.size(); ++i) views[i] = {&arms_[i], Features()};
    std::vector<QualityEstimate> estimates(views.size());
    model_->Estimate(context, views, estimates);
    for (std::size_t i = 0; i < views.size(); ++i) {
      const std::string which = where + ", arm " + std::to_string(i);
      ExpectNear(estimates[i], oracle_.Estimate(context, views[i]), which);
      ExpectNear(model_->Level(arms_[i].id), oracle_.Level(arms_[i].id), which + ", level");
    }
    AskForChoice(context, views, where);
  }

  // The mixture of the experts' own distributions, and the votes to record.
  void AskForChoice(const std::vector<float>& context, const std::vector<ArmView>& views,
                    const std::string& where) {
    const std::size_t k = views.size();
    std::vector<UtilityTerm> terms(k);
    for (UtilityTerm& term : terms) {
      term = {0.3 + 0.7 * rng_.Uniform(), -0.2 * rng_.Uniform(), 0.1 * rng_.Uniform()};
    }
    // One arm is kept a share that its tracker asks for.
    std::vector<double> floors(k, 0.0);
    floors[0] = 0.02;
    std::vector<double> pmf(k), expected(k, 0.0);
    std::vector<ExpertVotes> votes(k);
    const bool is_direct =
        model_->ChooseDirectly(settings_, context, views, terms, floors, pmf, votes);
    const std::vector<double> shares = oracle_.Shares();
    ASSERT_EQ(is_direct, !shares.empty());
    if (!is_direct) return;
    LearnerSettings bare = settings_;
    bare.exploration_floor = 0;
    std::vector<std::vector<double>> drawn;
    double worth = 0, sum = 0;
    std::vector<double> mixed(k), doubts(k), raised(k);
    for (std::size_t e = 0; e < shares.size(); ++e) {
      std::vector<double> means(k), stddevs(k);
      for (std::size_t a = 0; a < k; ++a) {
        const QualityEstimate opinion = oracle_.Opinions(context, views[a])[e];
        means[a] = terms[a].weight * opinion.mean + terms[a].offset;
        mixed[a] += shares[e] * means[a];
        raised[a] = means[a] + (context.empty() ? 0 : terms[a].weight * oracle_.Bonus(e, views[a]));
        stddevs[a] =
            std::hypot(oracle_.Width() * terms[a].weight * opinion.stddev, terms[a].stddev);
        doubts[a] = std::hypot(terms[a].weight * opinion.stddev, terms[a].stddev);
      }
      drawn.push_back(Distribution(bare, raised, stddevs));
      for (std::size_t a = 0; a < k; ++a) {
        expected[a] += shares[e] * drawn[e][a];
        worth += shares[e] * drawn[e][a] * means[a];
      }
    }
    const double best = *std::max_element(mixed.begin(), mixed.end());
    std::vector<bool> is_possible(k);
    for (std::size_t a = 0; a < k; ++a) is_possible[a] = mixed[a] + 2 * doubts[a] >= best;
    const auto possible = std::count(is_possible.begin(), is_possible.end(), true);
    for (std::size_t a = 0; a < k; ++a) {
      const double share = oracle_.PossibleShare();
      expected[a] *= 1 - share;
      if (is_possible[a]) expected[a] += share / static_cast<double>(possible);
    }
    for (std::size_t a = 0; a < k; ++a) {
      expected[a] = std::max({expected[a], oracle_.Floor(arms_[a].id), floors[a]});
      sum += expected[a];
    }
    for (std::size_t a = 0; a < k; ++a) {
      const double floor = settings_.exploration_floor;
      expected[a] = (1 - floor) * expected[a] / sum + floor / static_cast<double>(k);
      EXPECT_NEAR(pmf[a], expected[a], 1e-9) << where << ", arm " << a;
      for (std::size_t e = 0; e < shares.size(); ++e) {
        const double ratio = terms[a].weight * drawn[e][a] / expected[a];
        EXPECT_NEAR(votes[a].ratio[e], ratio, 1e-6 * (1 + ratio)) << where << ", arm " << a;
      }
      EXPECT_NEAR(votes[a].par, (worth - terms[a].offset) / terms[a].weight, 1e-6) << where;
    }
  }

  static void ExpectNear(const QualityEstimate& a, const QualityEstimate& b,
                         const std::string& where) {
    EXPECT_NEAR(a.mean, b.mean, 1e-9) << where;
    EXPECT_NEAR(a.stddev, b.stddev, 1e-9) << where;
  }

  LearnerSettings settings_;
  Script script_;
  Rng rng_;
  std::unique_ptr<QualityModel> model_;
  SlowModel& oracle_;
  std::vector<Arm> arms_;
  std::vector<bool> is_known_;
  std::vector<std::vector<Told>> told_;
  std::vector<std::vector<float>> directions_;
};

// Compares the model that the settings name with its oracle.
inline void ExpectAgrees(const LearnerSettings& settings, const Script& script, SlowModel& oracle) {
  SCOPED_TRACE(settings.quality_model + ", seed " + std::to_string(script.seed) + ", forgetting " +
               std::to_string(settings.forget_outcomes));
  auto model = MakeQualityModel(settings, script.dimension);
  ASSERT_TRUE(model.ok()) << model.status();
  ModelAgainstOracle(settings, script, *std::move(model), oracle).Run();
}

}  // namespace pointsman::learners
