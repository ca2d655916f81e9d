// The bounded memory of past outcomes, searched by query vector. It has immutable segments (the large ones
// behind a FAISS inverted file) plus a fresh one that is scanned exactly. Segments are joined into larger
// ones in the background and swapped in, so no search waits for an insert or a build. It keeps at most
// `entries_max`; the oldest are dropped first.
// Shapes: contexts have d entries, finite; similarity is the inner product.
// Operation: segments end at fixed multiples of sequence numbers. So an index that is rebuilt by adding the
//   kept entries in order answers like the original one (with kInline, or with kBackground once nothing is
//   left to join). One exception: if entries of the oldest segment have been dropped since it was joined, it
//   may be divided into other lists, and a few neighbours found through it can differ.
// Limitations: dropped entries leave memory with their whole segment, so up to two thirds of `entries_max`
//   may be held in addition. Search is approximate beyond a thousand entries: recall@64 of real texts as the
//   lexicon embeds them, d = 64, is 0.92 from 5,000 to 100,000 entries (experience_bench).
// Cost: Add O(d), plus one allocation in 512 sequences; with kInline also the joins that fall due.
// Threads: Add from one writer at a time; Search and size from any thread, concurrently.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "domain/event.h"
#include "retrieval/index/arm_index.h"

namespace pointsman::retrieval {

class ExperienceIndex {
 public:
  ExperienceIndex(uint32_t dimension, std::size_t entries_max, Building building);
  ~ExperienceIndex();
  ExperienceIndex(const ExperienceIndex&) = delete;
  ExperienceIndex& operator=(const ExperienceIndex&) = delete;

  // Sequences ascend from 1. Adding the same sequence again replaces the quality (a correction), visible
  // at once. If the new quality is not a number, the entry is withdrawn: from then on it is found with
  // weight 0. Returns the sequences that are not kept, so that storage can delete them too: those dropped
  // to stay within the bound, and the given one if it is neither newer than all others nor present (the
  // correction of a dropped entry).
  std::vector<Sequence> Add(const Experience& experience);
  // The k nearest, best first; of equally near ones the newest come first. So an arm that changed is judged by
  // its newest outcomes, even where more than k past queries were the same. Fills `out` (cleared first).
  void Search(std::span<const float> query, std::size_t k, std::vector<Neighbour>& out) const;
  // The same, but over every entry, to measure what Search misses. Cost: O(size * d).
  void SearchExactly(std::span<const float> query, std::size_t k,
                     std::vector<Neighbour>& out) const;
  std::size_t size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::retrieval
