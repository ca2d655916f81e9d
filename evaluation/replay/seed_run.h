// One seed's run through a router: its pool, its order of queries, and the calls of a round.
// Operation: MakePool; then, for each round, Route, Tell (at once or later) and EndRound; finally DeletePool.
// Determinism: the order and the decision ids depend only on the seed, so two runs of one seed with different
//   settings get the same queries in the same order (paired).
// Errors: the router's, with the call, seed, round and query before the message.
// Threads: one caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/types.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/router_client.h"

namespace pointsman::evaluation {

// The name of the pool in which a seed runs.
std::string ReplayPoolName(const Dataset& dataset, uint64_t seed);

class SeedRun {
 public:
  // All must outlive the run.
  SeedRun(const Dataset& dataset, RouterClient& client, uint64_t seed);

  // Replaces the pool of an earlier run. `arms`: indexes in the data set; empty: all.
  absl::Status MakePool(const PoolSettings& settings, const std::vector<std::size_t>& arms = {});
  absl::Status PutArm(std::size_t arm);
  // Teaches the first `count` queries of the seed's order, with the outcomes of every arm.
  absl::Status Import(std::size_t count, double strength);
  // The chosen arm's index in the data set.
  absl::StatusOr<std::size_t> Route(std::size_t round, std::size_t query,
                                    const Preference& preference, Mode mode = Mode::kExplore);
  // The quality that the last Route expected of the arm it chose; 0 if the router does not tell.
  double expected_quality() const { return expected_quality_; }
  absl::Status Tell(std::size_t round, std::size_t query, const Outcome& outcome);
  absl::Status EndRound(Micros length) { return client_.EndRound(length); }
  absl::Status DeletePool() { return client_.DeletePool(pool_); }

 private:
  std::string DecisionId(std::size_t round) const;
  std::string Where(std::string_view verb, std::size_t round, std::size_t query) const;

  const Dataset& dataset_;
  RouterClient& client_;
  const uint64_t seed_;
  const std::string pool_;
  std::unordered_map<std::string, std::size_t> arm_index_;
  double expected_quality_ = 0;
};

}  // namespace pointsman::evaluation
