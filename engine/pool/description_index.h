// The vectors of the arms' descriptions, and the search among them. A cache. Vectors from a remote embedder
// arrive asynchronously. An arm keeps its old vector until the next one arrives.
// Similarities of different descriptions cannot be compared as they are: a short or general text is near to every
// query. So each description also knows the mean and the deviation of its similarity over a background of queries.
// The difference from that mean, in deviations, is its lead.
// Threads: const methods from any thread; the others from the log writer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/persistent_array.h"
#include "base/published.h"
#include "domain/arm.h"
#include "engine/pool/query_encoder.h"
#include "retrieval/index/arm_index.h"

namespace pointsman::engine {

class DescriptionIndex {
 public:
  DescriptionIndex(uint32_t projected, retrieval::Building building);

  struct Match {
    float similarity = 0;  // the cosine of query and description; 0 without a description vector
    float lead = 0;        // from -4 to 4; 0 without a description vector or a background
  };
  Match MatchOf(std::span<const float> embedding, ArmId arm) const;
  float Similarity(std::span<const float> embedding, ArmId arm) const {
    return MatchOf(embedding, arm).similarity;
  }
  const retrieval::ArmIndex& search() const { return arm_index_; }

  void Put(std::span<const Arm* const> arms, const QueryEncoder& encoder);
  // Stores the vector that a remote embedder returned for the arm's description.
  void PutVector(const Arm& arm, std::vector<float> vector);
  // Judges all descriptions against these queries from now on; at least two.
  // Cost: O(arms * queries * d).
  void SetBackground(std::vector<std::vector<float>> queries);

 private:
  struct Described {
    std::vector<float> vector;
    float mean = 0, deviation = 0;  // of its similarity over the background; 0: not known
  };
  using Vectors = PersistentArray<Described>;
  std::shared_ptr<Described> Judged(std::vector<float> vector) const;
  void PutOne(const Arm& arm, const QueryEncoder& encoder, Vectors& vectors);

  std::vector<std::vector<float>> background_;  // writer's
  Published<Vectors> vectors_;
  retrieval::ArmIndex arm_index_;
};

}  // namespace pointsman::engine
