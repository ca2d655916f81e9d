#include "retrieval/index/arm_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "base/rng.h"
#include "vectors.h"

namespace pointsman::retrieval {
namespace {

using Model = std::map<uint32_t, std::vector<float>>;

std::vector<ArmHit> Expected(const Model& model, std::span<const float> query, std::size_t k) {
  std::vector<ArmHit> all;
  for (const auto& [arm, vector] : model) {
    all.push_back({ArmId{arm}, CodedSimilarity(query, vector)});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const ArmHit& a, const ArmHit& b) { return a.similarity > b.similarity; });
  all.resize(std::min(k, all.size()));
  return all;
}

std::vector<float> Row(const std::vector<float>& rows, std::size_t d, std::size_t row) {
  return {rows.begin() + static_cast<std::ptrdiff_t>(row * d),
          rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * d)};
}

void Randomised(Building building, uint64_t seed, int steps, uint32_t arms) {
  constexpr std::size_t kDimension = 8;
  // Few distinct vectors, so that ties are common.
  const std::vector<float> rows = ClusteredVectors(500, kDimension, 20, 0.7, seed);
  Rng rng(seed);
  Model model;
  ArmIndex index(kDimension, building);
  for (int step = 0; step < steps; ++step) {
    const auto arm = static_cast<uint32_t>(rng.Below(arms));
    if (rng.Below(4) == 0) {
      index.Remove(ArmId{arm});
      model.erase(arm);
    } else {
      model[arm] = Row(rows, kDimension, rng.Below(500));
      index.Put(ArmId{arm}, model[arm]);
    }
    if (rng.Below(20) != 0) continue;
    const std::vector<float> query = Row(rows, kDimension, rng.Below(500));
    const std::size_t k = rng.Below(12);
    ASSERT_EQ(index.size(), model.size());
    ASSERT_EQ(index.Search(query, k), Expected(model, query, k))
        << "seed " << seed << " step " << step;
  }
  const std::vector<float> query = Row(rows, kDimension, 0);
  EXPECT_EQ(index.Search(query, arms + 1), Expected(model, query, arms + 1));
}

TEST(ArmIndex, AgreesWithAMapUnderRandomChanges) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Randomised(Building::kInline, seed, 6000, seed % 2 == 0 ? 40 : 3000);
  }
}

TEST(ArmIndex, AgreesWithAMapWhileItRebuildsInTheBackground) {
  for (uint64_t seed = 10; seed < 14; ++seed) Randomised(Building::kBackground, seed, 6000, 2000);
}

TEST(ArmIndex, IsEmptyAtFirst) {
  ArmIndex index(3, Building::kInline);
  EXPECT_EQ(index.size(), 0u);
  EXPECT_TRUE(index.Search(std::vector<float>{1, 0, 0}, 5).empty());
  index.Remove(ArmId{9});
  EXPECT_EQ(index.size(), 0u);
}

struct Recall {
  double found = 0;
  std::size_t size = 0;
};

// Puts `count` clustered arms, replaces and removes some, and compares with the exact answer.
Recall MeasuredRecall(std::size_t count, std::size_t k) {
  constexpr std::size_t kDimension = 32;
  const std::vector<float> rows = ClusteredVectors(count, kDimension, 300, 0.7, 21);
  const std::vector<float> queries = ClusteredVectors(30, kDimension, 300, 0.7, 21, 1);
  ArmIndex index(kDimension, Building::kInline);
  for (std::size_t i = 0; i < count; ++i) {
    index.Put(ArmId{static_cast<uint32_t>(i)}, Row(rows, kDimension, i));
  }
  Recall recall{0, index.size()};
  for (std::size_t q = 0; q < 30; ++q) {
    const std::vector<float> query = Row(queries, kDimension, q);
    std::set<std::size_t> exact;
    for (const auto& hit : Nearest(rows, query, k)) exact.insert(hit.second);
    for (const ArmHit& hit : index.Search(query, k))
      recall.found += double(exact.count(Index(hit.arm)));
  }
  recall.found /= 30.0 * static_cast<double>(k);
  return recall;
}

TEST(ArmIndex, FindsNearlyAllOfTheNearestWhenLarge) {
  const Recall recall = MeasuredRecall(20000, 50);
  EXPECT_EQ(recall.size, 20000u);
  EXPECT_GE(recall.found, 0.95);
}

