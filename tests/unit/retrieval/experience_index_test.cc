#include "retrieval/index/experience_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "base/rng.h"
#include "vectors.h"

namespace pointsman::retrieval {
namespace {

using Model = std::map<Sequence, Experience>;

Experience Made(Sequence sequence, std::span<const float> context) {
  return {.sequence = sequence,
          .arm = ArmId{static_cast<uint32_t>(sequence % 7)},
          .quality = static_cast<float>(sequence % 100) / 100,
          .weight = 1 + static_cast<float>(sequence % 3),
          .context = {context.begin(), context.end()}};
}

std::vector<Neighbour> Expected(const Model& model, std::span<const float> query, std::size_t k) {
  std::vector<Neighbour> all;
  for (const auto& [sequence, e] : model) {
    const float similarity = CodedSimilarity(query, e.context);
    all.push_back({sequence, e.arm, e.quality, e.weight, similarity});
  }
  std::sort(all.begin(), all.end(), [](const Neighbour& a, const Neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.sequence > b.sequence;
  });
  all.resize(std::min(k, all.size()));
  return all;
}

std::vector<Neighbour> Found(const ExperienceIndex& index, std::span<const float> query,
                             std::size_t k) {
  std::vector<Neighbour> found = {Neighbour{}};  // must be cleared
  index.Search(query, k, found);
  return found;
}

struct Scenario {
  std::size_t entries_max;
  Sequence step_max;  // gaps between sequences
  int adds;
};

// Adds with corrections, checking against a map; k is large enough for an exact answer.
void Randomised(Building building, uint64_t seed, const Scenario& scenario) {
  constexpr std::size_t kDimension = 6;
  const std::vector<float> rows = ClusteredVectors(300, kDimension, 20, 0.7, seed);
  const auto row = [&](std::size_t i) {
    return std::span(rows).subspan(i * kDimension, kDimension);
  };
  Rng rng(seed);
  Model model;
  ExperienceIndex index(kDimension, scenario.entries_max, building);
  Sequence sequence = 0;
  for (int i = 0; i < scenario.adds; ++i) {
    if (rng.Below(5) == 0 && !model.empty()) {
      auto corrected = model.lower_bound(1 + rng.Below(sequence));
      corrected->second.quality = static_cast<float>(rng.Uniform());
      ASSERT_TRUE(index.Add(corrected->second).empty());
    } else {
      sequence += 1 + rng.Below(scenario.step_max);
      const Experience experience = Made(sequence, row(rng.Below(300)));
      model.emplace(sequence, experience);
      std::vector<Sequence> gone;
      while (model.size() > scenario.entries_max) {
        gone.push_back(model.begin()->first);
        model.erase(model.begin());
      }
      ASSERT_EQ(index.Add(experience), gone);
    }
    ASSERT_EQ(index.size(), model.size());
    if (rng.Below(200) != 0) continue;
    const auto query = row(rng.Below(300));
    ASSERT_EQ(Found(index, query, model.size()), Expected(model, query, model.size()))
        << "seed " << seed << " after " << i;
  }
}

TEST(ExperienceIndex, AgreesWithAMapUnderRandomAddsAndCorrections) {
  const Scenario scenarios[] = {{100, 1, 3000},   {1000, 3, 6000}, {6000, 1, 15000},
                                {700, 900, 3000}, {1, 300, 1500},  {3, 2000, 1500}};
  for (uint64_t seed = 0; seed < std::size(scenarios); ++seed) {
    Randomised(Building::kInline, seed, scenarios[seed]);
  }
}

TEST(ExperienceIndex, AgreesWithAMapWhileItBuildsInTheBackground) {
  const Scenario scenarios[] = {{100, 1, 3000},   {1000, 3, 6000}, {6000, 1, 15000},
                                {700, 900, 3000}, {1, 300, 1500},  {3, 2000, 1500}};
  for (uint64_t seed = 0; seed < std::size(scenarios); ++seed) {
    Randomised(Building::kBackground, seed, scenarios[seed]);
  }
}

// 64 outcomes of the same query that were 0, then many that are 1: the newest answer, in every kind of segment.
TEST(ExperienceIndex, FindsTheNewestOfEquallyNearEntries) {
  const std::vector<float> query = {0.6F, 0.8F};
  ExperienceIndex index(2, 100'000, Building::kInline);
  for (Sequence sequence = 1; sequence <= 3164; ++sequence) {
    index.Add({.sequence = sequence,
               .arm = ArmId{1},
               .quality = sequence <= 64 ? 0.0F : 1.0F,
               .weight = 1,
               .context = query});
    if (sequence % 500 != 0 && sequence < 128) continue;
    const std::vector<Neighbour> found = Found(index, query, 64);
    ASSERT_EQ(found.size(), std::min<std::size_t>(sequence, 64));
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].sequence, sequence - i) << "after " << sequence;
    }
  }
}

