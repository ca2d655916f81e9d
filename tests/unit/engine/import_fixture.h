// What the tests of imports share: queries with outcomes of three arms, and an engine that imports them.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/learn/import.h"
#include "tests/support/engine_fixture.h"

namespace pointsman::engine {

constexpr const char* kArms[] = {"alpha", "beta", "gamma"};

// Queries of two kinds; alpha is right on the one, beta on the other, gamma on some.
inline std::vector<ImportedQuery> Queries(uint64_t count) {
  std::vector<ImportedQuery> queries;
  Rng rng(11);
  for (uint64_t i = 0; i < count; ++i) {
    ImportedQuery query;
    query.index = i;
    const bool is_first_kind = rng.Uniform() < 0.5;
    query.query = (is_first_kind ? "integral and proof " : "treaty and king ") + std::to_string(i);
    for (const char* arm : kArms) {
      Outcome outcome;
      const bool is_right = arm == kArms[0]   ? is_first_kind
                            : arm == kArms[1] ? !is_first_kind
                                              : rng.Uniform() < 0.4;
      outcome.quality = is_right ? 1 : 0;
      query.outcomes.push_back({arm, outcome});
    }
    queries.push_back(std::move(query));
  }
  return queries;
}

class Import : public tests::EngineFixture {
 protected:
  void SetUp() override { Restart({}); }

  void Restart(PoolSettings settings) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    MakePool(std::move(settings));
  }
  static PoolSettings Hybrid() {
    PoolSettings settings;
    settings.learner.quality_model = "hybrid";
    return settings;
  }
  // Nothing but the state before a query decides then what is learned of it.
  static PoolSettings WithoutNeighbours() {
    PoolSettings settings = Hybrid();
    settings.neighbours = 0;
    return settings;
  }
  static ImportPlan Plan(uint64_t queries, double strength) {
    return {"default", "bench", queries, strength, {}};
  }
  absl::StatusOr<ImportOutput> Send(const ImportPlan& plan, std::vector<ImportedQuery> chunk) {
    return Await<ImportOutput>(
        [&](auto done) { engine_->Import(plan, std::move(chunk), std::move(done)); });
  }
  ArmStatistics StatsOf(const std::string& name) {
    for (const ArmStatistics& arm : Stats().arms) {
      if (arm.name == name) return arm;
    }
    ADD_FAILURE() << "no arm " << name;
    return {};
  }
};

}  // namespace pointsman::engine