TEST(ArmIndex, GivesAsManyAsAreAskedForWhenMostOfALargeIndexIsGone) {
  constexpr std::size_t kDimension = 8, kCount = 18500;
  const std::vector<float> rows = ClusteredVectors(kCount, kDimension, 50, 0.3, 5);
  ArmIndex index(kDimension, Building::kInline);
  for (uint32_t i = 0; i < kCount; ++i) index.Put(ArmId{i}, Row(rows, kDimension, i));
  // The arms nearest to the query are removed, so that the lists searched first are empty.
  const std::vector<float> query = Row(rows, kDimension, 0);
  const auto order = Nearest(rows, query, 1900);
  Model left;
  for (uint32_t i = 0; i < kCount; ++i) left[i] = Row(rows, kDimension, i);
  for (const auto& hit : order) {
    index.Remove(ArmId{static_cast<uint32_t>(hit.second)});
    left.erase(static_cast<uint32_t>(hit.second));
  }
  EXPECT_EQ(index.size(), left.size());
  EXPECT_EQ(index.Search(query, 5).size(), 5u);
  EXPECT_EQ(index.Search(query, kCount), Expected(left, query, kCount));
}

TEST(ArmIndex, AnswersWithOneStateWhileOthersChangeIt) {
  // Every arm's vector is put whole or not at all: entry 1 is always entry 0, of either sign, so a
  // torn vector would show in the similarity. One arm is always there.
  ArmIndex index(2, Building::kBackground);
  index.Put(ArmId{0}, std::vector<float>{1, 1});
  std::atomic<bool> is_done = false;
  std::jthread changer([&] {
    Rng rng(3);
    for (int i = 0; i < 20000; ++i) {
      const auto arm = static_cast<uint32_t>(1 + rng.Below(3000));
      const auto x = static_cast<float>(rng.Below(1000)) - 500;
      if (rng.Below(3) == 0) {
        index.Remove(ArmId{arm});
      } else {
        index.Put(ArmId{arm}, std::vector<float>{x, x});
      }
      // Replaced all the time, and never missing.
      index.Put(ArmId{0}, std::vector<float>{1, 1});
    }
    is_done = true;
  });
  const std::vector<float> query = {1, -1};
  int searches = 0;
  while (!is_done || searches < 10) {
    const std::vector<ArmHit> hits = index.Search(query, 4000);
    std::set<uint32_t> arms;
    for (const ArmHit& hit : hits) {
      EXPECT_EQ(hit.similarity, 0);
      EXPECT_TRUE(arms.insert(Index(hit.arm)).second) << "arm " << Index(hit.arm) << " twice";
    }
    EXPECT_EQ(arms.count(0), 1u);
    ++searches;
  }
  changer.join();
}

TEST(ArmIndex, NeverLosesAnArmWhileOnlyAddingAndRebuilding) {
  constexpr uint32_t kArms = 6000;
  ArmIndex index(2, Building::kBackground);
  std::atomic<uint32_t> added = 0;
  std::jthread adder([&] {
    for (uint32_t i = 0; i < kArms; ++i) {
      index.Put(ArmId{i}, std::vector<float>{1, static_cast<float>(i)});
      added = i + 1;
    }
  });
  const std::vector<float> query = {0, 1};
  while (added < kArms) {
    const uint32_t before = added;
    const std::size_t seen = index.Search(query, kArms).size();
    ASSERT_GE(seen, before);
    ASSERT_LE(seen, added + 1);
  }
  adder.join();
  EXPECT_EQ(index.Search(query, kArms).size(), kArms);
}

TEST(ArmIndex, StopsWhileARebuildIsRunning) {
  const std::vector<float> rows = ClusteredVectors(20000, 8, 50, 0.7, 6);
  for (int round = 0; round < 3; ++round) {
    ArmIndex index(8, Building::kBackground);
    for (uint32_t i = 0; i < 20000; ++i) index.Put(ArmId{i}, std::span(rows).subspan(i * 8, 8));
    EXPECT_EQ(index.size(), 20000u);
  }
}

}  // namespace
}  // namespace pointsman::retrieval
