// What past outcomes near a query say about each candidate, as numbers that every arm has.
//   Kernel: exp(-(1 - similarity) / 0.25) times the outcome's own weight. It is absolute (the other
//   neighbours do not change it), 1 for the very same query and 0.37 at a cosine of 0.75.
//   neighbour_quality: kernel-weighted mean quality of the candidate's neighbours (0 if none).
//   neighbour_count: the sum of their kernel weights. Not (sum w)^2 / sum w^2: that one forgets the
//     scale, so that 64 far neighbours, or 10 imported ones of weight 0.1, would count as 64
//     and 10.
//   neighbour_baseline: the kernel-weighted mean quality over all neighbours.
// Shapes: one result per candidate, in their order; description_similarity is left 0.
// Cost: O(n log n + k log k), no hashing; the order of the neighbours does not matter.
// Threads: pure.
// Source: Nadaraya 1964, Watson 1964.
#pragma once

#include <span>
#include <vector>

#include "domain/event.h"
#include "domain/types.h"

namespace pointsman {

std::vector<ArmFeatures> NeighbourEvidence(std::span<const Neighbour> neighbours,
                                           std::span<const ArmId> candidates);

}  // namespace pointsman
