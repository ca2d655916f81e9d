#include "learners/quality/neighbour_evidence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace pointsman::learners {
namespace {

constexpr double kKernelWidth = 0.25;

struct Sums {
  double weight = 0;
  double quality = 0;
  void Add(const Neighbour& neighbour) {
    const double distance = std::max(0.0, 1.0 - static_cast<double>(neighbour.similarity));
    const double w = static_cast<double>(neighbour.weight) * std::exp(-distance / kKernelWidth);
    weight += w;
    quality += w * static_cast<double>(neighbour.quality);
  }
  float Mean() const { return weight > 0 ? static_cast<float>(quality / weight) : 0; }
};

}  // namespace

std::vector<ArmFeatures> NeighbourEvidence(std::span<const Neighbour> neighbours,
                                           std::span<const ArmId> candidates) {
  std::vector<Neighbour> by_arm(neighbours.begin(), neighbours.end());
  std::sort(by_arm.begin(), by_arm.end(), [](const Neighbour& a, const Neighbour& b) {
    return a.arm != b.arm ? a.arm < b.arm : a.sequence < b.sequence;
  });
  std::vector<uint32_t> order(candidates.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return candidates[a] < candidates[b]; });

  Sums all;
  for (const Neighbour& neighbour : by_arm) all.Add(neighbour);
  std::vector<ArmFeatures> features(candidates.size());
  std::size_t next = 0, first = 0;
  while (next < order.size()) {
    const ArmId arm = candidates[order[next]];
    while (first < by_arm.size() && by_arm[first].arm < arm) ++first;
    Sums sums;
    for (; first < by_arm.size() && by_arm[first].arm == arm; ++first) sums.Add(by_arm[first]);
    for (; next < order.size() && candidates[order[next]] == arm; ++next) {
      ArmFeatures& out = features[order[next]];
      out.neighbour_quality = sums.Mean();
      out.neighbour_count = static_cast<float>(sums.weight);
      out.neighbour_baseline = all.Mean();
    }
  }
  return features;
}

}  // namespace pointsman::learners
