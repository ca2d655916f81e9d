#include "retrieval/index/experience_segment.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"

namespace pointsman::retrieval {
namespace {

// Joins until nothing is due.
std::vector<SegmentSpan> Joined(std::vector<SegmentSpan> segments, Sequence now,
                                std::size_t joined_max) {
  for (;;) {
    const auto [begin, end] = NextJoin(segments, now, joined_max);
    if (begin == end) return segments;
    SegmentSpan joined = segments[begin];
    for (std::size_t i = begin + 1; i < end; ++i) joined.count += segments[i].count;
    segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(begin),
                   segments.begin() + static_cast<std::ptrdiff_t>(end));
    segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(begin), joined);
  }
}

std::vector<std::size_t> Counts(const std::vector<SegmentSpan>& segments) {
  std::vector<std::size_t> counts;
  for (const SegmentSpan& segment : segments) counts.push_back(segment.count);
  return counts;
}

std::vector<SegmentSpan> FullTiles(std::size_t count) {
  std::vector<SegmentSpan> tiles;
  for (std::size_t i = 0; i < count; ++i) tiles.push_back({i * kTileSpan, kTileSpan});
  return tiles;
}

TEST(NextJoin, WritesTheNumberOfTilesInBaseFour) {
  // 4 * 16 + 1 * 4 + 2 = 70 tiles: four of 16 make one of 64, then 4, then two single.
  EXPECT_EQ(Counts(Joined(FullTiles(70), 70 * kTileSpan, 1 << 30)),
            (std::vector<std::size_t>{64 * kTileSpan, 4 * kTileSpan, kTileSpan, kTileSpan}));
  EXPECT_EQ(Counts(Joined(FullTiles(3), 3 * kTileSpan, 1 << 30)),
            (std::vector<std::size_t>{kTileSpan, kTileSpan, kTileSpan}));
}

TEST(NextJoin, JoinsNothingBeyondTheBound) {
  for (const SegmentSpan& segment : Joined(FullTiles(200), 200 * kTileSpan, 10000)) {
    EXPECT_LE(segment.count, 10000u);
  }
  EXPECT_EQ(Counts(Joined(FullTiles(16), 16 * kTileSpan, 16 * kTileSpan - 1)),
            (std::vector<std::size_t>{4 * kTileSpan, 4 * kTileSpan, 4 * kTileSpan, 4 * kTileSpan}));
}

TEST(NextJoin, EndsInTheSameSegmentsWheneverItRuns) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    const std::size_t joined_max = 2000 + rng.Below(20000);
    const uint64_t gap = 1 + rng.Below(20);
    std::vector<SegmentSpan> at_once, step_by_step;
    Sequence tile = 0;
    for (int i = 0; i < 300; ++i) {
      tile += 1 + rng.Below(gap);
      const SegmentSpan fresh{tile * kTileSpan + rng.Below(kTileSpan), 1 + rng.Below(kTileSpan)};
      step_by_step = Joined(step_by_step, tile * kTileSpan, joined_max);
      step_by_step.push_back(fresh);
      at_once.push_back(fresh);
    }
    const Sequence now = (tile + 1) * kTileSpan;
    EXPECT_EQ(Counts(Joined(at_once, now, joined_max)),
              Counts(Joined(step_by_step, now, joined_max)))
        << "seed " << seed;
  }
}

TEST(NextJoin, KeepsFewSegmentsHoweverFarApartSequencesAre) {
  for (const Sequence step : {Sequence{1}, Sequence{1000}, Sequence{1} << 30}) {
    std::vector<SegmentSpan> segments;
    for (Sequence i = 0; i < 3000; ++i) segments.push_back({(i * step) * kTileSpan, 1});
    EXPECT_LE(Joined(segments, 3000 * step * kTileSpan, 100000).size(), 40u) << "step " << step;
  }
}

TEST(ExperienceSegment, FindsRowsBySequence) {
  ExperienceSegment segment(1, 8);
  for (const Sequence sequence : {3u, 5u, 9u}) {
    segment.Append({.sequence = sequence, .arm = ArmId{1}, .quality = 0.5f, .context = {1}});
  }
  EXPECT_EQ(segment.count(), 3u);
  EXPECT_EQ(segment.LowerBound(0, 3), 0u);
  EXPECT_EQ(segment.LowerBound(4, 3), 1u);
  EXPECT_EQ(segment.LowerBound(9, 3), 2u);
  EXPECT_EQ(segment.LowerBound(9, 2), 2u);
  EXPECT_EQ(segment.LowerBound(10, 3), 3u);
  EXPECT_TRUE(segment.Correct(5, 0.25f));
  EXPECT_FALSE(segment.Correct(6, 0.25f));
  EXPECT_EQ(segment.Get(1, 0.5f).quality, 0.25f);
}

}  // namespace
}  // namespace pointsman::retrieval
