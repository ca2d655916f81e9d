#include "learners/quality/neighbour_evidence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace pointsman::learners {
namespace {

std::vector<Neighbour> RandomNeighbours(Rng& rng, std::size_t count, uint32_t arms) {
  std::vector<Neighbour> neighbours;
  for (std::size_t i = 0; i < count; ++i) {
    neighbours.push_back({i + 1, ArmId{static_cast<uint32_t>(rng.Below(arms))},
                          static_cast<float>(rng.Uniform()), static_cast<float>(rng.Uniform()),
                          static_cast<float>(rng.Uniform())});
  }
  return neighbours;
}

// The oracle: one pass over all neighbours for each candidate.
ArmFeatures SlowEvidence(const std::vector<Neighbour>& neighbours, ArmId arm) {
  double weight = 0, quality = 0, all_weight = 0, all_quality = 0;
  for (const Neighbour& n : neighbours) {
    const double w = double{n.weight} * std::exp(-(1 - double{n.similarity}) / 0.25);
    all_weight += w, all_quality += w * double{n.quality};
    if (n.arm == arm) weight += w, quality += w * double{n.quality};
  }
  return {weight > 0 ? static_cast<float>(quality / weight) : 0,
          static_cast<float>(weight),
          all_weight > 0 ? static_cast<float>(all_quality / all_weight) : 0,
          0,
          0,
          {}};
}

TEST(NeighbourEvidence, MatchesOnePassPerCandidate) {
  Rng rng(1);
  for (int round = 0; round < 100; ++round) {
    const auto neighbours = RandomNeighbours(rng, rng.Below(80), 12);
    std::vector<ArmId> candidates;
    for (uint64_t i = rng.Below(15); i > 0; --i) {
      candidates.push_back(ArmId{static_cast<uint32_t>(rng.Below(16))});  // with repetitions
    }

    const auto features = NeighbourEvidence(neighbours, candidates);

    ASSERT_EQ(features.size(), candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const ArmFeatures slow = SlowEvidence(neighbours, candidates[i]);
      ASSERT_NEAR(features[i].neighbour_quality, slow.neighbour_quality, 1e-6);
      ASSERT_NEAR(features[i].neighbour_count, slow.neighbour_count, 1e-5);
      ASSERT_NEAR(features[i].neighbour_baseline, slow.neighbour_baseline, 1e-6);
      ASSERT_EQ(features[i].description_similarity, 0);
    }
  }
}

TEST(NeighbourEvidence, DoesNotDependOnTheOrderOfNeighbours) {
  Rng rng(2);
  auto neighbours = RandomNeighbours(rng, 64, 5);
  const std::vector<ArmId> candidates = {ArmId{3}, ArmId{0}, ArmId{4}};
  const auto before = NeighbourEvidence(neighbours, candidates);
  std::reverse(neighbours.begin(), neighbours.end());
  EXPECT_EQ(before, NeighbourEvidence(neighbours, candidates));
}

TEST(NeighbourEvidence, CountsTheSameQueryAsOneOutcome) {
  const std::vector<Neighbour> neighbours = {{1, ArmId{2}, 0.75f, 1, 1}};
  const auto features = NeighbourEvidence(neighbours, std::vector<ArmId>{ArmId{2}, ArmId{1}});
  EXPECT_EQ(features[0], (ArmFeatures{0.75f, 1, 0.75f, 0, 0, {}}));
  EXPECT_EQ(features[1], (ArmFeatures{0, 0, 0.75f, 0, 0, {}}));
  EXPECT_TRUE(NeighbourEvidence(neighbours, {}).empty());
  EXPECT_EQ(NeighbourEvidence({}, std::vector<ArmId>{ArmId{1}})[0], ArmFeatures{});
}

}  // namespace
}  // namespace pointsman::learners
