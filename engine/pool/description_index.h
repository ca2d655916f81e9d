// The vectors of the arms' descriptions, and the search among them. A cache. Vectors from a remote embedder
// arrive asynchronously. An arm keeps its old vector until the next one arrives.
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

  // The cosine of query and description; 0 if the arm has no description vector.
  float Similarity(std::span<const float> embedding, ArmId arm) const;
  const retrieval::ArmIndex& search() const { return arm_index_; }

  void Put(std::span<const Arm* const> arms, const QueryEncoder& encoder);
  // Stores the vector that a remote embedder returned for the arm's description.
  void PutVector(const Arm& arm, std::vector<float> vector);

 private:
  using Vectors = PersistentArray<std::vector<float>>;
  void PutOne(const Arm& arm, const QueryEncoder& encoder, Vectors& vectors);

  Published<Vectors> vectors_;
  retrieval::ArmIndex arm_index_;
};

}  // namespace pointsman::engine