TEST(ExperienceIndex, IsEmptyAtFirstAndKeepsNothingWithoutRoom) {
  const std::vector<float> x = {1, 0};
  ExperienceIndex index(2, 10, Building::kInline);
  EXPECT_TRUE(Found(index, x, 3).empty());
  EXPECT_EQ(index.size(), 0u);
  ExperienceIndex none(2, 0, Building::kInline);
  EXPECT_EQ(none.Add(Made(5, x)), std::vector<Sequence>{5});
  EXPECT_TRUE(Found(none, x, 3).empty());
}

TEST(ExperienceIndex, ForgetsACorrectionOfWhatIsGone) {
  const std::vector<float> x = {1, 0};
  ExperienceIndex index(2, 2, Building::kInline);
  EXPECT_TRUE(index.Add(Made(3, x)).empty());
  EXPECT_TRUE(index.Add(Made(5, x)).empty());
  EXPECT_EQ(index.Add(Made(8, x)), std::vector<Sequence>{3});
  EXPECT_EQ(index.Add(Made(3, x)),
            std::vector<Sequence>{3});  // returned, so that storage deletes it again
  EXPECT_EQ(index.Add(Made(6, x)), std::vector<Sequence>{6});  // never added
  EXPECT_EQ(index.size(), 2u);
}

double MeasuredRecall(std::size_t count, std::size_t k, uint64_t seed) {
  constexpr std::size_t kDimension = 64, kQueries = 40;
  const std::size_t clusters = count / 100;
  const std::vector<float> rows = ClusteredVectors(count, kDimension, clusters, 0.7, seed);
  const std::vector<float> queries = ClusteredVectors(kQueries, kDimension, clusters, 0.7, seed, 1);
  ExperienceIndex index(kDimension, count, Building::kInline);
  for (std::size_t i = 0; i < count; ++i) {
    index.Add(Made(i + 1, std::span(rows).subspan(i * kDimension, kDimension)));
  }
  double found = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    const auto query = std::span(queries).subspan(q * kDimension, kDimension);
    std::set<std::size_t> exact;
    for (const auto& hit : Nearest(rows, query, k)) exact.insert(hit.second + 1);
    for (const Neighbour& hit : Found(index, query, k)) {
      found += static_cast<double>(exact.count(hit.sequence));
    }
  }
  return found / static_cast<double>(kQueries * k);
}

// Instrumented builds take a tenth of the entries, which is enough for several lists and levels.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kRecallEntries = 10000;
#else
constexpr std::size_t kRecallEntries = 100000;
#endif

TEST(ExperienceIndex, FindsMostOfTheNearestWhenLarge) {
  EXPECT_GE(MeasuredRecall(kRecallEntries, 64, 31), 0.85);
}

TEST(ExperienceIndex, GivesTheSameAnswersWhenTheSameExperiencesAreAddedAgain) {
  constexpr std::size_t kDimension = 16, kCount = 9000;
  const std::vector<float> rows = ClusteredVectors(kCount, kDimension, 200, 0.7, 8);
  const auto row = [&](std::size_t i) {
    return std::span(rows).subspan(i * kDimension, kDimension);
  };
  ExperienceIndex lived(kDimension, kCount, Building::kInline);
  Model model;
  Rng rng(2);
  Sequence sequence = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    sequence += 1 + rng.Below(3);
    model[sequence] = Made(sequence, row(i));
    lived.Add(model[sequence]);
    if (i % 10 != 0) continue;
    auto& corrected = model.lower_bound(1 + rng.Below(sequence))->second;
    corrected.quality = 0.123f;
    lived.Add(corrected);
  }
  ExperienceIndex restarted(kDimension, kCount, Building::kInline);
  for (const auto& [key, experience] : model) restarted.Add(experience);
  for (std::size_t q = 0; q < 200; ++q) {
    ASSERT_EQ(Found(lived, row(q * 40), 20), Found(restarted, row(q * 40), 20)) << "query " << q;
  }
}

