// The vectors of the arms' descriptions, and the search among them. A cache. Vectors from a remote embedder
// arrive asynchronously. An arm keeps its old vector until the next one arrives.
// Similarities of different descriptions cannot be compared as they are.
// - Descriptions of one pool share words, such as "expert in". They hide in what the arms differ. So the mean of the
//   pool's descriptions, the shared part, is subtracted from each of them.
// - A short or general text is near to every query. So each description also knows the mean and the deviation of its
//   similarity, without the shared part, over a background of queries.
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
 private:
  struct Described {
    std::vector<float> vector;
    float norm = 0;                 // of the vector without the shared part
    float mean = 0, deviation = 0;  // of its similarity over the background; 0: not known
  };
  struct Table {
    PersistentArray<Described> arms;
    std::vector<float> shared;  // empty: nothing is subtracted
  };

 public:
  DescriptionIndex(uint32_t projected, retrieval::Building building);

  struct Match {
    float similarity = 0;  // the cosine of query and description; 0 without a description vector
    float lead = 0;        // from -4 to 4; 0 without a description vector or a background
  };
  // What the descriptions say of one query, all by the same version of them.
  class Matches {
   public:
    Match Of(ArmId arm) const;

   private:
    friend class DescriptionIndex;
    std::shared_ptr<const Table> table_;
    std::span<const float> embedding_;
    float shared_ = 0;  // the dot product of the query and the shared part
  };
  // `embedding` outlives the result.
  Matches MatchesOf(std::span<const float> embedding) const;
  const retrieval::ArmIndex& search() const { return arm_index_; }

  void Put(std::span<const Arm* const> arms, const QueryEncoder& encoder);
  // Stores the vector that a remote embedder returned for the arm's description.
  void PutVector(const Arm& arm, std::vector<float> vector);
  // Judges all descriptions against these queries from now on; at least two.
  // Cost: O(arms * queries * d).
  void SetBackground(std::vector<std::vector<float>> queries);

 private:
  std::shared_ptr<Described> Judged(std::vector<float> vector) const;
  void SetVector(const Arm& arm, std::vector<float> vector, Table& table);
  // Subtracts what the descriptions share now, and judges all of them again.
  void JudgeAll(Table& table);
  void Publish(Table table);

  std::vector<std::vector<float>> background_;  // writer's, and so are the next three
  std::vector<float> shared_;
  std::size_t described_ = 0;  // arms that have a vector
  std::size_t judged_ = 0;     // arms that had one when all were judged last
  Published<Table> table_;
  retrieval::ArmIndex arm_index_;
};

}  // namespace pointsman::engine
