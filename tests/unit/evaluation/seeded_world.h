// A data set made from a seed: queries of two domains in words of their own, arms whose chance of a
// right answer depends on the domain, and costs.
// Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "base/strings.h"
#include "evaluation/data/dataset.h"

namespace pointsman::evaluation {

struct WorldArm {
  std::string name;
  double in_law = 0.5;  // chance of a right answer
  double in_music = 0.5;
  double cost_usd = 0.001;
};

inline Dataset SeededWorld(const std::vector<WorldArm>& arms, std::size_t queries, uint64_t seed) {
  const std::vector<std::string> law = {"court", "judge", "contract", "appeal", "statute", "tort"};
  const std::vector<std::string> music = {"violin", "tempo", "chord", "opera", "rhythm", "choir"};
  Rng rng(seed);
  Dataset data;
  data.name = "world";
  data.pool = "all";
  for (const WorldArm& arm : arms) {
    data.arms.emplace_back();
    data.arms.back().name = arm.name;
  }
  for (std::size_t q = 0; q < queries; ++q) {
    const bool is_law = rng.Uniform() < 0.5;
    std::string text;
    for (int word = 0; word < 6; ++word) text += (is_law ? law : music)[rng.Below(6)] + " ";
    data.queries.push_back({Cat("q", q), text, is_law ? "law" : "music"});
    for (const WorldArm& arm : arms) {
      Outcome outcome;
      outcome.quality = rng.Uniform() < (is_law ? arm.in_law : arm.in_music) ? 1 : 0;
      outcome.cost_usd = arm.cost_usd;
      data.outcomes.push_back(outcome);
    }
  }
  return data;
}

}  // namespace pointsman::evaluation