TEST(ExperienceIndex, GivesGoodAnswersAfterARestartThatMissesWhatWasForgotten) {
  constexpr std::size_t kDimension = 16, kCount = 12000, kKept = 5000;
  const std::vector<float> rows = ClusteredVectors(kCount, kDimension, 100, 0.5, 9);
  const auto row = [&](std::size_t i) {
    return std::span(rows).subspan(i * kDimension, kDimension);
  };
  ExperienceIndex lived(kDimension, kKept, Building::kInline);
  ExperienceIndex restarted(kDimension, kKept, Building::kInline);
  for (std::size_t i = 0; i < kCount; ++i) lived.Add(Made(i + 1, row(i)));
  for (std::size_t i = kCount - kKept; i < kCount; ++i) restarted.Add(Made(i + 1, row(i)));
  // The oldest segment was built with entries that are gone, so its lists differ a little.
  std::size_t same = 0;
  for (std::size_t q = 0; q < 200; ++q) {
    const auto a = Found(lived, row(q), 20), b = Found(restarted, row(q), 20);
    ASSERT_EQ(a.size(), 20u);
    for (const Neighbour& hit : a) {
      ASSERT_GT(hit.sequence, kCount - kKept);
      same += std::find(b.begin(), b.end(), hit) != b.end() ? 1 : 0;
    }
  }
  EXPECT_GE(same, 200 * 20 * 95 / 100u);
}

TEST(ExperienceIndex, ShowsSearchesAPrefixWhileItGrows) {
  // Context (s, -s) of sequence s: one query ranks the newest first, and a torn or stale row shows
  // as a similarity that does not fit its sequence.
  constexpr std::size_t kEntriesMax = 3000;
  constexpr Sequence kLast = 20000;
  ExperienceIndex index(2, kEntriesMax, Building::kBackground);
  const auto made = [](Sequence s) {
    const auto x = static_cast<float>(s);
    return Experience{
        .sequence = s, .arm = ArmId{1}, .quality = 0, .weight = 1, .context = {x, -x}};
  };
  std::atomic<Sequence> added = 0;
  std::jthread writer([&] {
    Rng rng(1);
    for (Sequence s = 1; s <= kLast; ++s) {
      index.Add(made(s));
      added = s;
      if (s % 3 != 0) continue;
      Experience corrected = made(s - rng.Below(std::min<Sequence>(s, 1000)));
      corrected.quality = 1;
      index.Add(corrected);
    }
  });
  const std::vector<float> query = {1, 0};
  std::vector<Neighbour> found;
  Sequence newest_seen = 0;
  while (added < kLast) {
    const Sequence before = added;
    index.Search(query, 50, found);
    const Sequence after = added + 1;
    ASSERT_EQ(found.empty(), found.empty() && before == 0);
    for (const Neighbour& hit : found) {
      const auto s = static_cast<float>(hit.sequence);
      ASSERT_NEAR(hit.similarity, s, 1e-5f * s);
      ASSERT_TRUE(hit.quality == 0 || hit.quality == 1);
    }
    if (found.empty()) continue;
    ASSERT_GE(found.front().sequence, before);
    ASSERT_LE(found.front().sequence, after + 1);
    ASSERT_GE(found.front().sequence, newest_seen);
    newest_seen = found.front().sequence;
  }
  writer.join();
  index.Search(query, kEntriesMax + 1, found);
  EXPECT_EQ(found.size(), kEntriesMax);
}

TEST(ExperienceIndex, StopsWhileItBuilds) {
  const std::vector<float> rows = ClusteredVectors(9000, 16, 50, 0.7, 6);
  for (int round = 0; round < 3; ++round) {
    ExperienceIndex index(16, 9000, Building::kBackground);
    for (std::size_t i = 0; i < 9000; ++i) {
      index.Add(Made(i + 1, std::span(rows).subspan(i * 16, 16)));
    }
    EXPECT_EQ(index.size(), 9000u);
  }
}

}  // namespace
}  // namespace pointsman::retrieval
