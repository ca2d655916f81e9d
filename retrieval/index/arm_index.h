// Finds the arms whose description vectors are nearest to a query's. Behind it is FAISS: a flat index while
// small, an approximate one, built in the background, when large. Arms added or removed since the last build
// are in a small exact overlay. So a change is visible at once, and no search waits for a build.
// Shapes: vectors have d entries, finite, unit norm; similarity is the inner product.
// Cost: a change O(d) and never a copy of the index; with kInline also the rebuild, which is due once changes
//   reach an eighth of the arms. A search is exact below 16,384 arms. Above, it reads a few lists and the
//   overlay, which is at most an eighth of the index unless changes outrun the rebuilds.
// Threads: all methods from any thread; searches run concurrently with changes and rebuilds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "domain/types.h"

namespace pointsman::retrieval {

struct ArmHit {
  ArmId arm{};
  float similarity = 0;
  friend bool operator==(const ArmHit&, const ArmHit&) = default;
};

// Whether an index rebuilds on a thread of its own, or inside the call that makes it due (for replays: the
// same calls then give the same index).
enum class Building : uint8_t { kBackground = 1, kInline = 2 };

class ArmIndex {
 public:
  ArmIndex(uint32_t dimension, Building building);
  ~ArmIndex();
  ArmIndex(const ArmIndex&) = delete;
  ArmIndex& operator=(const ArmIndex&) = delete;

  // Adds an arm or replaces its vector. `vector` has d entries.
  void Put(ArmId arm, std::span<const float> vector);
  void Remove(ArmId arm);
  // The k most similar arms, best first, ties by id; fewer if there are fewer.
  std::vector<ArmHit> Search(std::span<const float> query, std::size_t k) const;
  // The same, but over every arm, to measure what Search misses. Cost: O(arms * d).
  std::vector<ArmHit> SearchExactly(std::span<const float> query, std::size_t k) const;
  std::size_t size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::retrieval
