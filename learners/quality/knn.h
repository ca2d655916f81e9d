// What near past outcomes say, shrunk towards the arm's level. Two more neighbours are assumed, as good as
// the arm is on average:
//   mean = (k level + c neighbour_quality) / (k + c),  c = neighbour_count, k = 2
// The level is as in learners/quality/context_free.h, with noise 0.3. The deviation is that of the level, 0.3
// / sqrt(s0 + n), which finds arms that deserve a trial. A deviation that never shrank where an arm has no
// neighbours would explore the arm for ever. The neighbours come with the query
// (learners/quality/neighbour_evidence.h); the model itself keeps one level per arm.
// Cost: O(1) per arm; 48 bytes per arm.
// Threads: see quality_model.h.
// Source: Nadaraya 1964, Watson 1964; shrinkage towards the arm's mean as in Efron and Morris 1973.
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman::learners {

std::unique_ptr<QualityModel> MakeKnn(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeKnn(const LearnerSettings& settings,
                                                        uint32_t dimension, ByteReader& in);

}  // namespace pointsman::learners
