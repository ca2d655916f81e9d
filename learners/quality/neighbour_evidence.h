// What past outcomes near a query say about each candidate, as numbers that every arm has.
//   Kernel: exp(-(1 - similarity) / 0.25) times the outcome's own weight. It is absolute: other neighbours do
//           not change it. It is 1 for the same query and 0.37 at a cosine of 0.75.
//   neighbour_quality: the kernel-weighted mean quality of the candidate's neighbours; 0 if there are none.
//   neighbour_count: the sum of their kernel weights. It is not (sum w)^2 / sum w^2, which ignores the scale:
//                    64 far neighbours, or 10 imported ones of weight 0.1, would count as 64 and 10.
//   neighbour_baseline: the kernel-weighted mean quality over all neighbours.
// Shapes: one result per candidate, in the candidates' order; what descriptions say stays 0.
// Cost: O(n log n + k log k), no hashing; the order of the neighbours does not matter.
// Threads: pure.
// Source: Nadaraya 1964, Watson 1964.
#pragma once

#include <span>
#include <vector>

#include "domain/event.h"
#include "domain/types.h"

namespace pointsman::learners {

std::vector<ArmFeatures> NeighbourEvidence(std::span<const Neighbour> neighbours,
                                           std::span<const ArmId> candidates);

}  // namespace pointsman::learners
