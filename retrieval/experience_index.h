// The bounded memory of past outcomes, searched by query vector. Immutable FAISS segments plus a
// small exact buffer of fresh ones; segments are built aside and swapped in, so no search waits for
// an insert or a build. At most `entries_max`: the oldest go first.
// Shapes: contexts have d entries; similarity is the inner product.
// Threads: Add and Remove from one writer at a time; Search from any thread, concurrently.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/event.h"
#include "retrieval/arm_index.h"

namespace pointsman {

class ExperienceIndex {
 public:
  ExperienceIndex(uint32_t dimension, std::size_t entries_max, Building building);
  ~ExperienceIndex();
  ExperienceIndex(const ExperienceIndex&) = delete;
  ExperienceIndex& operator=(const ExperienceIndex&) = delete;

  // Sequences ascend. The same sequence again replaces the quality (a correction). Returns the
  // sequences that had to go to stay within the bound, so that storage can forget them too.
  std::vector<Sequence> Add(const Experience& experience);
  // The k nearest, best first, ties by sequence. Fills `out` (cleared first).
  void Search(std::span<const float> query, std::size_t k, std::vector<Neighbour>& out) const;
  std::size_t size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman
