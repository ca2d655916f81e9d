// Builds small logs by hand: pools, arms and outcomes with the sequence and time that come next.
// Threads: values.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "domain/event.h"

namespace pointsman::learners {

inline Pool TestPool(const std::string& model, uint32_t dimension) {
  Pool pool;
  pool.id = PoolId{7};
  pool.name = "pool";
  pool.settings.embedder.projected = dimension;
  pool.settings.learner.quality_model = model;
  return pool;
}

inline Arm TestArm(uint32_t id) {
  Arm arm;
  arm.id = ArmId{id};
  arm.name = "arm " + std::to_string(id);
  return arm;
}

inline std::vector<float> UnitVector(Rng& rng, uint32_t dimension) {
  std::vector<float> vector(dimension);
  double norm = 0;
  for (float& entry : vector) {
    entry = static_cast<float>(rng.Normal());
    norm += static_cast<double>(entry) * static_cast<double>(entry);
  }
  for (float& entry : vector)
    entry = static_cast<float>(static_cast<double>(entry) / std::sqrt(norm));
  return vector;
}

class LogBuilder {
 public:
  explicit LogBuilder(Pool pool) : pool_(std::move(pool)) { Add(PoolEvent{pool_}); }

  template <class Body>
  Event& Add(Body body, Micros later = kMicrosPerSecond) {
    time_ += later;
    events_.push_back({events_.size() + 1, time_, pool_.id, std::move(body)});
    return events_.back();
  }
  void AddArms(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) Add(ArmEvent{TestArm(i)});
  }
  // A random outcome with every field, of a random arm below `arms`.
  void AddRandomOutcome(Rng& rng, uint32_t arms) {
    OutcomeEvent outcome;
    outcome.decision_id = "d" + std::to_string(events_.size());
    outcome.arm = ArmId{static_cast<uint32_t>(rng.Below(arms))};
    outcome.context = UnitVector(rng, pool_.settings.embedder.projected);
    outcome.input_tokens_estimate = 10 + 500 * rng.Uniform();
    outcome.cost_estimate_usd = 0.001;
    outcome.outcome.quality = rng.Uniform() < 0.6 ? 1 : 0;
    outcome.outcome.latency_ms = 100 * (1 + rng.Uniform());
    outcome.outcome.cost_usd = 0.002 * rng.Uniform();
    outcome.outcome.output_tokens = static_cast<int64_t>(rng.Below(800));
    if (rng.Uniform() < 0.1) outcome.outcome.error = true;
    Add(std::move(outcome));
  }
  const std::vector<Event>& events() const { return events_; }
  const Pool& pool() const { return pool_; }
  Micros time() const { return time_; }

 private:
  Pool pool_;
  Micros time_ = 1'000'000'000;
  std::vector<Event> events_;
};

}  // namespace pointsman::learners
