// The bounded memory of past outcomes, searched by query vector. Immutable segments (the large ones
// behind a FAISS inverted file) plus a fresh one that is scanned exactly; segments are joined into
// larger ones aside and swapped in, so no search waits for an insert or a build. At most
// `entries_max`: the oldest go first.
// Shapes: contexts have d entries, finite; similarity is the inner product.
// Operation: segments end at fixed multiples of sequence numbers. So an index that is made anew by
//   adding what was kept, in order, answers as the one that lived through it (kInline, or
//   kBackground once it has nothing left to join); except that the oldest segment, if some of its
//   entries have been forgotten since it was joined, may be cut into other lists: then a few
//   neighbours found through it can differ.
// Limitations: forgotten entries leave memory with their whole segment, so up to two thirds of
//   `entries_max` may be held beyond it. Approximate beyond a thousand entries: recall@64 of real
//   texts as the lexicon embeds them, d = 64, is 0.92 from 5,000 to 100,000 entries (experience_bench).
// Cost: Add O(d), plus one allocation in 512 sequences; with kInline also the joins that fall due.
// Threads: Add from one writer at a time; Search and size from any thread, concurrently.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "domain/event.h"
#include "retrieval/index/arm_index.h"

namespace pointsman {

class ExperienceIndex {
 public:
  ExperienceIndex(uint32_t dimension, std::size_t entries_max, Building building);
  ~ExperienceIndex();
  ExperienceIndex(const ExperienceIndex&) = delete;
  ExperienceIndex& operator=(const ExperienceIndex&) = delete;

  // Sequences ascend from 1. The same sequence again replaces the quality (a correction), visible at
  // once; with a quality that is not a number it is withdrawn, and found with weight 0 from then on. Returns the sequences that are not kept, so that storage can forget them too: those that
  // had to go to stay within the bound, and the one given if it is not newer than all others and
  // not here (the correction of something forgotten).
  std::vector<Sequence> Add(const Experience& experience);
  // The k nearest, best first, ties by sequence. Fills `out` (cleared first).
  void Search(std::span<const float> query, std::size_t k, std::vector<Neighbour>& out) const;
  // The same by looking at every entry, to measure what Search misses. Cost: O(size * d).
  void SearchExactly(std::span<const float> query, std::size_t k,
                     std::vector<Neighbour>& out) const;
  std::size_t size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman
