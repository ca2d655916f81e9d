// A seeded world whose quality, cost and latency are known, because no data set records all three. It plays
// rounds against a learned state through the same Estimate and Choose that serve, one round per second, and
// reports each outcome late, in any order, or never.
// Threads: values.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/choice/choose.h"
#include "learners/state/learned_state.h"
#include "log_builder.h"

namespace pointsman::learners {

struct SyntheticArm {
  double level = 0.5;       // mean of its quality over queries
  double tilt = 0;          // how much its quality depends on the query, along its own direction
  double usd = 0.001;       // of a call, all in the price of output
  double latency_ms = 500;  // median; log-normal
  double latency_sigma = 0.3;
  bool is_there = true;
};

struct SyntheticRound {
  std::vector<float> context;
  Choice choice;
  uint32_t arm = 0;    // the one chosen
  double utility = 0;  // its true utility, and the best possible one
  double best = 0;
};

class SyntheticWorld {
 public:
  static constexpr uint32_t kDimension = 8;
  static constexpr double kInputTokens = 100, kOutputTokens = 500;

  SyntheticWorld(PoolSettings settings, std::vector<SyntheticArm> arms, uint64_t seed)
      : arms_(std::move(arms)), rng_(seed) {
    pool_ = TestPool(settings.learner.quality_model, kDimension);
    settings.embedder = pool_.settings.embedder;
    pool_.settings = std::move(settings);
    state_.emplace(LearnedState::Empty(pool_).value());
    Learn(PoolEvent{pool_});
    for (uint32_t i = 0; i < arms_.size(); ++i) {
      directions_.push_back(UnitVector(rng_, kDimension));
      PutArm(i);
    }
  }

  std::vector<SyntheticArm>& arms() { return arms_; }
  const LearnedState& state() const { return *state_; }
  // Rounds until a round's outcome is reported; negative: never. The default is at once.
  std::function<int(Rng&)> delay = [](Rng&) { return 0; };

  // Tells the pool an arm's price and whether the arm is active.
  void PutArm(uint32_t i) {
    Arm arm = TestArm(i);
    arm.usd_per_1m_input = 0;
    arm.usd_per_1m_output = arms_[i].usd * 1e6 / kOutputTokens;
    arm.status = arms_[i].is_there ? ArmStatus::kActive : ArmStatus::kRemoved;
    Learn(ArmEvent{arm});
  }

  double Quality(uint32_t i, const std::vector<float>& z) const {
    double along = 0;
    for (std::size_t j = 0; j < z.size(); ++j) along += double{z[j]} * double{directions_[i][j]};
    return std::clamp(arms_[i].level + arms_[i].tilt * along, 0.0, 1.0);
  }
  double MeanLatency(uint32_t i) const {
    return arms_[i].latency_ms * std::exp(arms_[i].latency_sigma * arms_[i].latency_sigma / 2);
  }
  double TrueUtility(uint32_t i, const std::vector<float>& z, const Preference& preference) const {
    return Utility(pool_.settings, preference, {Quality(i, z), 0, arms_[i].usd, MeanLatency(i), 0});
  }

  // What the pool would choose, without playing it.
  SyntheticRound Ask(const Preference& preference, Mode mode = Mode::kExplore) {
    SyntheticRound round;
    round.context = UnitVector(rng_, kDimension);
    std::vector<ArmView> views;
    round.best = -1e300;
    for (uint32_t i = 0; i < arms_.size(); ++i) {
      if (!arms_[i].is_there) continue;
      views.push_back({state_->arm(ArmId{i}), {}});
      round.best = std::max(round.best, TrueUtility(i, round.context, preference));
    }
    const QueryView query{round.context, kInputTokens};
    ChoiceRequest request;
    request.preference = Normalised(preference);
    request.mode = mode;
    request.draw = rng_.Uniform();
    const std::vector<ArmExpectation> expected = state_->Estimate(query, views);
    round.choice = Choose(*state_, query, request, views, expected);
    round.arm = Index(round.choice.chosen[0].arm);
    round.utility = TrueUtility(round.arm, round.context, preference);
    return round;
  }

  SyntheticRound Play(const Preference& preference) {
    SyntheticRound round = Ask(preference);
    ++now_;
    const int later = delay(rng_);
    if (later >= 0) pending_.emplace(now_ + later, Outcome(round));
    while (!pending_.empty() && pending_.begin()->first <= now_) {
      Learn(std::move(pending_.begin()->second));
      pending_.erase(pending_.begin());
    }
    return round;
  }

  // Mean expectation of an arm's quality over queries, as the state sees it now.
  double ExpectedQuality(uint32_t i) const {
    const ArmView view{state_->arm(ArmId{i}), {}};
    return state_->Estimate({}, {&view, 1})[0].quality;
  }

 private:
  OutcomeEvent Outcome(const SyntheticRound& round) {
    const SyntheticArm& arm = arms_[round.arm];
    const auto chosen = std::find_if(round.choice.candidates.begin(), round.choice.candidates.end(),
                                     [&](const Candidate& c) { return Index(c.arm) == round.arm; });
    OutcomeEvent event;
    event.arm = chosen->arm;
    event.context = round.context;
    event.features = chosen->features;
    event.propensity = round.choice.chosen[0].propensity;
    event.input_tokens_estimate = kInputTokens;
    event.cost_estimate_usd = chosen->expected.priced_usd;
    const double length = std::exp(0.2 * rng_.Normal() - 0.02);  // of mean 1
    event.outcome.quality = rng_.Uniform() < Quality(round.arm, round.context) ? 1 : 0;
    event.outcome.cost_usd = arm.usd * length;
    event.outcome.output_tokens = static_cast<int64_t>(kOutputTokens * length);
    event.outcome.latency_ms = arm.latency_ms * std::exp(arm.latency_sigma * rng_.Normal());
    return event;
  }

  void Learn(EventBody body) {
    const Event event{state_->version() + 1, now_ * kMicrosPerSecond, pool_.id, std::move(body)};
    const absl::Status status = state_->Learn({&event, 1});
    ASSERT_TRUE(status.ok()) << status;
  }

  Pool pool_;
  std::vector<SyntheticArm> arms_;
  std::vector<std::vector<float>> directions_;
  Rng rng_;
  std::optional<LearnedState> state_;
  Micros now_ = 0;  // rounds played, in seconds
  std::multimap<Micros, OutcomeEvent> pending_;
};

}  // namespace pointsman::learners
