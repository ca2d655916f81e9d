// The parts of an experience index: runs of entries in order of sequence, and the rule that joins
// small runs into large ones.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "domain/event.h"
#include "retrieval/index/inverted_file.h"
#include "retrieval/index/top_hits.h"

namespace pointsman::retrieval {

// A run of entries with ascending sequences. One run is fresh and grows. The others do not change, except
// that a correction may replace a quality.
// Shapes: at most `capacity` rows; contexts have d entries, kept as codes (row_codes.h).
// Threads: Append and Correct from one writer at a time; the rest from any thread, concurrently. A reader
//   that passes a count read before sees those rows complete.
class ExperienceSegment {
 public:
  ExperienceSegment(uint32_t dimension, std::size_t capacity);

  // The entries of `parts`, in order, from sequence `first` on. A large result is behind an inverted file.
  static std::shared_ptr<ExperienceSegment> Join(
      uint32_t dimension, std::span<const std::shared_ptr<ExperienceSegment>> parts,
      Sequence first);

  void Append(const Experience& experience);
  // False if there is no such sequence.
  bool Correct(Sequence sequence, float quality);

  std::size_t count() const { return count_.load(std::memory_order_acquire); }
  // The first row whose sequence is at least `sequence`; `count` if there is none.
  std::size_t LowerBound(Sequence sequence, std::size_t count) const;
  Sequence sequence(std::size_t row) const { return entries_[row].sequence; }

  // Offers rows from `first_row` to `count` to `hits`, with first_key + row as key. The scan is exact if
  // `is_exact` is set or there are no lists. Returns false if it may have missed rows.
  bool Scan(const CodedQuery& query, std::size_t first_row, std::size_t count, bool is_exact,
            std::size_t k, uint32_t first_key, InvertedFile::Ranking& scratch, TopHits& hits) const;
  Neighbour Get(std::size_t row, float similarity) const;

 private:
  struct Entry {
    Sequence sequence = 0;
    ArmId arm{};
    float weight = 1;
  };

  void Offer(const CodedQuery& query, const InvertedFile::List& rows, std::size_t first_row,
             uint32_t first_key, TopHits& hits) const;
  // Copies rows from `begin` to `end` to those of another segment from `at` on.
  void CopyRows(std::size_t begin, std::size_t end, ExperienceSegment& to, std::size_t at) const;

  const std::size_t stride_;
  const std::size_t capacity_;
  std::unique_ptr<int8_t[]> codes_;  // null, like `scales_`, if `lists_` has them
  std::unique_ptr<float[]> scales_;
  std::unique_ptr<const InvertedFile> lists_;  // null: few enough to scan them all
  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<std::atomic<float>[]> qualities_;
  std::atomic<std::size_t> count_ = 0;
};

// Sequences are divided into tiles of kTileSpan. Four neighbouring tiles make one of the next level,
// sixteen one of the level after that, and so on. The entries of a complete tile are joined when they
// are few enough. So where segments end depends on sequences alone, not on when the index was started or
// how fast a builder was.
constexpr uint32_t kTileBits = 8;
constexpr Sequence kTileSpan = Sequence{1} << kTileBits;
constexpr uint32_t kLevelBits = 2;

struct SegmentSpan {
  Sequence first = 0;  // any sequence of it
  std::size_t count = 0;
};
// The first group of neighbouring segments to join into one: [begin, end), empty if there is none.
// Every segment ends before `now`, the start of the fresh tile; the sum of a group's counts is at
// most `joined_max`.
std::pair<std::size_t, std::size_t> NextJoin(std::span<const SegmentSpan> segments, Sequence now,
                                             std::size_t joined_max);

}  // namespace pointsman::retrieval
